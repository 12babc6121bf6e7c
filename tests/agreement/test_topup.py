"""Payments that may be taken back: marks in any order, ceilings that hold."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.agreement import Notice, TopUp, TopUpRefusal, TopUpStage, why_not_now
from gridplus.failures import Bug, InputError
from gridplus.units import DAY_S
from gridplus.wallet import ChannelId, TopUpMandate

CHANNEL = ChannelId(b"\x01" * 32)
NOW_S = int(datetime(2021, 8, 11, 12, tzinfo=UTC).timestamp())
ASKED = TopUp(1, CHANNEL, 20_000_000, NOW_S, automatic=True)
ORDER = TopUpMandate(CHANNEL, 10_000_000, 20_000_000, 40_000_000, 60_000_000, 1, NOW_S + 90 * DAY_S)


def after(*notices: Notice, top_up: TopUp = ASKED) -> TopUp:
    for notice in notices:
        heard = top_up.hear(notice, amount_ubolt=top_up.amount_ubolt)
        assert isinstance(heard, TopUp)
        top_up = heard
    return top_up


@given(st.lists(st.sampled_from(Notice)), st.randoms())
def test_notices_twice_late_and_in_any_order_lead_to_one_stage(
    notices: list[Notice], dice: object
) -> None:
    shuffled = notices + notices
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert after(*notices) == after(*shuffled)


@pytest.mark.parametrize(
    ("notices", "stage"),
    [
        ([], TopUpStage.REQUESTED),
        ([Notice.PAID], TopUpStage.PAID),
        ([Notice.SETTLED], TopUpStage.FINAL),
        ([Notice.FAILED], TopUpStage.FAILED),
        ([Notice.FAILED, Notice.PAID], TopUpStage.PAID),
        ([Notice.PAID, Notice.CHARGED_BACK], TopUpStage.RETURNED),
        ([Notice.PAID, Notice.SETTLED, Notice.REFUNDED], TopUpStage.RETURNED),
    ],
)
def test_a_stage_follows_from_what_was_heard(notices: list[Notice], stage: TopUpStage) -> None:
    assert after(*notices).stage is stage


def test_only_final_money_is_deposited_and_what_is_taken_back_then_is_lost() -> None:
    with pytest.raises(Bug, match="before its money is final"):
        after(Notice.PAID).deposit()
    deposited = after(Notice.PAID, Notice.SETTLED).deposit()
    assert deposited.stage is TopUpStage.DEPOSITED
    assert after(Notice.CHARGED_BACK, top_up=deposited).stage is TopUpStage.LOST


def test_a_notice_of_another_amount_changes_nothing() -> None:
    assert ASKED.hear(Notice.PAID, amount_ubolt=1) is TopUpRefusal.OTHER_AMOUNT


def done(days_ago: int, *, top_up: TopUp = ASKED) -> TopUp:
    paid = after(Notice.PAID, Notice.SETTLED, top_up=top_up).deposit()
    return replace(paid, requested_at_s=NOW_S - days_ago * DAY_S)


@pytest.mark.parametrize(
    ("mandate", "headroom", "earlier", "why"),
    [
        (None, 0, [], TopUpRefusal.NO_MANDATE),
        (replace(ORDER, amount_ubolt=0), 0, [], TopUpRefusal.NO_MANDATE),
        (replace(ORDER, valid_until_s=NOW_S - 1), 0, [], TopUpRefusal.MANDATE_OVER),
        (ORDER, 10_000_000, [], TopUpRefusal.ENOUGH_LEFT),
        (ORDER, 9_999_999, [], None),
        (ORDER, 0, [ASKED], TopUpRefusal.ONE_UNDER_WAY),
        (ORDER, 0, [after(Notice.SETTLED)], TopUpRefusal.ONE_UNDER_WAY),
        (ORDER, 0, [replace(ASKED, automatic=False)], None),
        (ORDER, 0, [after(Notice.CHARGED_BACK, top_up=done(40))], TopUpRefusal.TAKEN_BACK),
        (ORDER, 0, [after(Notice.FAILED)], TopUpRefusal.FAILED_TODAY),
        (ORDER, 0, [replace(after(Notice.FAILED), requested_at_s=NOW_S - DAY_S)], None),
        (ORDER, 0, [done(0)], None),
        (ORDER, 0, [done(0), done(0)], TopUpRefusal.PAST_DAY),
        (ORDER, 0, [done(1), done(2), done(3)], TopUpRefusal.PAST_MONTH),
        (ORDER, 0, [done(11), done(12), done(13)], None),
        (ORDER, 0, [done(1), done(2), after(Notice.REFUNDED)], None),
    ],
)
def test_a_standing_order_asks_unless_there_is_a_reason(
    mandate: TopUpMandate | None, headroom: int, earlier: list[TopUp], why: TopUpRefusal | None
) -> None:
    assert why_not_now(mandate, headroom_ubolt=headroom, earlier=earlier, now_s=NOW_S) is why


@given(st.lists(st.tuples(st.integers(1, 4 * 86_400), st.sampled_from(Notice)), max_size=40))
def test_no_day_and_no_month_passes_its_ceiling(steps: list[tuple[int, Notice]]) -> None:
    now_s, made = NOW_S, list[TopUp]()
    for pause_s, notice in steps:
        now_s += pause_s
        made = [replace(each, marks=each.marks | {notice}) for each in made]
        if why_not_now(ORDER, headroom_ubolt=0, earlier=made, now_s=now_s) is None:
            made.append(TopUp(len(made) + 1, CHANNEL, ORDER.amount_ubolt, now_s, automatic=True))
    taken = dict[tuple[int, int], int]()
    for each in made:
        if each.stage not in (TopUpStage.FAILED, TopUpStage.RETURNED):
            moment = datetime.fromtimestamp(each.requested_at_s, UTC)
            for key in ((moment.year, moment.month), (0, moment.toordinal())):
                taken[key] = taken.get(key, 0) + each.amount_ubolt
    assert all(
        v <= (ORDER.daily_ubolt if k[0] == 0 else ORDER.monthly_ubolt) for k, v in taken.items()
    )


@pytest.mark.parametrize(("daily", "monthly"), [(19_999_999, 60_000_000), (40_000_000, 39_999_999)])
def test_ceilings_that_contradict_each_other_are_no_mandate(daily: int, monthly: int) -> None:
    with pytest.raises(InputError, match="ceiling of a mandate"):
        replace(ORDER, daily_ubolt=daily, monthly_ubolt=monthly)


def test_a_mandate_says_in_words_what_is_signed() -> None:
    assert "below 10.000000 BOLT, pay in 20.000000 BOLT" in ORDER.words()
    assert replace(ORDER, amount_ubolt=0).words().startswith("End the automatic")
