"""JSON that loses nothing and cannot be made to hurt."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.signals import Json, format_json, parse_json

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9))
values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | decimals | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


def parse(data: bytes) -> Json:
    return parse_json(data, limit=1 << 20, what="the body")


@given(values)
def test_what_is_written_is_read_again_exactly(value: Json) -> None:
    data = format_json(value)
    assert parse(data) == value
    assert format_json(parse(data)) == data
    json.loads(data)


def test_a_price_keeps_its_digits() -> None:
    value = parse(b'{"price":0.170000,"big":1E+2,"cents":25.13}')
    assert value == {"price": Decimal("0.17"), "big": Decimal(100), "cents": Decimal("25.13")}
    assert format_json(value) == b'{"price":0.170000,"big":1E+2,"cents":25.13}'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "cannot be read"),
        (b'{"a":1,"a":2}', "stands twice"),
        (b"[NaN]", "not a JSON number"),
        (b"[-Infinity]", "not a JSON number"),
        (b"[1e999999999]", "beyond any quantity"),
        (b'["\\ud800"]', "surrogates"),
        (b'"\xff"', "cannot be read"),
        (b"[" * 40 + b"]" * 40, "nested deeper"),
        (b"[" * 100_000, "cannot be read"),
        (b"[" + b"0," * 70_000 + b"0]", "over 60000 values"),
        (b"1" * 5_000, "cannot be read"),
        (b" " * (1 << 20) + b"1", "at most"),
    ],
)
def test_what_is_no_measured_json_is_refused_by_name(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=r"the body") as refused:
        parse(data)
    assert why in str(refused.value)
