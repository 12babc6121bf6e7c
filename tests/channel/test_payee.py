"""The hub's side, fact by fact: what it does, and what it refuses beside it."""

from dataclasses import replace

import pytest

from gridplus.channel import (
    NOTHING,
    Acknowledge,
    AcknowledgementSent,
    Billed,
    Claimed,
    Counters,
    CreditStored,
    DayEnded,
    ExitStarted,
    Metered,
    Payee,
    PayeeRefusal,
    Phase,
    Presented,
    Refusal,
    ResumeExtending,
    SendBill,
    SignCredit,
    Step,
    Stop,
    StopExtending,
    StoreCredit,
    StoreVoucher,
    SubmitClaim,
    Voucher,
    VoucherReceived,
    VoucherStored,
    recover_payee,
    step_payee,
)
from gridplus.failures import Bug
from gridplus.wallet import Cfg
from tests.channel.scene import (
    BOLT,
    LATER_S,
    LEAVING,
    MALLORY,
    OTHER_CHAIN,
    OTHER_VAULT,
    START_S,
    TODAY,
    UNSIGNED_LIMIT,
    WORD,
    bill,
    billed,
    credit,
    hub_refuses,
    hub_step,
    interval,
    new_payee,
    seen,
    stored,
    voucher,
)


def test_an_interval_lives_from_its_read_to_its_claim() -> None:
    state = new_payee()
    assert state.phase is Phase.OPEN
    state = hub_step(state, Metered(interval(0))).state
    assert state.phase is Phase.METERED
    made = bill(state.bill, 0, spent=300)
    step = hub_step(state, Billed(made))
    assert step.state.phase is Phase.BILLED
    assert step.effects == (SendBill(made, None),)
    promise = voucher(300)
    step = hub_step(step.state, VoucherReceived(promise))
    assert step.state.phase is Phase.SIGNED
    assert step.effects == (StoreVoucher(promise),)
    step = hub_step(step.state, VoucherStored(promise))
    assert step.state.phase is Phase.DURABLE
    assert step.effects == (Acknowledge(Counters(300, 0)),)
    state = hub_step(step.state, AcknowledgementSent(Counters(300, 0))).state
    assert state.phase is Phase.ACKNOWLEDGED
    assert hub_step(state, DayEnded()).effects == (SubmitClaim(promise),)
    paid = seen(replace(WORD, spent=300), block=2)
    step = hub_step(state, Claimed(paid.view, paid.block))
    assert step.state.phase is Phase.CLAIMED
    assert hub_step(step.state, DayEnded()).effects == ()


def test_credit_is_signed_and_stored_before_its_bill_goes_out() -> None:
    state = hub_step(new_payee(), Metered(interval(0))).state
    made = bill(state.bill, 0, spent=0, earned=40)
    step = hub_step(state, Billed(made))
    (ask,) = step.effects
    assert isinstance(ask, SignCredit)
    assert (ask.earned, ask.bill_head) == (40, made.head)
    assert hub_refuses(step.state, VoucherReceived(voucher(0, 40))) is PayeeRefusal.PAST_CREDIT
    given = credit(made.head, 40)
    step = hub_step(step.state, CreditStored(given))
    assert step.effects == (SendBill(made, given),)
    assert hub_step(step.state, VoucherReceived(voucher(0, 40))).state.phase is Phase.SIGNED


def test_a_credit_that_this_hub_did_not_sign_is_refused() -> None:
    state = hub_step(new_payee(), Metered(interval(0))).state
    made = bill(state.bill, 0, spent=0, earned=40)
    state = hub_step(state, Billed(made)).state
    forged = CreditStored(credit(made.head, 40, key=MALLORY))
    assert hub_refuses(state, forged) is PayeeRefusal.FOREIGN_CREDIT
    old = CreditStored(credit(made.head, 0))
    assert hub_step(state, old).state == state


def twin(kind: str, state_spent: int) -> Voucher:
    """A voucher for 300 that is wrong in one way; 200 are stored and 300 billed."""
    good = voucher(300)
    flipped = good.signature[:10] + bytes([good.signature[10] ^ 1]) + good.signature[11:]
    return {
        "wrong signer": voucher(300, key=MALLORY),
        "other vault": voucher(300, domain=OTHER_VAULT),
        "other chain": voucher(300, domain=OTHER_CHAIN),
        "other home": voucher(300, cfg=Cfg(bytes(32))),
        "flipped bit": replace(good, signature=flipped),
        "cut signature": replace(good, signature=good.signature[:63]),
        "changed amount": replace(good, spent=299),
        "lower": voucher(state_spent - 1),
        "higher": voucher(301),
        "own credit": voucher(300, 1),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("wrong signer", PayeeRefusal.WRONG_SIGNER),
        ("other vault", PayeeRefusal.WRONG_SIGNER),
        ("other chain", PayeeRefusal.WRONG_SIGNER),
        ("other home", PayeeRefusal.WRONG_SIGNER),
        ("flipped bit", PayeeRefusal.WRONG_SIGNER),
        ("cut signature", PayeeRefusal.WRONG_SIGNER),
        ("changed amount", PayeeRefusal.WRONG_SIGNER),
        ("lower", PayeeRefusal.SPENT_FELL),
        ("higher", PayeeRefusal.PAST_BILL),
        ("own credit", PayeeRefusal.PAST_CREDIT),
    ],
)
def test_each_twin_of_a_voucher_is_refused_by_name(kind: str, reason: PayeeRefusal) -> None:
    """I-CH-5"""
    state = billed(stored(billed(new_payee(), 0, spent=200), 200), 1, spent=300)
    answer = step_payee(state, VoucherReceived(twin(kind, 200)), now_s=LATER_S)
    assert isinstance(answer, Refusal)
    assert answer.reason is reason
    stranger = reason is PayeeRefusal.WRONG_SIGNER
    assert answer.newest == (None if stranger else Counters(200, 0))
    assert hub_step(state, VoucherReceived(voucher(300))).state.phase is Phase.SIGNED


def test_earned_never_falls() -> None:
    """I-CH-1"""
    state = stored(billed(new_payee(), 0, spent=10, earned=40), 10, 40)
    state = billed(state, 1, spent=20, earned=40)
    assert hub_refuses(state, VoucherReceived(voucher(20, 39))) is PayeeRefusal.EARNED_FELL
    assert hub_step(state, VoucherReceived(voucher(20, 40))).state.phase is Phase.SIGNED


def test_an_equal_voucher_is_acknowledged_again_even_by_another_signature() -> None:
    state = stored(billed(new_payee(), 0, spent=200), 200)
    again = hub_step(state, VoucherReceived(voucher(200)))
    assert again.state == state
    assert again.effects == (Acknowledge(Counters(200, 0)),)


def test_nothing_is_answered_while_the_disk_is_busy() -> None:
    """I-CH-4"""
    promise = VoucherReceived(voucher(200))
    state = hub_step(billed(new_payee(), 0, spent=200), promise).state
    again = hub_step(state, promise)
    assert again == Step(state)
    lower = step_payee(state, VoucherReceived(voucher(199)), now_s=LATER_S)
    assert lower == Refusal(PayeeRefusal.SPENT_FELL, NOTHING)


def test_acknowledging_what_is_not_durable_crashes() -> None:
    """I-CH-4"""
    state = hub_step(billed(new_payee(), 0, spent=200), VoucherReceived(voucher(200))).state
    with pytest.raises(Bug, match="I-CH-4"):
        step_payee(state, AcknowledgementSent(Counters(200, 0)), now_s=LATER_S)


def test_a_part_of_a_bill_is_kept_and_one_voucher_may_cover_many_bills() -> None:
    state = billed(billed(billed(new_payee(), 0, spent=100), 1, spent=250), 2, spent=300)
    state = stored(state, 101)
    assert state.phase is Phase.BILLED
    assert stored(state, 300).phase is Phase.DURABLE


def test_an_interval_that_moves_no_money_needs_no_voucher() -> None:
    state = stored(billed(new_payee(), 0, spent=100), 100)
    assert billed(state, 1, spent=100).phase is Phase.DURABLE


def test_a_read_repeated_gets_the_same_offer_and_others_wait_their_turn() -> None:
    state = billed(new_payee(), 4, spent=100)
    assert hub_step(state, Metered(interval(4))).effects == (SendBill(state.bill, None),)
    assert hub_refuses(state, Metered(interval(3))) is PayeeRefusal.READ_OUT_OF_ORDER
    waiting = hub_step(state, Metered(interval(5))).state
    assert hub_step(waiting, Metered(interval(5))) == Step(waiting)
    assert hub_refuses(waiting, Metered(interval(6))) is PayeeRefusal.READ_WAITS


def test_an_offer_whose_credit_was_lost_in_a_crash_asks_for_it_again() -> None:
    state = hub_step(new_payee(), Metered(interval(0))).state
    made = bill(state.bill, 0, spent=0, earned=40)
    state = hub_step(state, Billed(made)).state
    (ask,) = hub_step(state, Metered(interval(0))).effects
    assert isinstance(ask, SignCredit)


def test_bills_chain_and_never_fall() -> None:
    state = hub_step(billed(new_payee(), 0, spent=100), Metered(interval(1))).state
    good = bill(state.bill, 1, spent=150)
    for bad, reason in (
        (replace(good, previous_head=bytes(32)), PayeeRefusal.BILL_NOT_CHAINED),
        (bill(state.bill, 1, spent=99), PayeeRefusal.BILL_FELL),
        (bill(state.bill, 2, spent=150), PayeeRefusal.NOTHING_METERED),
        (bill(state.bill, 1, spent=21 * BOLT), PayeeRefusal.BILL_PAST_CEILING),
    ):
        assert hub_refuses(state, Billed(bad)) is reason
    state = hub_step(state, Billed(good)).state
    assert hub_step(state, Billed(good)).effects == (SendBill(good, None),)
    assert hub_refuses(state, Billed(bill(good, 2, spent=160))) is PayeeRefusal.NOTHING_METERED


def test_a_voucher_past_what_the_chain_would_pay_is_refused() -> None:
    """I-CH-2"""
    state = billed(new_payee(), 0, spent=20 * BOLT)
    lowered = hub_step(state, seen(replace(WORD, daily_cap=10), block=2)).state
    late = VoucherReceived(voucher(20 * BOLT))
    assert hub_refuses(lowered, late) is PayeeRefusal.PAST_CEILING
    assert hub_step(state, late).state.phase is Phase.SIGNED


def test_the_hub_stops_selling_when_less_than_two_intervals_are_left() -> None:
    state = billed(new_payee(replace(WORD, deposited=10 * BOLT)), 0, spent=3 * BOLT)
    assert state.stopped is None
    state = hub_step(state, Metered(interval(1))).state
    low = hub_step(state, Billed(bill(state.bill, 1, spent=6 * BOLT)), now_s=START_S + 1800)
    assert StopExtending(Stop.HEADROOM_LOW) in low.effects
    # What was consumed before the stop is still billed, what comes after is not sold.
    assert hub_step(low.state, Metered(interval(1))).state == low.state
    assert hub_refuses(low.state, Metered(interval(2))) is PayeeRefusal.EXTENDING_STOPPED
    paid = hub_step(low.state, seen(block=2))
    assert ResumeExtending() in paid.effects
    assert hub_step(paid.state, Metered(interval(2))).state.phase is Phase.METERED


def test_a_channel_without_a_deposit_is_not_sold_to() -> None:
    empty = new_payee(replace(WORD, deposited=0))
    step = hub_step(empty, seen(replace(WORD, deposited=0), block=2), now_s=START_S)
    assert step.effects == (StopExtending(Stop.HEADROOM_LOW),)
    assert hub_refuses(step.state, Metered(interval(0))) is PayeeRefusal.EXTENDING_STOPPED


def test_a_graver_reason_to_stop_does_not_move_the_time_of_the_stop() -> None:
    state = hub_step(billed(new_payee(), 0, spent=19 * BOLT), now_s=START_S).state
    low = hub_step(state, seen(block=2), now_s=START_S + 900).state
    leaving = hub_step(low, seen(LEAVING, block=3), now_s=START_S + 9_000)
    assert leaving.effects == (StopExtending(Stop.EXIT_STARTED),)
    assert leaving.state.stopped is not None
    assert low.stopped is not None
    assert leaving.state.stopped.since_s == low.stopped.since_s


def test_the_hub_lends_only_so_much_without_a_signature() -> None:
    state = new_payee()
    for n in range(3):
        state = billed(state, n, spent=(n + 1) * 3 * BOLT)
    assert state.stopped is None
    state = hub_step(state, Metered(interval(3))).state
    asked = 12 * BOLT
    assert asked > UNSIGNED_LIMIT
    step = hub_step(state, Billed(bill(state.bill, 3, spent=asked)))
    assert step.effects[-1] == StopExtending(Stop.UNSIGNED_PAST_LIMIT)
    promise = voucher(asked)
    step = hub_step(step.state, VoucherReceived(promise), VoucherStored(promise))
    assert step.effects[-1] == ResumeExtending()


def test_the_vouchers_of_a_leaving_home_are_kept_and_claimed_at_once() -> None:
    promise = voucher(200)
    in_flight = hub_step(billed(new_payee(), 0, spent=200), VoucherReceived(promise)).state
    leaving = seen(LEAVING, block=2)
    step = hub_step(in_flight, ExitStarted(leaving.view, leaving.block), now_s=START_S)
    assert step.effects == (StopExtending(Stop.EXIT_STARTED),)
    assert hub_refuses(step.state, Metered(interval(1))) is PayeeRefusal.EXTENDING_STOPPED
    step = hub_step(step.state, VoucherStored(promise))
    assert step.effects == (Acknowledge(Counters(200, 0)), SubmitClaim(promise))
    # The claim is repeated until the chain shows it, and no longer.
    assert hub_step(step.state, seen(LEAVING, block=3)).effects == (SubmitClaim(promise),)
    paid = seen(replace(LEAVING, spent=200), block=4)
    assert hub_step(step.state, paid).effects == ()
    cancelled = hub_step(step.state, seen(block=5))
    assert cancelled.effects == (ResumeExtending(),)


def test_a_mature_exit_leaves_no_room_for_a_voucher() -> None:
    """I-CH-2"""
    state = billed(stored(billed(new_payee(), 0, spent=200), 200), 1, spent=300)
    mature = hub_step(state, seen(LEAVING, today=TODAY + 14, block=2)).state
    assert hub_refuses(mature, VoucherReceived(voucher(300))) is PayeeRefusal.PAST_CEILING
    again = hub_step(mature, VoucherReceived(voucher(200)))
    assert again.effects == (Acknowledge(Counters(200, 0)),)


def test_an_older_sight_of_the_chain_changes_nothing() -> None:
    state = hub_step(new_payee(), seen(replace(WORD, spent=5), block=7)).state
    older = seen(replace(WORD, spent=5, deposited=BOLT), block=6)
    assert hub_refuses(state, older) is PayeeRefusal.STALE_VIEW
    assert hub_refuses(state, seen(block=8)) is PayeeRefusal.STALE_VIEW
    assert hub_step(state, seen(replace(WORD, spent=5), block=7)).state == state


def test_what_saturated_stays_claimable() -> None:
    state = stored(billed(new_payee(), 0, spent=200), 200)
    partly = hub_step(state, seen(replace(WORD, spent=50), block=2)).state
    assert partly.phase is Phase.DURABLE
    assert hub_step(partly, DayEnded()).effects == (SubmitClaim(voucher_of(state)),)


def voucher_of(state: Payee) -> Voucher:
    assert state.durable is not None
    return state.durable


def test_an_old_backup_recovers_the_maximum_of_memory_peer_and_chain() -> None:
    """I-CH-3"""
    backup = billed(new_payee(), 0, spent=200, earned=3)
    held, given = voucher(900, 40), credit(bytes(32), 40)
    chain = seen(replace(WORD, spent=500), block=9)
    step = recover_payee(backup, Presented(held, given), chain=chain, now_s=LATER_S)
    assert isinstance(step, Step)
    assert step.effects == (StoreCredit(given), StoreVoucher(held))
    assert step.state.accepted == held
    assert step.state.credited == 40
    assert step.state.bill.counters == Counters(900, 40)
    older = Presented(voucher(100), credit(bytes(32), 1))
    again = recover_payee(step.state, older, chain=chain, now_s=LATER_S)
    assert again == Step(step.state)


@pytest.mark.parametrize(
    ("presented", "reason"),
    [
        (Presented(voucher(900, 40), None), PayeeRefusal.PAST_CREDIT),
        (Presented(voucher(900, key=MALLORY), None), PayeeRefusal.WRONG_SIGNER),
        (Presented(None, credit(bytes(32), 9 * BOLT, key=MALLORY)), PayeeRefusal.FOREIGN_CREDIT),
        (Presented(voucher(21 * BOLT), None), PayeeRefusal.PAST_CEILING),
    ],
)
def test_a_crash_is_no_chance_to_invent_promises(
    presented: Presented, reason: PayeeRefusal
) -> None:
    backup = billed(new_payee(), 0, spent=200, earned=3)
    answer = recover_payee(backup, presented, chain=seen(block=9), now_s=LATER_S)
    assert isinstance(answer, Refusal)
    assert answer.reason is reason


def test_a_lapsed_exit_lets_the_hub_sell_again() -> None:
    state = hub_step(billed(new_payee(), 0, spent=200), seen(LEAVING, block=2)).state
    step = hub_step(state, seen(LEAVING, today=TODAY + 16, block=3))
    assert ResumeExtending() in step.effects
