"""Brackets from outside never reach the stack, however high the interpreter's limit was raised."""

import sys

import pytest

from gridplus.digest import SAFE_DEPTH, parse_document
from gridplus.failures import InputError


@pytest.mark.parametrize("data", [b"[" * 200_000, b'{"a":' * 200_000, b'["\\"[' * 9_000])
def test_deep_nesting_is_refused_before_it_is_read(data: bytes) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        with pytest.raises(InputError, match="it is not a document"):
            parse_document(data, limit=1 << 24, what="it")
    finally:
        sys.setrecursionlimit(before)


def test_brackets_in_texts_and_side_by_side_are_no_depth() -> None:
    text = '["' + "[" * 5 * SAFE_DEPTH + '"' + ",[]" * 2 * SAFE_DEPTH + "]"
    assert isinstance(parse_document(text.encode(), limit=1 << 20, what="it"), list)
