"""Claims that do not wait for the day's end, and those that do."""

from dataclasses import replace
from pathlib import Path

import pytest

from gridplus.hub.claim_policy import ClaimDue, ClaimPolicy
from gridplus.hub.owing import OwnHomes, Which
from gridplus.hub.standing import Standing
from gridplus.units import DAY_S
from tests.hub.town import START_S, HandClock, Town, living_hub

QUIET = Standing(
    homes=3,
    stopped=0,
    leaving=0,
    unsigned=0,
    largest_unsigned=0,
    unclaimed=1_000,
    oldest_unclaimed_s=START_S,
    unposted=500,
    payable=1_000,
)
POLICY = ClaimPolicy(at_risk_ubolt=1_000, age_s=DAY_S)


@pytest.mark.parametrize(
    ("standing", "late_s", "payable", "due"),
    [
        (QUIET, DAY_S, 1_000, None),
        (replace(QUIET, unclaimed=1_001), 0, 1_000, ClaimDue.VALUE_AT_RISK),
        (QUIET, DAY_S + 1, 1_000, ClaimDue.TOO_OLD),
        (QUIET, 0, 999, ClaimDue.CREDIT_UNCOVERED),
        (QUIET, 0, None, None),
        (replace(QUIET, unclaimed=1_001), DAY_S + 1, 0, ClaimDue.VALUE_AT_RISK),
        (replace(QUIET, unclaimed=0, oldest_unclaimed_s=None), 9 * DAY_S, 0, None),
    ],
)
def test_a_claim_waits_unless_one_of_three_things_is_too_much(
    standing: Standing, late_s: int, payable: int | None, due: ClaimDue | None
) -> None:
    asked = replace(standing, payable=payable)
    assert POLICY.why_now(asked, now_s=START_S + late_s) is due


def test_without_a_limit_no_value_is_too_much() -> None:
    rich = replace(QUIET, unclaimed=1 << 47)
    assert ClaimPolicy().why_now(rich, now_s=START_S) is None


async def test_what_is_due_is_claimed_once_and_again_only_when_something_moved(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    clock = HandClock()
    async with living_hub(town, tmp_path / "journal", clock=clock) as life:
        await life.open([house])
        await life.pay(house, await life.bill(house))
        hasty = ClaimPolicy(at_risk_ubolt=1)
        assert await life.claimer.claim_due(hasty) is None, "it has one day of cap, and needs it"
        clock.shown_s += DAY_S
        await life.hub.follow_chain()
        assert await life.claimer.claim_due(ClaimPolicy()) is None, "the day's end is soon enough"
        assert await life.claimer.claim_due(hasty) is ClaimDue.VALUE_AT_RISK
        spent = town.word(house).spent
        assert spent == life.book.homes[house.channel].durable.spent_ubolt > 0
        assert await life.claimer.claim_due(hasty) is None, "the chain has paid"
        await life.bill(house)
        assert await life.claimer.claim_due(hasty) is None, "not signed yet"


@pytest.mark.parametrize(("days", "spares"), [(0, False), (1, True), (30, True)])
async def test_a_claim_leaves_a_home_a_day_of_its_cap(
    town: Town, tmp_path: Path, days: int, spares: bool
) -> None:
    (house,) = town.move_in(1)
    clock = HandClock()
    async with living_hub(town, tmp_path / "journal", clock=clock) as life:
        await life.open([house])
        await life.pay(house, await life.bill(house))
        clock.shown_s += days * DAY_S
        await life.hub.follow_chain()
        due = await OwnHomes(life.hub).owed(Which.SPARING, most=1)
        assert (due.count == 1) is spares
