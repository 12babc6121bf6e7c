"""What a VTN holds: objects as they were sent, with the standard's metadata, and their changes."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from gridplus.signals.span import format_stamp
from gridplus.signals.text import Json, format_json
from gridplus.signals.windows import life_of

Body = dict[str, Json]
METADATA = ("id", "createdDateTime", "modificationDateTime", "objectType")


class Kind(StrEnum):
    """The standard's objectTypes."""

    PROGRAM = "PROGRAM"
    EVENT = "EVENT"
    REPORT = "REPORT"
    SUBSCRIPTION = "SUBSCRIPTION"
    VEN = "VEN"
    RESOURCE = "RESOURCE"


class Operation(StrEnum):
    """The standard's operations that change something."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


TARGETED = frozenset({Kind.PROGRAM, Kind.EVENT, Kind.SUBSCRIPTION, Kind.VEN, Kind.RESOURCE})
"""Kinds that have targets."""


@dataclass(frozen=True)
class Held:
    """One object. `body` is all of it, metadata and fields that the standard does not name."""

    kind: Kind
    id: str
    body: Body

    @cached_property
    def text(self) -> bytes:
        return format_json(self.body)

    @cached_property
    def targets(self) -> frozenset[str]:
        targets = self.body.get("targets")
        return frozenset(str(target) for target in targets) if isinstance(targets, list) else NONE

    @cached_property
    def ends_s(self) -> int:
        """When an event is over, as far as it can be read; FOREVER_S where it cannot."""
        return life_of(self.body)[1]

    def says(self, field: str) -> str:
        """A text field, or ''."""
        value = self.body.get(field)
        return value if isinstance(value, str) else ""


NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to an object: what it is now, or was when it was deleted."""

    operation: Operation
    held: Held
    at_us: int


def make(kind: Kind, object_id: str, *, sent: Body, created: str | None, at_us: int) -> Held:
    """The object that `sent` (checked already) becomes; `created` is kept over updates.

    Metadata in `sent` is ignored, as the standard says; absent or null targets become [].
    """
    stamp = format_stamp(at_us)
    body: Body = {
        "id": object_id,
        "createdDateTime": created or stamp,
        "modificationDateTime": stamp,
        "objectType": kind.value,
    }
    body |= {name: value for name, value in sent.items() if name not in METADATA}
    if kind in TARGETED:
        body["targets"] = body.get("targets") or []
    return Held(kind, object_id, body)
