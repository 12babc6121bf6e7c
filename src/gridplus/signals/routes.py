"""The paths of the API and what each operation on them asks for.

Source: OpenADR 3.1.0, openadr3.yaml, paths. `{}` stands for an object id.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gridplus.signals.objects import Kind
from gridplus.signals.schema import NAME, OBJECT_ID, OBJECT_TYPES, Schema

PAGE = 50
"""The most objects a list answers, and how many it answers when nobody says."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter; `repeated` ones may stand more than once."""

    schema: Schema
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of object under its path."""

    kind: Kind
    path: str
    id_name: str
    read: str
    write: str
    filters: Mapping[str, Parameter]
    name_field: str | None = None


_ID, _NAME = Parameter(OBJECT_ID), Parameter(NAME)
_TARGETS = Parameter(NAME, repeated=True)
_TYPES = Parameter({"type": "string", "enum": list(OBJECT_TYPES)}, repeated=True)
_BOOLEAN = Parameter({"type": "boolean"})
PAGING: Mapping[str, Parameter] = {
    "skip": Parameter({"type": "integer", "minimum": 0, "maximum": (1 << 31) - 1}),
    "limit": Parameter({"type": "integer", "minimum": 0, "maximum": PAGE}),
}
COLLECTIONS: Mapping[str, Collection] = {
    each.path: each
    for each in (
        Collection(
            Kind.PROGRAM,
            "programs",
            "programID",
            "read_targets",
            "write_programs",
            {"targets": _TARGETS},
            "programName",
        ),
        Collection(
            Kind.EVENT,
            "events",
            "eventID",
            "read_targets",
            "write_events",
            {"programID": _ID, "targets": _TARGETS, "active": _BOOLEAN},
        ),
        Collection(
            Kind.REPORT,
            "reports",
            "reportID",
            "read_ven_objects",
            "write_reports",
            {"programID": _ID, "eventID": _ID, "clientName": _NAME},
        ),
        Collection(
            Kind.SUBSCRIPTION,
            "subscriptions",
            "subscriptionID",
            "read_ven_objects",
            "write_subscriptions",
            {"programID": _ID, "clientName": _NAME, "objects": _TYPES},
        ),
        Collection(
            Kind.VEN,
            "vens",
            "venID",
            "read_ven_objects",
            "write_vens",
            {"venName": _NAME, "targets": _TARGETS},
            "venName",
        ),
        Collection(
            Kind.RESOURCE,
            "resources",
            "resourceID",
            "read_ven_objects",
            "write_vens",
            {"resourceName": _NAME, "venID": _ID, "targets": _TARGETS},
            "resourceName",
        ),
    )
}
OF_KIND: Mapping[Kind, Collection] = {each.kind: each for each in COLLECTIONS.values()}
TOPICS: Mapping[tuple[str, ...], str] = {
    ("programs",): "read_targets",
    ("programs", "{}"): "read_targets",
    ("programs", "{}", "events"): "read_targets",
    ("events",): "read_bl",
    ("reports",): "read_bl",
    ("subscriptions",): "read_bl",
    ("vens",): "read_bl",
    ("resources",): "read_bl",
    ("vens", "{}"): "read_ven_objects",
    ("vens", "{}", "events"): "read_ven_objects",
    ("vens", "{}", "programs"): "read_ven_objects",
    ("vens", "{}", "resources"): "read_ven_objects",
}
"""Shapes of paths below notifiers/mqtt/topics, with the scope that each asks for."""
NOTIFIERS = "read_targets"
"""The standard asks for read_all, which 3.1.0 took from VENs; a VEN needs to find the broker."""
