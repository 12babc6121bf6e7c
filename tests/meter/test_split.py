import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.failures import Bug
from gridplus.meter import split_hour


@given(st.integers(0, 10**9))
def test_the_quarters_keep_the_sum_and_differ_by_at_most_one(energy_wh: int) -> None:
    parts = split_hour(energy_wh)
    assert len(parts) == 4
    assert sum(parts) == energy_wh
    assert max(parts) - min(parts) <= 1
    assert list(parts) == sorted(parts, reverse=True)


def test_the_remainder_goes_to_the_earliest_quarters() -> None:
    assert split_hour(10) == (3, 3, 2, 2)
    assert split_hour(0) == (0, 0, 0, 0)


def test_energy_below_zero_is_a_bug() -> None:
    with pytest.raises(Bug):
        split_hour(-1)
