from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.rows import LINE_LIMIT, Row, parse_table

TEXT = '\ufeffname, wh\r\n\r\n"a,b",1\nµ,2\n'.encode()
ROWS = [(3, ["a,b", "1"]), (4, ["µ", "2"])]


def test_rows_keep_the_line_they_stand_on() -> None:
    header, rows = parse_table(TEXT, what="t.csv")
    assert header == ["name", "wh"]
    assert list(rows) == ROWS


@settings(max_examples=50)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_a_table_in_pieces_is_the_table_wherever_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(TEXT)]
    pieces = [TEXT[a:b] for a, b in pairwise(places)]
    header, rows = parse_table(iter(pieces), what="t.csv")
    assert (header, list(rows)) == (["name", "wh"], ROWS)


BROKEN = {
    "empty": (b"", "t.csv is empty"),
    "only blank lines": (b"\n\r\n", "t.csv is empty"),
    "no text": (b"a,b\n1,\xff\n", "t.csv is not UTF-8 text: byte 6"),
    "cut within a letter": ("a,b\n1,µ".encode()[:-1], "not UTF-8 text"),
    "a quote that never ends": (b'a,b\n1,"2\n', "t.csv, line 2: unexpected end of data"),
    "an endless line": (b"a,b\n" + b"x" * (LINE_LIMIT + 1), "a line of more than"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_table_is_an_error_that_names_file_and_place(kind: str) -> None:
    data, reason = BROKEN[kind]
    with pytest.raises(InputError, match=reason):
        _all(data)


def _all(data: bytes) -> list[Row]:
    return list(parse_table(data, what="t.csv")[1])


def test_rows_are_taken_as_the_pieces_come() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a\n1\n"
        raise InputError("the disk is gone")

    _, rows = parse_table(pieces(), what="t.csv")
    with pytest.raises(InputError, match="the disk is gone"):
        next(rows)
