from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.digest import canonical_json, document_digest, keccak256, parse_document
from gridplus.failures import Bug, InputError
from gridplus.units import (
    ABOLT_PER_UBOLT,
    Interval,
    counted,
    format_ubolt,
    format_utc,
    mul_div_down,
    mul_div_up,
    require_utc,
    share_by_largest_remainder,
    ubolt_down,
    ubolt_up,
)


@given(st.integers(), st.integers(), st.integers(min_value=1))
def test_down_and_up_enclose_the_exact_quotient(a: int, b: int, divisor: int) -> None:
    down, up = mul_div_down(a, b, divisor=divisor), mul_div_up(a, b, divisor=divisor)
    assert down * divisor <= a * b <= up * divisor
    assert up - down == (0 if a * b % divisor == 0 else 1)


@given(st.integers(min_value=0))
def test_charges_round_down_and_credits_up_by_less_than_one_ubolt(amount_abolt: int) -> None:
    assert 0 <= amount_abolt - ubolt_down(amount_abolt) * ABOLT_PER_UBOLT < ABOLT_PER_UBOLT
    assert 0 <= ubolt_up(amount_abolt) * ABOLT_PER_UBOLT - amount_abolt < ABOLT_PER_UBOLT


@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_shares_sum_to_the_whole_and_miss_the_exact_part_by_less_than_one(
    total: int, weights: list[int]
) -> None:
    parts = share_by_largest_remainder(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        assert all(abs(p * whole - total * w) < whole for p, w in zip(parts, weights, strict=True))


def test_ties_go_to_the_earlier_place() -> None:
    assert share_by_largest_remainder(2, [1, 1, 1, 1]) == [1, 1, 0, 0]
    assert share_by_largest_remainder(5, [0, 0]) == [5, 0]


def test_shares_among_nobody_or_of_a_debt_are_a_bug() -> None:
    for total, weights in ((1, []), (-1, [1]), (1, [-1, 2])):
        with pytest.raises(Bug):
            share_by_largest_remainder(total, weights)


def test_an_interval_is_named_by_its_start_and_splits_evenly() -> None:
    hour = Interval(1_613_368_800, 3600)
    assert str(hour) == "2021-02-15T06:00:00Z+3600s"
    assert [part.start_s for part in hour.split(4)] == [hour.start_s + 900 * i for i in range(4)]
    assert hour.split(4)[-1].end == hour.end


def test_an_interval_off_its_grid_is_refused() -> None:
    with pytest.raises(InputError, match="multiple of its length"):
        Interval(1, 900)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(InputError, match="no time zone"):
        require_utc(datetime(2021, 2, 15))  # noqa: DTZ001
    assert format_utc(datetime(2021, 2, 15, tzinfo=UTC)) == "2021-02-15T00:00:00Z"


def test_money_prints_with_six_places() -> None:
    assert format_ubolt(-1_234_567_890) == "-1,234.567890"


def test_keccak_is_ethereums() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"").hex() == empty


def test_key_order_and_spaces_do_not_change_a_digest_but_the_kind_does() -> None:
    one = parse_document(b'{"b": 1, "a": ["x", true]}', limit=100, what="test")
    two = parse_document(b'{"a":["x",true],"b":1}', limit=100, what="test")
    assert document_digest("k/1", one) == document_digest("k/1", two)
    assert document_digest("k/1", one) != document_digest("k/2", one)
    assert canonical_json(one) == b'{"a":["x",true],"b":1}'


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1.5}', b'{"a": 1e3}', b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 40 + b"]" * 40,
        b"{", b"\xff", b"1" * 101, b"9" * 5000,
    ],
)  # fmt: skip
def test_floats_doubles_depth_and_size_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="the thing"):
        parse_document(data, limit=100 if len(data) < 5000 else 10_000, what="the thing")


def test_one_thing_is_not_many() -> None:
    assert [counted(n, "day") for n in (0, 1, 2, 1_200)] == [
        "0 days",
        "1 day",
        "2 days",
        "1,200 days",
    ]
