"""keccak-256 over bytes and over documents: the only hash that leaves this project.

A *document* is JSON made of dicts, lists, strings, booleans and integers. Its canonical bytes
are UTF-8 JSON with sorted keys and no spaces; floats do not exist in it. `document_digest` binds a
kind to those bytes, so that a document of one kind never stands for one of another.
"""

import json
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

import orjson
import sha3

from gridplus.failures import Bug, InputError

Document: TypeAlias = "dict[str, Document] | list[Document] | str | int | bool | None"
MAX_DEPTH = 16
SAFE_DEPTH = 500
"""As deep as the standard library reads JSON without danger to the stack, whoever has raised the
interpreter's own limit (py-evm raises it for the whole process)."""
_CANONICAL: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def keccak256(data: bytes) -> bytes:
    """32 bytes: Ethereum's keccak-256 of `data`."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def canonical_json(document: Document) -> bytes:
    """The one byte string that stands for `document`. Raises Bug for a float or a foreign type."""
    _require_exact(document, 0)
    try:
        return orjson.dumps(document, option=_CANONICAL)
    except TypeError:  # an integer of more than 64 bits
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode()


def document_digest(kind: str, document: Document) -> bytes:
    """keccak256(kind, newline, canonical bytes): 32 bytes. `kind` is like 'gridplus.plan/2'."""
    return keccak256(kind.encode() + b"\n" + canonical_json(document))


def parse_document(data: bytes, *, limit: int, what: str) -> Document:
    """Parse at most `limit` bytes of JSON without floats, duplicate keys or deep nesting.

    Raises InputError that names `what` and says why.
    """
    if len(data) > limit:
        raise InputError(f"{what} has {len(data)} bytes; at most {limit} are accepted")
    try:
        require_shallow(data)
        return _parse_canonical(data) or _parse_any(data)
    except (ValueError, RecursionError, Bug) as error:
        raise InputError(f"{what} is not a document: {error}") from None


def _parse_canonical(data: bytes) -> Document:
    """The document that `data` are the canonical bytes of, in which nothing can stand twice; None
    when it is anything else."""
    try:
        document: Document = orjson.loads(data)
        return document if canonical_json(document) == data else None
    except (ValueError, TypeError, Bug):
        return None


def _parse_any(data: bytes) -> Document:
    document: Document = json.loads(
        data.decode(),
        parse_float=_refuse_number,
        parse_constant=_refuse_number,
        object_pairs_hook=_unique_keys,
    )
    _require_exact(document, 0)
    return document


def require_shallow(data: bytes) -> None:
    """Raise ValueError when JSON nests deeper than SAFE_DEPTH, before anything recurses into it."""
    if data.count(b"[") + data.count(b"{") <= SAFE_DEPTH:
        return
    depth = 0
    for found in _BRACKETS.finditer(data):
        bracket = found[0]
        if bracket in b"[{":
            depth += 1
            if depth > SAFE_DEPTH:
                raise ValueError(f"it nests deeper than {SAFE_DEPTH}")
        elif bracket in b"]}":
            depth -= 1


def _refuse_number(text: str) -> int:
    raise ValueError(f"{text} is not an integer")


def _unique_keys(pairs: list[tuple[str, Document]]) -> dict[str, Document]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _require_exact(document: object, depth: int) -> None:
    if isinstance(document, dict):
        for key in document:
            if not isinstance(key, str):
                raise Bug(f"document keys are strings, not {key!r}")
        _require_exact_all(document.values(), depth + 1)
    elif isinstance(document, list):
        _require_exact_all(document, depth + 1)
    elif isinstance(document, str):
        document.encode()
    elif not isinstance(document, int | None):
        raise Bug(f"a document holds no {type(document).__name__}")


def _require_exact_all(values: Iterable[object], depth: int) -> None:
    for value in values:
        if depth > MAX_DEPTH:
            raise Bug(f"a document is nested at most {MAX_DEPTH} deep")
        if (type(value) is str and value.isascii()) or type(value) is int:
            continue  # most of what there is, without a call
        _require_exact(value, depth)
