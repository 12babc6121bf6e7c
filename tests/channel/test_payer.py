"""The agent's side, fact by fact: what it signs, and what it refuses beside it."""

from dataclasses import replace

import pytest

from gridplus.channel import (
    Acknowledged,
    BillAgreed,
    BillChecked,
    Counters,
    ExitStarted,
    HubCaughtUp,
    HubUnreachable,
    Mismatch,
    PayerPhase,
    PayerRefusal,
    PostCredit,
    Presented,
    Refusal,
    SignVoucher,
    Step,
    SubmitVoucher,
    VoucherSigned,
    recover_payer,
    step_payer,
)
from gridplus.failures import Bug
from gridplus.wallet import voucher_digest
from tests.channel.scene import (
    BOLT,
    CFG,
    DOMAIN,
    LATER_S,
    LEAVING,
    MALLORY,
    OTHER_VAULT,
    TODAY,
    UNPOSTED_LIMIT,
    WORD,
    agent_refuses,
    agent_step,
    bill,
    checked,
    credit,
    new_payer,
    seen,
    signed,
    voucher,
)


def test_a_bill_lives_from_its_check_to_its_acknowledgement() -> None:
    state = new_payer()
    assert state.phase is PayerPhase.OPEN
    step = agent_step(state, checked(state.bill, 0, spent=300))
    assert step.state.phase is PayerPhase.CHECKED
    digest = voucher_digest(DOMAIN, CFG, spent=300, earned=0)
    assert step.effects == (SignVoucher(CFG, 300, 0, digest),)
    promise = voucher(300)
    step = agent_step(step.state, VoucherSigned(promise))
    assert step.state.phase is PayerPhase.SIGNED
    assert step.effects == (SubmitVoucher(promise),)
    step = agent_step(step.state, Acknowledged(Counters(300, 0)))
    assert step.state.phase is PayerPhase.ACKNOWLEDGED
    assert step.effects == ()


def test_a_bill_that_came_again_continues_where_it_stood() -> None:
    state = new_payer()
    fact = checked(state.bill, 0, spent=300)
    state = agent_step(state, fact).state
    (ask,) = agent_step(state, fact).effects
    assert isinstance(ask, SignVoucher)
    state = signed(state)
    (send,) = agent_step(state, fact).effects
    assert isinstance(send, SubmitVoucher)
    state = agent_step(state, Acknowledged(Counters(300, 0))).state
    assert agent_step(state, fact) == Step(state)


@pytest.mark.parametrize(
    ("mismatch", "reason"),
    [
        (Mismatch.READ_DIFFERS, PayerRefusal.READ_DIFFERS),
        (Mismatch.PLAN_DIFFERS, PayerRefusal.PLAN_DIFFERS),
        (Mismatch.PRICE_NOT_PUBLISHED, PayerRefusal.PRICE_NOT_PUBLISHED),
        (Mismatch.CHARGE_DIFFERS, PayerRefusal.CHARGE_DIFFERS),
    ],
)
def test_a_bill_that_differs_from_our_own_is_not_signed(
    mismatch: Mismatch, reason: PayerRefusal
) -> None:
    """I-CH-6"""
    state = new_payer()
    good = checked(state.bill, 0, spent=300)
    assert agent_refuses(state, replace(good, mismatch=mismatch)) is reason
    assert agent_step(state, good).effects != ()
    # Even one that was agreed before: a mismatch is never outvoted.
    agreed = agent_step(state, good).state
    assert agent_refuses(agreed, replace(good, mismatch=mismatch)) is reason


def test_bills_chain_and_never_fall() -> None:
    """I-CH-6"""
    state = agent_step(new_payer(), checked(new_payer().bill, 0, spent=300, earned=9)).state
    skipped = checked(bill(state.bill, 1, spent=400, earned=9), 2, spent=500, earned=9)
    assert agent_refuses(state, skipped) is PayerRefusal.BILL_NOT_CHAINED
    fell = checked(state.bill, 1, spent=299, earned=9)
    assert agent_refuses(state, fell) is PayerRefusal.BILL_FELL
    taken_back = checked(state.bill, 1, spent=400, earned=8)
    assert agent_refuses(state, taken_back) is PayerRefusal.BILL_FELL
    assert agent_step(state, checked(state.bill, 1, spent=400, earned=9)).effects != ()


def test_two_bills_at_one_height_are_not_both_accepted() -> None:
    """I-CH-6"""
    state = new_payer()
    agreed = agent_step(state, checked(state.bill, 0, spent=300)).state
    other = checked(state.bill, 0, spent=301)
    assert agent_refuses(agreed, other) is PayerRefusal.BILL_NOT_CHAINED


def test_a_bill_that_was_agreed_to_is_remembered_whatever_the_chain_shows_by_now() -> None:
    """I-CH-6"""
    used_up = seen(replace(WORD, spent=BOLT, cap_day=TODAY), block=20)
    state = agent_step(new_payer(), used_up).state
    fresh = checked(state.bill, 0, spent=3 * BOLT)
    assert agent_refuses(state, fresh) is PayerRefusal.SPENT_PAST_CAP
    agreed = BillAgreed(fresh.bill, fresh.credit, fresh.mismatch)
    assert agent_step(state, agreed).state.bill == fresh.bill
    unchained = BillAgreed(bill(fresh.bill, 1, spent=4 * BOLT), None, None)
    assert agent_refuses(state, unchained) is PayerRefusal.BILL_NOT_CHAINED


def test_credit_counts_only_with_the_hubs_signature_for_this_bill() -> None:
    """I-CH-7"""
    state = new_payer()
    made = bill(state.bill, 0, spent=0, earned=40)
    good = credit(made.head, 40)
    assert agent_refuses(state, BillChecked(made, None, None)) is PayerRefusal.CREDIT_MISSING
    for bad in (
        credit(made.head, 40, key=MALLORY),
        credit(made.head, 40, domain=OTHER_VAULT),
        credit(made.head, 39),
        credit(bytes(32), 40),
        replace(good, earned=41),
        replace(good, channel=type(good.channel)(bytes(32))),
        replace(good, signature=bytes(64)),
    ):
        assert agent_refuses(state, BillChecked(made, bad, None)) is PayerRefusal.CREDIT_FOREIGN
    assert agent_step(state, BillChecked(made, good, None)).state.credit == good


def test_credit_on_chain_needs_no_signature_any_more() -> None:
    state = agent_step(new_payer(), seen(replace(WORD, earned=40), block=2)).state
    made = bill(state.bill, 0, spent=0, earned=40)
    assert agent_step(state, BillChecked(made, None, None)).state.phase is PayerPhase.CHECKED


def test_the_hub_may_owe_only_so_much_off_chain() -> None:
    """I-CH-7"""
    state, owed = new_payer(), UNPOSTED_LIMIT + 1
    fact = checked(state.bill, 0, spent=0, earned=owed)
    assert agent_refuses(state, fact) is PayerRefusal.UNPOSTED_PAST_LIMIT
    posted = agent_step(state, seen(replace(WORD, earned=1), block=2)).state
    assert agent_step(posted, fact).effects != ()
    # A bill that adds no credit is not held hostage.
    state = agent_step(state, checked(state.bill, 0, spent=0, earned=UNPOSTED_LIMIT)).state
    strict = replace(state, unposted_limit_ubolt=0)
    assert agent_step(strict, checked(state.bill, 1, spent=5, earned=UNPOSTED_LIMIT)).effects != ()


def test_a_bill_past_deposit_or_cap_is_not_signed() -> None:
    """I-CH-2"""
    poor = new_payer(replace(WORD, deposited=7 * BOLT))
    over = checked(poor.bill, 0, spent=7 * BOLT + 1)
    assert agent_refuses(poor, over) is PayerRefusal.SPENT_PAST_DEPOSIT
    assert agent_step(poor, checked(poor.bill, 0, spent=7 * BOLT)).effects != ()
    rich = new_payer()
    over = checked(rich.bill, 0, spent=20 * BOLT + 1)
    assert agent_refuses(rich, over) is PayerRefusal.SPENT_PAST_CAP
    tomorrow = agent_step(rich, seen(today=TODAY + 1, block=2)).state
    assert agent_step(tomorrow, over).effects != ()


def test_a_bill_is_paid_while_we_leave_but_not_once_the_exit_is_mature() -> None:
    """I-CH-2"""
    leaving = new_payer(LEAVING)
    fact = checked(leaving.bill, 0, spent=300)
    assert agent_step(leaving, fact).effects != ()
    mature = agent_step(leaving, seen(LEAVING, today=TODAY + 14, block=2)).state
    assert agent_refuses(mature, fact) is PayerRefusal.EXIT_ARMED


def test_credit_brought_by_the_voucher_is_spendable() -> None:
    poor = new_payer(replace(WORD, deposited=BOLT))
    assert agent_step(poor, checked(poor.bill, 0, spent=BOLT + 40, earned=40)).effects != ()
    over = checked(poor.bill, 0, spent=BOLT + 41, earned=40)
    assert agent_refuses(poor, over) is PayerRefusal.SPENT_PAST_DEPOSIT


def test_after_an_outage_one_voucher_covers_all_bills() -> None:
    state = agent_step(new_payer(), HubUnreachable(), now_s=111).state
    state = agent_step(state, HubUnreachable(), now_s=222).state
    assert state.phase is PayerPhase.GRACE
    assert state.grace_since_s == 111
    for n, spent in enumerate((100, 250, 300)):
        step = agent_step(state, checked(state.bill, n, spent=spent))
        assert step.effects == ()
        state = step.state
    step = agent_step(state, HubCaughtUp())
    (ask,) = step.effects
    assert isinstance(ask, SignVoucher)
    assert ask.spent == 300
    assert step.state.phase is PayerPhase.CHECKED


def test_limits_hold_in_an_outage_too() -> None:
    """I-CH-2"""
    state = agent_step(new_payer(), HubUnreachable()).state
    over = checked(state.bill, 0, spent=21 * BOLT)
    assert agent_refuses(state, over) is PayerRefusal.SPENT_PAST_CAP


def test_a_voucher_whose_answer_was_lost_is_sent_again() -> None:
    state = agent_step(new_payer(), checked(new_payer().bill, 0, spent=300)).state
    state = agent_step(signed(state), HubUnreachable()).state
    (send,) = agent_step(state, HubCaughtUp()).effects
    assert isinstance(send, SubmitVoucher)
    assert send.voucher is state.signed


def test_a_voucher_signed_as_the_hub_went_away_waits_for_its_return() -> None:
    state = agent_step(new_payer(), checked(new_payer().bill, 0, spent=300)).state
    state = agent_step(state, HubUnreachable()).state
    step = agent_step(state, VoucherSigned(voucher(300)))
    assert step.effects == ()
    (send,) = agent_step(step.state, HubCaughtUp()).effects
    assert isinstance(send, SubmitVoucher)


def test_acknowledgements_never_run_ahead_of_our_signatures() -> None:
    """I-CH-4"""
    state = signed(agent_step(new_payer(), checked(new_payer().bill, 0, spent=300)).state)
    forged = Acknowledged(Counters(301, 0))
    assert agent_refuses(state, forged) is PayerRefusal.ACKNOWLEDGED_UNSIGNED
    stale = agent_step(state, Acknowledged(Counters(5, 0))).state
    assert stale.phase is PayerPhase.SIGNED


def test_our_own_key_store_signing_wrongly_crashes() -> None:
    state = agent_step(new_payer(), checked(new_payer().bill, 0, spent=300)).state
    with pytest.raises(Bug, match="key store"):
        step_payer(state, VoucherSigned(voucher(300, key=MALLORY)), now_s=LATER_S)
    with pytest.raises(Bug, match="I-CH-6"):
        step_payer(state, VoucherSigned(voucher(301)), now_s=LATER_S)


def test_a_leaving_home_posts_its_credit_until_the_chain_shows_it() -> None:
    fact = checked(new_payer().bill, 0, spent=0, earned=40)
    state = agent_step(new_payer(), fact).state
    leaving = seen(LEAVING, block=2)
    step = agent_step(state, ExitStarted(leaving.view, leaving.block))
    assert fact.credit is not None
    assert step.effects == (PostCredit(fact.credit),)
    posted = seen(replace(LEAVING, earned=40), block=3)
    assert agent_step(step.state, posted).effects == ()


def test_an_older_sight_of_the_chain_changes_nothing() -> None:
    state = agent_step(new_payer(), seen(replace(WORD, spent=5), block=7)).state
    older = seen(replace(WORD, spent=5, deposited=BOLT), block=6)
    assert agent_refuses(state, older) is PayerRefusal.STALE_VIEW
    assert agent_refuses(state, seen(block=8)) is PayerRefusal.STALE_VIEW


def test_a_new_box_recovers_the_maximum_of_memory_peer_and_chain() -> None:
    """I-CH-3"""
    old = signed(agent_step(new_payer(), checked(new_payer().bill, 0, spent=300)).state)
    held, given = voucher(900, 40), credit(bytes(32), 40)
    chain = seen(replace(WORD, spent=500), block=9)
    step = recover_payer(old, Presented(held, given), chain=chain, now_s=LATER_S)
    assert isinstance(step, Step)
    assert step.state.signed == held
    assert step.state.credit == given
    assert step.effects == (SubmitVoucher(held),)
    again = recover_payer(step.state, Presented(voucher(300), None), chain=chain, now_s=LATER_S)
    assert isinstance(again, Step)
    assert again.state == step.state


@pytest.mark.parametrize(
    ("presented", "reason"),
    [
        (Presented(voucher(900, key=MALLORY), None), PayerRefusal.NOT_OUR_VOUCHER),
        (Presented(voucher(900, 5), None), PayerRefusal.NOT_OUR_VOUCHER),
        (Presented(None, credit(bytes(32), 50, key=MALLORY)), PayerRefusal.CREDIT_FOREIGN),
    ],
)
def test_a_hub_cannot_make_us_remember_what_we_never_signed(
    presented: Presented, reason: PayerRefusal
) -> None:
    state = agent_step(new_payer(), checked(new_payer().bill, 0, spent=300, earned=9)).state
    answer = recover_payer(state, presented, chain=seen(block=2), now_s=LATER_S)
    assert isinstance(answer, Refusal)
    assert answer.reason is reason
