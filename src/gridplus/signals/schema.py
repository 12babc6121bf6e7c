"""The objects of OpenADR 3.1.0 as data: what a request body may be, and how to check one.

One table, two uses: requests are checked against it, and the VTN's own OpenAPI description shows
it. Names, limits and required fields are the standard's (OpenADR 3.1.0, openadr3.yaml,
components/schemas); fields it does not name are allowed and kept.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from gridplus.signals.span import is_date_time
from gridplus.signals.text import Json

Schema: TypeAlias = dict[str, Any]
DURATION_PATTERN = (
    r"^(-?)P(?=\d|T\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)([DW]))?"
    r"(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f]*")
OBJECT_TYPES = ("PROGRAM", "EVENT", "REPORT", "SUBSCRIPTION", "VEN", "RESOURCE")


def _text(low: int = 0, high: int | None = None, **more: Any) -> Schema:
    limits = {"minLength": low} if low else {}
    return {"type": "string", **limits, **({"maxLength": high} if high else {}), **more}


def _name(**more: Any) -> Schema:
    return _text(1, 128, **more)


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "nullable": True}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


NAME = _name()
OBJECT_ID = _name(pattern="^[a-zA-Z0-9_-]*$")
_URL = _text(2, 8_000, format="uri")
_DURATION = {"type": "string", "pattern": DURATION_PATTERN}
_DATE_TIME = {"type": "string", "format": "date-time"}
_INTEGER: Schema = {"type": "integer"}
_NUMBER: Schema = {"type": "number"}
_BOOLEAN: Schema = {"type": "boolean"}
_POINT = _object("x y", x=_NUMBER, y=_NUMBER)
_VALUES = _object(
    "type values",
    type=NAME,
    values=_list({"anyOf": [_NUMBER, _text(), _BOOLEAN, _POINT]}),
)
_ATTRIBUTES = _or_null(_list(_VALUES))
_TARGETS = _or_null(_list(NAME))
_PERIOD = _object("", start=_DATE_TIME, duration=_DURATION, randomizeStart=_DURATION)
_INTERVAL = _object("id payloads", id=_INTEGER, intervalPeriod=_PERIOD, payloads=_list(_VALUES))
_EVENT_DESCRIPTOR = _object(
    "objectType payloadType",
    objectType=_one_of("EVENT_PAYLOAD_DESCRIPTOR"),
    payloadType=NAME,
    units=_or_null(NAME),
    currency=_or_null(_text()),
)
_REPORT_PAYLOAD_DESCRIPTOR = _object(
    "objectType payloadType",
    objectType=_one_of("REPORT_PAYLOAD_DESCRIPTOR"),
    payloadType=NAME,
    readingType=_or_null(NAME),
    units=_or_null(NAME),
    accuracy=_or_null(_NUMBER),
    confidence=_or_null({"type": "integer", "minimum": 0, "maximum": 100}),
)
_REPORT_DESCRIPTOR = _object(
    "payloadType",
    payloadType=NAME,
    readingType=_or_null(NAME),
    units=_or_null(NAME),
    targets=_TARGETS,
    aggregate=_BOOLEAN,
    startInterval=_INTEGER,
    numIntervals=_INTEGER,
    historical=_BOOLEAN,
    frequency=_INTEGER,
    repeat=_INTEGER,
    reportIntervals=_one_of("INTERVALS", "SUB_INTERVALS", "OPEN_INTERVALS"),
)
_DESCRIPTION: Schema = {"required": ["URL"], "properties": {"URL": _URL}}
"""The standard names no type here: whatever is not an object passes."""
_PROGRAM = _object(
    "programName",
    programName=NAME,
    intervalPeriod=_PERIOD,
    programDescriptions=_or_null(_list(_DESCRIPTION)),
    payloadDescriptors=_or_null(_list({"anyOf": [_EVENT_DESCRIPTOR, _REPORT_PAYLOAD_DESCRIPTOR]})),
    attributes=_ATTRIBUTES,
    targets=_TARGETS,
)
_EVENT = _object(
    "programID",
    programID=OBJECT_ID,
    eventName=_or_null(_text()),
    duration=_DURATION,
    priority=_or_null({"type": "integer", "minimum": 0}),
    targets=_TARGETS,
    reportDescriptors=_or_null(_list(_REPORT_DESCRIPTOR)),
    payloadDescriptors=_or_null(_list(_EVENT_DESCRIPTOR)),
    intervalPeriod=_PERIOD,
    intervals=_list(_INTERVAL),
)
_REPORT = _object(
    "eventID clientName resources",
    eventID=OBJECT_ID,
    clientName=NAME,
    reportName=_or_null(_text()),
    payloadDescriptors=_or_null(_list(_REPORT_PAYLOAD_DESCRIPTOR)),
    resources=_list(
        _object(
            "resourceName intervals",
            resourceName=NAME,
            intervalPeriod=_PERIOD,
            intervals=_list(_INTERVAL),
        )
    ),
)
_SUBSCRIPTION = _object(
    "clientName objectOperations",
    clientName=NAME,
    programID=OBJECT_ID,
    objectOperations=_list(
        _object(
            "objects operations callbackUrl",
            objects=_list(_one_of(*OBJECT_TYPES)),
            operations=_list(_one_of("READ", "CREATE", "UPDATE", "DELETE")),
            callbackUrl=_URL,
            bearerToken=_or_null(_text()),
        )
    ),
    targets=_TARGETS,
)
_BL_VEN = _object(
    "objectType clientID venName",
    objectType=_one_of("BL_VEN_REQUEST"),
    clientID=NAME,
    targets=_TARGETS,
    venName=NAME,
    attributes=_ATTRIBUTES,
)
_VEN_VEN = _object(
    "objectType venName",
    objectType=_one_of("VEN_VEN_REQUEST"),
    venName=NAME,
    attributes=_ATTRIBUTES,
)
_BL_RESOURCE = _object(
    "objectType clientID resourceName venID",
    objectType=_one_of("BL_RESOURCE_REQUEST"),
    clientID=NAME,
    targets=_TARGETS,
    resourceName=NAME,
    venID=OBJECT_ID,
    attributes=_ATTRIBUTES,
)
_VEN_RESOURCE = _object(
    "objectType resourceName venID",
    objectType=_one_of("VEN_RESOURCE_REQUEST"),
    resourceName=NAME,
    venID=OBJECT_ID,
    attributes=_ATTRIBUTES,
)
REQUESTS: Mapping[str, Schema] = {
    "PROGRAM": _PROGRAM,
    "EVENT": _EVENT,
    "REPORT": _REPORT,
    "SUBSCRIPTION": _SUBSCRIPTION,
    "VEN": {"oneOf": [_VEN_VEN, _BL_VEN]},
    "RESOURCE": {"oneOf": [_VEN_RESOURCE, _BL_RESOURCE]},
}
"""What a client may send of each kind of object."""


def metadata(kind: str) -> Schema:
    """What the VTN adds to each object."""
    return _object(
        "id createdDateTime modificationDateTime objectType",
        id=OBJECT_ID,
        createdDateTime=_DATE_TIME,
        modificationDateTime=_DATE_TIME,
        objectType=_one_of(kind),
    )


def violation(schema: Schema, value: Json, *, where: str) -> str | None:
    """Why `value` is not what `schema` asks for, as 'place: reason'; None when it is."""
    if value is None and schema.get("nullable"):
        return None
    alternatives: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    if alternatives:
        return _none_of(alternatives, value, where=where)
    if "type" in schema and not _TYPES[schema["type"]](value):
        return f"{where}: must be of type {schema['type']}"
    if isinstance(value, str):
        return _text_violation(schema, value, where=where)
    if isinstance(value, list) and "items" in schema:
        return _first(
            violation(schema["items"], item, where=f"{where}[{i}]") for i, item in enumerate(value)
        )
    if isinstance(value, dict) and "properties" in schema:
        return _object_violation(schema, value, where=where)
    return _number_violation(schema, value, where=where)


def _none_of(alternatives: list[Schema], value: Json, *, where: str) -> str | None:
    """None when one fits; else what the one meant is missing, where the value says which."""
    found = [violation(schema, value, where=where) for schema in alternatives]
    if None in found:
        return None
    if isinstance(value, dict):
        for schema, why in zip(alternatives, found, strict=True):
            named = schema.get("properties", {}).get("objectType", {}).get("enum", [])
            if value.get("objectType") in named:
                return why
    return f"{where}: fits none of the {len(alternatives)} shapes that it may have"


def _object_violation(schema: Schema, value: dict[str, Json], *, where: str) -> str | None:
    for name in schema["required"]:
        if name not in value:
            return f"{where}.{name}: is missing"
    properties = schema["properties"]
    return _first(
        violation(properties[name], item, where=f"{where}.{name}")
        for name, item in value.items()
        if name in properties
    )


def _text_violation(schema: Schema, value: str, *, where: str) -> str | None:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return (
            f"{where}: must have {schema.get('minLength', 0)} to {schema['maxLength']} characters"
        )
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}: must be one of {', '.join(schema['enum'])}"
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value, re.ASCII):
        return f"{where}: must match {schema['pattern']}"
    form = schema.get("format")
    if form == "uri" and not _URI.fullmatch(value):
        return f"{where}: must be an absolute URI"
    if form == "date-time" and not is_date_time(value):
        return f"{where}: must be an instant like 2026-01-31T18:00:00Z (RFC 3339)"
    return None


def _number_violation(schema: Schema, value: Json, *, where: str) -> str | None:
    low, high = schema.get("minimum"), schema.get("maximum")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if low is not None and value < low:
            return f"{where}: must be at least {low}"
        if high is not None and value > high:
            return f"{where}: must be at most {high}"
    return None


def _first(found: Any) -> str | None:
    return next((why for why in found if why is not None), None)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_whole(value: Json) -> bool:
    return _is_number(value) and value == int(value)  # type: ignore[arg-type]  # a number


_TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": _is_number,
    "integer": _is_whole,
}
