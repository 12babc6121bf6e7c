"""A document has one spelling, whichever encoder writes it; read back it is itself."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.digest import canonical_json, parse_document
from gridplus.failures import Bug, InputError

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_canonical_bytes_are_those_of_the_standard_library(document: Any) -> None:
    spelled = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical_json(document) == spelled.encode()


@given(DOCUMENTS, st.sampled_from([None, 1, 4]))
def test_what_is_read_is_what_was_written_however_it_is_spelled(
    document: Any, indent: int | None
) -> None:
    for data in (canonical_json(document), json.dumps(document, indent=indent).encode()):
        found = parse_document(data, limit=1_000_000, what="it")
        assert (found, canonical_json(found)) == (document, canonical_json(document))


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":-0.0}',
        b'{"a":1}{}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 17 + b"1" + b"]" * 17,
    ],
)
def test_what_is_no_document_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(InputError, match="it is not a document"):
        parse_document(data, limit=1_000, what="it")


@pytest.mark.parametrize("foreign", [1.5, {1: 2}, b"a", (1,), {"a": object()}, "\ud800"])
def test_what_no_document_holds_has_no_canonical_bytes(foreign: Any) -> None:
    with pytest.raises((Bug, UnicodeEncodeError)):
        canonical_json(foreign)
