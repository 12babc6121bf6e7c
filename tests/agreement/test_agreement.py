"""Supply and disputes: every road through them, every refusal, and docs drawn from the tables."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.agreement import (
    ANSWER_WITHIN_DAYS,
    DISPUTE_TABLE,
    SUPPLY_TABLE,
    Answered,
    Began,
    ClaimFinal,
    DayBilled,
    DepositReturned,
    Dispute,
    DisputeOpened,
    DisputePhase,
    DisputeRefusal,
    DisputeWithdrawn,
    FinalClaimed,
    IssueCreditNote,
    LeaveAnnounced,
    LeaveCause,
    LeaveWithdrawn,
    LiftHold,
    MakeFinalBill,
    OfferClose,
    PlaceHold,
    Rejected,
    StopSelling,
    Supply,
    SupplyPhase,
    SupplyRefusal,
    Upheld,
    agree_supply,
    is_overdue,
    open_dispute,
    step_dispute,
    step_supply,
)
from gridplus.channel import Counters, Refusal, Step, draw
from gridplus.wallet import ChannelId

DOCS = Path(__file__).parents[2] / "docs" / "agreement.md"
CHANNEL, HEAD = ChannelId(b"\x05" * 32), b"\x09" * 32
FIRST = date(2021, 3, 1)
BOLT = 1_000_000


def day(number: int) -> date:
    return FIRST + timedelta(number)


def after(state: Supply, *facts: object) -> Supply:
    for fact in facts:
        answer = step_supply(state, fact)  # type: ignore[arg-type]
        assert isinstance(answer, Step), answer
        state = answer.state
    return state


def refused(state: Supply, fact: object) -> SupplyRefusal:
    answer = step_supply(state, fact)  # type: ignore[arg-type]
    assert isinstance(answer, Refusal), answer
    return answer.reason


AGREED = agree_supply(CHANNEL, first_day=FIRST)
ACTIVE = after(AGREED, Began(FIRST), DayBilled(day(0), Counters(100, 5)))
MOVING = after(ACTIVE, LeaveAnnounced(day(1), LeaveCause.MOVE_OUT))
FINAL = after(MOVING, DayBilled(day(1), Counters(300, 7)))
CLAIMED = after(FINAL, FinalClaimed(Counters(300, 7)))
SETTLED = after(CLAIMED, DepositReturned(BOLT + 7 - 300, BOLT))


@pytest.mark.parametrize("cause", LeaveCause)
def test_a_home_moves_in_leaves_and_has_its_deposit_back(cause: LeaveCause) -> None:
    announced = step_supply(ACTIVE, LeaveAnnounced(day(1), cause))
    assert isinstance(announced, Step)
    assert announced.effects == (StopSelling(day(1)),)
    billed = step_supply(announced.state, DayBilled(day(1), Counters(300, 7)))
    assert isinstance(billed, Step)
    assert billed.effects == (MakeFinalBill(day(1)), ClaimFinal(Counters(300, 7)))
    claimed = step_supply(billed.state, FinalClaimed(Counters(300, 7)))
    assert isinstance(claimed, Step)
    assert claimed.effects == (OfferClose(Counters(300, 7)),)
    assert after(claimed.state, DepositReturned(BOLT - 293, BOLT)).phase is SupplyPhase.SETTLED


def test_phases_are_those_of_a_life() -> None:
    states = (AGREED, ACTIVE, MOVING, FINAL, CLAIMED, SETTLED)
    assert [state.phase for state in states] == list(SupplyPhase)


def test_who_leaves_by_the_vault_alone_is_settled_without_an_offer() -> None:
    assert after(FINAL, DepositReturned(BOLT - 293, BOLT)).phase is SupplyPhase.SETTLED


def test_a_last_day_that_is_billed_already_is_final_at_once() -> None:
    answer = step_supply(ACTIVE, LeaveAnnounced(day(0), LeaveCause.SWITCH))
    assert isinstance(answer, Step)
    assert answer.state.phase is SupplyPhase.FINAL
    assert answer.effects[1:] == (MakeFinalBill(day(0)), ClaimFinal(Counters(100, 5)))


def test_whoever_stays_goes_on_as_before() -> None:
    assert after(MOVING, LeaveWithdrawn()) == ACTIVE
    early = after(AGREED, LeaveAnnounced(day(3), LeaveCause.SWITCH))
    assert early.phase is SupplyPhase.AGREED
    assert after(early, Began(FIRST)).phase is SupplyPhase.LEAVING
    assert after(early, LeaveWithdrawn()) == AGREED


@pytest.mark.parametrize(
    ("state", "fact", "reason"),
    [
        (AGREED, DayBilled(day(0), Counters(1, 0)), SupplyRefusal.NOT_BEGUN),
        (AGREED, Began(day(1)), SupplyRefusal.BEGINS_ANOTHER_DAY),
        (FINAL, LeaveAnnounced(day(4), LeaveCause.SWITCH), SupplyRefusal.ENDED),
        (FINAL, LeaveWithdrawn(), SupplyRefusal.ENDED),
        (FINAL, DayBilled(day(2), Counters(400, 7)), SupplyRefusal.ENDED),
        (SETTLED, DepositReturned(1, 1), SupplyRefusal.ENDED),
        (CLAIMED, FinalClaimed(Counters(300, 7)), SupplyRefusal.ENDED),
        (ACTIVE, LeaveWithdrawn(), SupplyRefusal.NOT_LEAVING),
        (ACTIVE, FinalClaimed(Counters(100, 5)), SupplyRefusal.NOT_LEAVING),
        (ACTIVE, DepositReturned(1, 1), SupplyRefusal.NOT_LEAVING),
        (
            after(ACTIVE, DayBilled(day(1), Counters(100, 5))),
            LeaveAnnounced(day(0), LeaveCause.MOVE_OUT),
            SupplyRefusal.LAST_DAY_PASSED,
        ),
        (ACTIVE, DayBilled(day(0), Counters(100, 5)), SupplyRefusal.DAY_OUT_OF_ORDER),
        (ACTIVE, DayBilled(day(2), Counters(100, 5)), SupplyRefusal.DAY_OUT_OF_ORDER),
        (ACTIVE, DayBilled(day(1), Counters(99, 5)), SupplyRefusal.COUNTERS_FELL),
        (FINAL, FinalClaimed(Counters(299, 7)), SupplyRefusal.OTHER_COUNTERS),
        (CLAIMED, DepositReturned(BOLT - 292, BOLT), SupplyRefusal.OTHER_AMOUNT),
    ],
)
def test_supply_refuses_what_cannot_be(state: Supply, fact: object, reason: SupplyRefusal) -> None:
    assert refused(state, fact) is reason


supply_facts = st.one_of(
    st.builds(Began, st.just(FIRST)),
    st.builds(LeaveAnnounced, st.integers(0, 5).map(day), st.sampled_from(LeaveCause)),
    st.just(LeaveWithdrawn()),
    st.builds(
        DayBilled,
        st.integers(0, 5).map(day),
        st.builds(Counters, st.integers(0, 3), st.integers(0, 1)),
    ),
    st.builds(FinalClaimed, st.builds(Counters, st.integers(0, 3), st.integers(0, 1))),
    st.builds(DepositReturned, st.integers(5, 9), st.just(8)),
)


@settings(max_examples=200)
@given(st.lists(supply_facts, max_size=14))
def test_whatever_happens_days_are_billed_in_order_and_nothing_after_the_last(
    facts: list[object],
) -> None:
    """I-AG-1."""
    state = AGREED
    for fact in facts:
        answer = step_supply(state, fact)  # type: ignore[arg-type]
        if isinstance(answer, Refusal):
            continue
        assert answer.state.counters.covers(state.counters)
        if answer.state.billed is not None and answer.state.last_day is not None:
            assert answer.state.billed <= answer.state.last_day
        if state.phase is SupplyPhase.SETTLED:
            assert answer.state == state
        state = answer.state


OPENED = DisputeOpened(CHANNEL, HEAD, 500, "my panels fed in more than that", FIRST)


def opened() -> Dispute:
    answer = open_dispute(OPENED)
    assert isinstance(answer, Step)
    assert answer.effects == (PlaceHold(HEAD, 500),)
    return answer.state


def answered() -> Dispute:
    answer = step_dispute(opened(), Answered("the wires company read the same", day(3)))
    assert isinstance(answer, Step)
    assert answer.effects == ()
    return answer.state


def test_a_dispute_that_is_upheld_gives_a_credit_note_and_lifts_its_hold() -> None:
    for state in (opened(), answered()):
        answer = step_dispute(state, Upheld(120, day(4)))
        assert isinstance(answer, Step)
        issued, lifted = answer.effects
        assert isinstance(issued, IssueCreditNote)
        assert lifted == LiftHold(HEAD)
        assert answer.state.note == issued.note
        assert (issued.note.amount_ubolt, issued.note.head) == (120, HEAD)
        assert len(issued.note.digest) == 32
        assert answer.state.phase is DisputePhase.UPHELD


def test_a_dispute_is_rejected_only_after_an_answer_and_withdrawn_at_any_time() -> None:
    rejected = step_dispute(answered(), Rejected(day(4)))
    assert isinstance(rejected, Step)
    assert (rejected.state.phase, rejected.effects) == (DisputePhase.REJECTED, (LiftHold(HEAD),))
    assert step_dispute(opened(), Rejected(day(4))) == Refusal(DisputeRefusal.NOT_ANSWERED)
    for state in (opened(), answered()):
        withdrawn = step_dispute(state, DisputeWithdrawn(day(4)))
        assert isinstance(withdrawn, Step)
        assert withdrawn.state.phase is DisputePhase.WITHDRAWN


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (Answered("again", day(4)), DisputeRefusal.ANSWERED_ALREADY),
        (Upheld(0, day(4)), DisputeRefusal.AMOUNT_PAST_DISPUTE),
        (Upheld(501, day(4)), DisputeRefusal.AMOUNT_PAST_DISPUTE),
        (Rejected(day(2)), DisputeRefusal.DAY_BEFORE),
    ],
)
def test_an_answered_dispute_refuses(fact: object, reason: DisputeRefusal) -> None:
    assert step_dispute(answered(), fact) == Refusal(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("words", ["", "  \n", "x" * 2_001])
def test_grounds_and_findings_have_words(words: str) -> None:
    empty = DisputeOpened(CHANNEL, HEAD, 500, words, FIRST)
    assert open_dispute(empty) == Refusal(DisputeRefusal.NO_WORDS)
    assert step_dispute(opened(), Answered(words, day(1))) == Refusal(DisputeRefusal.NO_WORDS)


@pytest.mark.parametrize("end", [Upheld(1, day(4)), Rejected(day(4)), DisputeWithdrawn(day(4))])
def test_a_closed_dispute_stays_closed(end: object) -> None:
    closed = step_dispute(answered(), end)  # type: ignore[arg-type]
    assert isinstance(closed, Step)
    for fact in (Answered("x", day(5)), Upheld(1, day(5)), Rejected(day(5))):
        assert step_dispute(closed.state, fact) == Refusal(DisputeRefusal.CLOSED)


def test_an_answer_is_overdue_after_21_days_and_only_until_it_comes() -> None:
    """16 TAC 25.485(d)."""
    assert not is_overdue(opened(), day(ANSWER_WITHIN_DAYS))
    assert is_overdue(opened(), day(ANSWER_WITHIN_DAYS + 1))
    assert not is_overdue(answered(), day(90))


@pytest.mark.parametrize("table", [SUPPLY_TABLE, DISPUTE_TABLE], ids=["supply", "dispute"])
def test_the_docs_hold_the_tables_as_they_are_drawn(table: object) -> None:
    assert draw(table) in DOCS.read_text()  # type: ignore[arg-type]
