"""Merging is taking maxima, so nothing that happens twice, late or in disorder can matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.channel import NOTHING, Counters
from gridplus.channel.promises import newer
from gridplus.failures import Bug
from gridplus.units import U48_MAX
from tests.channel.scene import voucher

amounts = st.integers(0, U48_MAX)
counters = st.builds(Counters, amounts, amounts)


@given(a=counters, b=counters, c=counters)
def test_merge_is_commutative_associative_and_idempotent(
    a: Counters, b: Counters, c: Counters
) -> None:
    """I-CH-3"""
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(a) == a
    assert a.merge(NOTHING) == a


@given(a=counters, b=counters)
def test_a_merge_covers_both_and_nothing_less_does(a: Counters, b: Counters) -> None:
    """I-CH-3"""
    merged = a.merge(b)
    assert merged.covers(a)
    assert merged.covers(b)
    assert a.covers(b) == (merged == a)


@pytest.mark.parametrize(("spent", "earned"), [(-1, 0), (0, -1), (U48_MAX + 1, 0), (0, 1 << 60)])
def test_counters_outside_48_bits_are_a_bug(spent: int, earned: int) -> None:
    with pytest.raises(Bug, match="48 bits"):
        Counters(spent, earned)


def test_the_newer_voucher_is_the_one_that_covers_the_other() -> None:
    """I-CH-1"""
    low, high, crossed = voucher(5, 5), voucher(9, 5), voucher(20, 1)
    assert newer(None, low) is low
    assert newer(low, high) is high
    assert newer(high, low) is high
    assert newer(high, crossed) is high
    assert newer(low, voucher(5, 5)) is low
