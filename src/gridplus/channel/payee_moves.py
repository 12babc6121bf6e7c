"""The hub's side of a channel: every move it can make, and the table of them."""

from dataclasses import replace
from typing import TypeAlias

from gridplus.channel.counters import Counters
from gridplus.channel.facts import (
    Acknowledge,
    AcknowledgementSent,
    Billed,
    ChainSeen,
    Claimed,
    CreditStored,
    DayEnded,
    ExitStarted,
    Metered,
    Presented,
    Restated,
    ResumeExtending,
    SendBill,
    SignCredit,
    StopExtending,
    StoreCredit,
    StoreVoucher,
    SubmitClaim,
    VoucherReceived,
    VoucherStored,
)
from gridplus.channel.payee import (
    Payee,
    PayeeRefusal,
    Phase,
    Stopped,
    check_voucher,
)
from gridplus.channel.promises import Bill, Credit, Voucher, counters_of, earned_of, newer
from gridplus.channel.table import Refusal, Row, Step, Table
from gridplus.failures import invariant
from gridplus.units import Interval
from gridplus.wallet import credit_digest

PayeeFact: TypeAlias = (
    Metered
    | Billed
    | Restated
    | CreditStored
    | VoucherReceived
    | VoucherStored
    | AcknowledgementSent
    | DayEnded
    | ChainSeen
    | Presented
)
PayeeEffect: TypeAlias = (
    SignCredit
    | SendBill
    | StoreVoucher
    | StoreCredit
    | Acknowledge
    | SubmitClaim
    | StopExtending
    | ResumeExtending
)
PayeeStep: TypeAlias = Step[Payee, PayeeEffect]
PayeeAnswer: TypeAlias = PayeeStep | Refusal[PayeeRefusal]


def step_payee(state: Payee, fact: PayeeFact, *, now_s: int) -> PayeeAnswer:
    """What `fact` makes of the channel. `now_s`: seconds since 1970, for the record of a stop."""
    answer = _apply(state, fact)
    if isinstance(answer, Refusal):
        return answer
    done = _watch(answer, now_s)
    _require_marks(done.state)
    PAYEE_TABLE.require(state.phase, fact, after=done.state.phase, effects=done.effects)
    return done


def recover_payee(
    local: Payee, presented: Presented, *, chain: ChainSeen, now_s: int
) -> PayeeAnswer:
    """After a crash or from an old backup: max(local, what the home presents signed, chain)."""
    seen = step_payee(local, chain, now_s=now_s)
    if isinstance(seen, Refusal):
        return seen
    answer = step_payee(seen.state, presented, now_s=now_s)
    if isinstance(answer, Refusal):
        return answer
    return Step(answer.state, (*seen.effects, *answer.effects))


def _apply(state: Payee, fact: PayeeFact) -> PayeeAnswer:
    match fact:
        case Metered():
            return _metered(state, fact.interval)
        case Billed():
            return _billed(state, fact.bill)
        case Restated():
            return _restated(state, fact.bill)
        case CreditStored():
            return _credit_stored(state, fact.credit)
        case VoucherReceived():
            return _voucher_received(state, fact.voucher)
        case VoucherStored():
            return _voucher_stored(state, fact.voucher)
        case AcknowledgementSent():
            return _acknowledgement_sent(state, fact.counters)
        case DayEnded():
            return Step(state, _claim(state))
        case Presented():
            return _presented(state, fact)
        case ChainSeen():
            return _chain_seen(state, fact)


def _metered(state: Payee, interval: Interval) -> PayeeAnswer:
    if interval == state.metered:
        return Step(state, () if state.phase is Phase.METERED else _offer(state))
    if state.stopped is not None and interval.start_s >= state.stopped.since_s:
        return _refuse(state, PayeeRefusal.EXTENDING_STOPPED)
    if state.phase is Phase.METERED:
        return _refuse(state, PayeeRefusal.READ_WAITS)
    if state.metered is not None and interval.start_s < state.metered.end_s:
        return _refuse(state, PayeeRefusal.READ_OUT_OF_ORDER)
    return Step(replace(state, metered=interval))


def _billed(state: Payee, bill: Bill) -> PayeeAnswer:
    asked = state.bill.counters
    if bill.head == state.bill.head:
        return Step(state, _offer(state))
    if state.phase is not Phase.METERED or bill.interval != state.metered:
        return _refuse(state, PayeeRefusal.NOTHING_METERED)
    reason = _check_link(state, bill)
    if reason is not None:
        return _refuse(state, reason)
    more = bill.counters.spent_ubolt - asked.spent_ubolt
    billed = replace(state, bill=bill, interval_ubolt=more)
    return Step(billed, _offer(billed))


def _restated(state: Payee, link: Bill) -> PayeeAnswer:
    if link.head == state.bill.head:
        return Step(state, _offer(state))
    if state.phase is Phase.METERED:
        return _refuse(state, PayeeRefusal.READ_WAITS)
    if state.bill.interval is None:
        return _refuse(state, PayeeRefusal.NOTHING_METERED)
    reason = _check_link(state, link)
    if reason is not None:
        return _refuse(state, reason)
    restated = replace(state, bill=replace(link, interval=state.bill.interval))
    return Step(restated, _offer(restated))


def _check_link(state: Payee, bill: Bill) -> PayeeRefusal | None:
    """Whether `bill` follows the newest link, and the chain would pay it."""
    asked, counters = state.bill.counters, bill.counters
    if bill.previous_head != state.bill.head:
        return PayeeRefusal.BILL_NOT_CHAINED
    if not counters.covers(asked):
        return PayeeRefusal.BILL_FELL
    ceiling = state.view.ceiling_with(counters.earned_ubolt)
    if counters.spent_ubolt > max(asked.spent_ubolt, ceiling):
        return PayeeRefusal.BILL_PAST_CEILING
    return None


def _offer(state: Payee) -> tuple[PayeeEffect, ...]:
    bill, credit = state.bill, state.credit
    earned = bill.counters.earned_ubolt
    if earned > state.credited:
        terms = state.terms
        digest = credit_digest(terms.domain, terms.channel, earned=earned, bill_head=bill.head)
        return (SignCredit(earned, bill.head, digest),)
    own = credit if credit is not None and credit.bill_head == bill.head else None
    return (SendBill(bill, own),)


def _credit_stored(state: Payee, credit: Credit) -> PayeeAnswer:
    if not credit.is_valid(state.terms):
        return _refuse(state, PayeeRefusal.FOREIGN_CREDIT)
    if credit.earned <= earned_of(state.credit):
        return Step(state)
    stored = replace(state, credit=credit)
    return Step(stored, _offer(stored) if credit.bill_head == stored.bill.head else ())


def _voucher_received(state: Payee, voucher: Voucher) -> PayeeAnswer:
    reason = check_voucher(state, voucher)
    if reason is not None:
        return _refuse(state, reason)
    if voucher.counters != counters_of(state.accepted):
        return Step(replace(state, accepted=voucher), (StoreVoucher(voucher),))
    waits = counters_of(state.accepted) != counters_of(state.durable)
    return Step(state, () if waits else (Acknowledge(voucher.counters),))


def _voucher_stored(state: Payee, voucher: Voucher) -> PayeeAnswer:
    durable = newer(state.durable, voucher)
    stored = replace(state, durable=durable, accepted=newer(state.accepted, durable))
    return Step(stored, (Acknowledge(durable.counters), *_claim_if_leaving(stored)))


def _acknowledgement_sent(state: Payee, counters: Counters) -> PayeeAnswer:
    return Step(replace(state, acknowledged=state.acknowledged.merge(counters)))


def _chain_seen(state: Payee, fact: ChainSeen) -> PayeeAnswer:
    if fact.block < state.seen.block or not fact.view.counters.covers(state.view.counters):
        return _refuse(state, PayeeRefusal.STALE_VIEW)
    after = replace(state, seen=fact)
    return Step(after, _claim_if_leaving(after))


def _presented(state: Payee, fact: Presented) -> PayeeAnswer:
    after, effects = state, list[PayeeEffect]()
    if fact.credit is not None:
        if not fact.credit.is_valid(state.terms):
            return _refuse(state, PayeeRefusal.FOREIGN_CREDIT)
        if fact.credit.earned > earned_of(state.credit):
            after = replace(after, credit=fact.credit)
            effects.append(StoreCredit(fact.credit))
    if fact.voucher is not None and not counters_of(after.accepted).covers(fact.voucher.counters):
        # A home signs only bills that this hub made: its voucher proves the bills we forgot.
        proven = after.bill.counters.merge(fact.voucher.counters)
        after = replace(after, bill=replace(after.bill, counters=proven))
        reason = check_voucher(after, fact.voucher)
        if reason is not None:
            return _refuse(state, reason)
        after = replace(after, accepted=fact.voucher)
        effects.append(StoreVoucher(fact.voucher))
    return Step(after, tuple(effects))


def _claim(state: Payee) -> tuple[PayeeEffect, ...]:
    durable = state.durable
    if durable is None or state.view.counters.covers(durable.counters):
        return ()
    return (SubmitClaim(durable),)


def _claim_if_leaving(state: Payee) -> tuple[PayeeEffect, ...]:
    return _claim(state) if state.view.exit_started else ()


def _refuse(state: Payee, reason: PayeeRefusal) -> Refusal[PayeeRefusal]:
    """A stranger learns no counters; the home learns only what is durable (I-CH-4)."""
    stranger = reason is PayeeRefusal.WRONG_SIGNER
    return Refusal(reason, None if stranger else counters_of(state.durable))


def _watch(step: PayeeStep, now_s: int) -> PayeeStep:
    """Stop or resume selling when the reason to do so has changed."""
    state = step.state
    stopped, reason = state.stopped, state.stop_reason
    if reason is (None if stopped is None else stopped.reason):
        return step
    if reason is None:
        return Step(replace(state, stopped=None), (*step.effects, ResumeExtending()))
    since_s = now_s if stopped is None else stopped.since_s
    state = replace(state, stopped=Stopped(reason, since_s))
    return Step(state, (*step.effects, StopExtending(reason)))


def _require_marks(state: Payee) -> None:
    accepted, durable = counters_of(state.accepted), counters_of(state.durable)
    invariant(durable.covers(state.acknowledged), "only durable vouchers are acknowledged (I-CH-4)")
    invariant(accepted.covers(durable), "only accepted vouchers are stored (I-CH-4)")
    invariant(state.bill.counters.covers(accepted), "no voucher pays more than billed (I-CH-5)")


_ANY = tuple(Phase)
_WITHOUT_WAITING = tuple(phase for phase in Phase if phase is not Phase.METERED)
_UNPAID = (Phase.BILLED, Phase.SIGNED, Phase.DURABLE, Phase.ACKNOWLEDGED)
_COVERED = (Phase.SIGNED, Phase.DURABLE, Phase.ACKNOWLEDGED, Phase.CLAIMED)

PAYEE_TABLE = Table(
    title="Payee: the hub's side",
    phases=Phase,
    anywhere=(StopExtending, ResumeExtending),
    refusals=PayeeRefusal,
    rows=(
        Row(Metered, _WITHOUT_WAITING, (Phase.METERED,), (), "a new interval was read"),
        Row(Metered, _ANY, (), (SendBill, SignCredit), "the newest again: so is its offer"),
        Row(Billed, (Phase.METERED,), (Phase.BILLED,), (SendBill, SignCredit), "it asks for more"),
        Row(Billed, (Phase.METERED,), _COVERED, (SendBill,), "the interval moved no money"),
        Row(Billed, _ANY, (), (SendBill, SignCredit), "the newest again"),
        Row(
            Restated,
            _WITHOUT_WAITING,
            (Phase.BILLED,),
            (SendBill, SignCredit),
            "earlier bills are corrected: it asks for more",
        ),
        Row(Restated, _ANY, (), (SendBill, SignCredit), "it moved no money, or comes again"),
        Row(CreditStored, _ANY, (), (SendBill,), "the credit goes out with its bill"),
        Row(
            VoucherReceived, (Phase.BILLED,), (Phase.SIGNED,), (StoreVoucher,), "it covers the bill"
        ),
        Row(
            VoucherReceived,
            _ANY,
            (),
            (StoreVoucher, Acknowledge),
            "a part is kept, the newest is answered again",
        ),
        Row(
            VoucherStored,
            (Phase.SIGNED,),
            (Phase.DURABLE,),
            (Acknowledge, SubmitClaim),
            "durable before acknowledged; claimed at once if the home is leaving",
        ),
        Row(
            VoucherStored,
            (Phase.BILLED,),
            (Phase.DURABLE,),
            (Acknowledge, SubmitClaim),
            "the same, in a replay of the journal",
        ),
        Row(VoucherStored, _ANY, (), (Acknowledge, SubmitClaim), "an older bill's"),
        Row(AcknowledgementSent, (Phase.DURABLE,), (Phase.ACKNOWLEDGED,), (), "the home knows"),
        Row(AcknowledgementSent, _ANY, (), (), "an older bill's"),
        Row(DayEnded, _ANY, (), (SubmitClaim,), "claimed in one batch with the other homes"),
        Row(Claimed, _UNPAID, (Phase.CLAIMED,), (SubmitClaim,), "the chain has paid the bill"),
        Row(ChainSeen, _UNPAID, (Phase.CLAIMED,), (SubmitClaim,), "the same, its log not seen"),
        Row(ExitStarted, _ANY, (), (SubmitClaim,), "stop selling, claim within the window"),
        Row(ChainSeen, _ANY, (), (SubmitClaim,), "what saturated stays claimable"),
        Row(
            Presented,
            _ANY,
            _ANY,
            (StoreCredit, StoreVoucher),
            "max(local, what the home presents signed, chain)",
        ),
    ),
)
