"""How far a voucher may go: headroom, daily cap, 45 days, retirement, exit."""

from dataclasses import replace

import pytest

from gridplus.channel import ChannelView
from tests.channel.scene import BOLT, LEAVING, TODAY, WORD


def test_headroom_is_what_came_in_minus_what_went_out() -> None:
    word = replace(WORD, deposited=100, spent=30, earned=7, withdrawn=2)
    assert ChannelView(word, TODAY).headroom == 75


@pytest.mark.parametrize(
    ("cap_day", "daily_cap", "allowance"),
    [
        (TODAY - 1, 20, 20 * BOLT),  # the opening day counts one cap
        (TODAY, 20, 0),  # used up
        (TODAY + 1, 20, 0),  # our day is behind the chain's
        (TODAY - 44, 20, 44 * 20 * BOLT),
        (TODAY - 45, 20, 45 * 20 * BOLT),
        (TODAY - 46, 20, 45 * 20 * BOLT),  # however long it sleeps
        (0, 20, 45 * 20 * BOLT),
        (TODAY - 9, 0, 0),  # zero means zero
        (TODAY - 9, 0xFFFE, 9 * 0xFFFE * BOLT),
        (TODAY - 9, 0xFFFF, 0),  # retired
    ],
)
def test_the_cap_allowance_grows_by_a_cap_a_day(
    cap_day: int, daily_cap: int, allowance: int
) -> None:
    view = ChannelView(replace(WORD, cap_day=cap_day, daily_cap=daily_cap), TODAY)
    assert view.cap_allowance == allowance


def test_the_ceiling_is_the_smaller_of_headroom_and_allowance() -> None:
    by_cap = ChannelView(replace(WORD, spent=3), TODAY)
    by_deposit = ChannelView(replace(WORD, deposited=7 * BOLT), TODAY)
    assert by_cap.ceiling == 3 + 20 * BOLT
    assert by_deposit.ceiling == 7 * BOLT


def test_a_voucher_brings_its_own_credit_to_the_chain() -> None:
    view = ChannelView(replace(WORD, deposited=BOLT, earned=5), TODAY)
    assert view.ceiling_with(9) == BOLT + 9
    assert view.ceiling_with(2) == view.ceiling == BOLT + 5


@pytest.mark.parametrize(
    ("days", "started", "armed"),
    [(0, True, False), (13, True, False), (14, True, True), (15, True, True), (16, False, False)],
)
def test_an_exit_pays_vouchers_until_it_matures_and_again_when_it_has_lapsed(
    days: int, started: bool, armed: bool
) -> None:
    view = ChannelView(replace(LEAVING, spent=2), TODAY + days)
    assert view.exit_started is started
    assert view.exit_armed is armed
    assert (view.ceiling == 2) is armed
    assert (view.ceiling_with(9 * BOLT) == 2) is armed


def test_no_exit_is_no_exit() -> None:
    assert not ChannelView(WORD, TODAY).exit_started
    assert not ChannelView(WORD, TODAY).exit_armed
