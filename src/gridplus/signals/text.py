"""JSON of other people's making: numbers stay exact, unknown fields stay, every measure is bounded.

A `Json` value holds no float: whole numbers are int, all others Decimal, written back digit by
digit as they were sent. Source: RFC 8259.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from gridplus.digest import require_shallow
from gridplus.failures import InputError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | Decimal | None"
MAX_DEPTH = 24
MAX_NODES = 60_000
MAX_EXPONENT = 400
"""Twice and more what a double can hold; beyond it a number is an attack, not a measurement."""


def parse_json(data: bytes, *, limit: int, what: str) -> Json:
    """At most `limit` bytes of JSON. Raises InputError that names `what` and says why."""
    if len(data) > limit:
        raise InputError(f"{what} has {len(data)} bytes; at most {limit} are accepted")
    try:
        require_shallow(data)
        value: Json = json.loads(
            data.decode(),
            parse_float=_exact,
            parse_constant=_refuse,
            object_pairs_hook=_unique_keys,
        )
        _require_bounded(value)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} cannot be read as JSON: {error}") from None
    return value


def format_json(value: Json) -> bytes:
    """The bytes of `value` without spaces; `parse_json` is its inverse."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode()


def _exact(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]} is no number") from None
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise ValueError(f"{text[:40]} is beyond any quantity")
    return number


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")


def _unique_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _require_bounded(value: Json) -> None:
    nodes = 0
    waiting: list[tuple[Json, int]] = [(value, 0)]
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} or has over {MAX_NODES} values")
        if isinstance(node, dict):
            for key in node:
                key.encode()
            waiting += [(item, depth + 1) for item in node.values()]
        elif isinstance(node, list):
            waiting += [(item, depth + 1) for item in node]
        elif isinstance(node, str):
            node.encode()  # half surrogates have no bytes


def _write(value: Json, parts: list[str]) -> None:
    if isinstance(value, Decimal):
        parts.append(str(value))
    elif isinstance(value, dict):
        separator = "{"
        for key, item in value.items():
            parts.append(f"{separator}{json.dumps(key, ensure_ascii=False)}:")
            _write(item, parts)
            separator = ","
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        separator = "["
        for item in value:
            parts.append(separator)
            _write(item, parts)
            separator = ","
        parts.append("]" if value else "[]")
    else:
        parts.append(json.dumps(value, ensure_ascii=False))
