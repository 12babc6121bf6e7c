"""The agent's side of a channel: every move it can make, and the table of them."""

from dataclasses import replace
from typing import TypeAlias

from gridplus.channel.counters import Counters
from gridplus.channel.facts import (
    Acknowledged,
    BillAgreed,
    BillChecked,
    ChainSeen,
    ExitStarted,
    HubCaughtUp,
    HubUnreachable,
    PostCredit,
    Presented,
    RestatementAgreed,
    RestatementChecked,
    SignVoucher,
    SubmitVoucher,
    VoucherSigned,
)
from gridplus.channel.payer import Payer, PayerPhase, PayerRefusal, check_bill, check_chained
from gridplus.channel.promises import Credit, Voucher, counters_of, earned_of, newer
from gridplus.channel.table import Refusal, Row, Step, Table
from gridplus.failures import invariant
from gridplus.wallet import voucher_digest

PayerFact: TypeAlias = (
    BillChecked
    | RestatementChecked
    | VoucherSigned
    | Acknowledged
    | HubUnreachable
    | HubCaughtUp
    | ChainSeen
    | Presented
)
PayerEffect: TypeAlias = SignVoucher | SubmitVoucher | PostCredit
PayerStep: TypeAlias = Step[Payer, PayerEffect]
PayerAnswer: TypeAlias = PayerStep | Refusal[PayerRefusal]


def step_payer(state: Payer, fact: PayerFact, *, now_s: int) -> PayerAnswer:
    """What `fact` makes of the channel. `now_s`: seconds since 1970, when grace begins."""
    answer = _apply(state, fact, now_s=now_s)
    if isinstance(answer, Refusal):
        return answer
    after = answer.state
    signed = counters_of(after.signed)
    invariant(after.bill.counters.covers(signed), "only checked bills are signed (I-CH-6)")
    invariant(signed.covers(after.acknowledged), "only what we signed is acknowledged (I-CH-4)")
    PAYER_TABLE.require(state.phase, fact, after=after.phase, effects=answer.effects)
    return answer


def recover_payer(
    local: Payer, presented: Presented, *, chain: ChainSeen, now_s: int
) -> PayerAnswer:
    """After a crash or a new box: max(local, what the hub presents signed by us, chain)."""
    seen = step_payer(local, chain, now_s=now_s)
    if isinstance(seen, Refusal):
        return seen
    answer = step_payer(seen.state, presented, now_s=now_s)
    if isinstance(answer, Refusal):
        return answer
    return Step(answer.state, (*seen.effects, *answer.effects))


def _apply(state: Payer, fact: PayerFact, *, now_s: int) -> PayerAnswer:
    match fact:
        case BillChecked():
            return _bill_checked(state, fact)
        case RestatementChecked():
            link = replace(fact.bill, interval=state.bill.interval)
            return _bill_checked(state, replace(fact, bill=link))
        case VoucherSigned():
            return _voucher_signed(state, fact.voucher)
        case Acknowledged():
            return _acknowledged(state, fact.counters)
        case HubUnreachable():
            since_s = now_s if state.grace_since_s is None else state.grace_since_s
            return Step(replace(state, grace_since_s=since_s))
        case HubCaughtUp():
            back = replace(state, grace_since_s=None)
            return Step(back, _push(back))
        case Presented():
            return _presented(state, fact)
        case ChainSeen():
            return _chain_seen(state, fact)


def _bill_checked(state: Payer, fact: BillChecked | RestatementChecked) -> PayerAnswer:
    if fact.mismatch is None and fact.bill == state.bill:
        return Step(state, _push(state))
    durable = isinstance(fact, BillAgreed | RestatementAgreed)
    reason = check_chained(state, fact.bill) if durable else check_bill(state, fact)
    if reason is not None:
        return Refusal(reason, counters_of(state.signed))
    after = replace(state, bill=fact.bill, credit=_larger(state.credit, fact.credit))
    return Step(after, _push(after))


def _push(state: Payer) -> tuple[PayerEffect, ...]:
    """The next thing that brings the newest bill to its acknowledgement."""
    match state.phase:
        case PayerPhase.CHECKED:
            terms, asked = state.terms, state.bill.counters
            spent, earned = asked.spent_ubolt, asked.earned_ubolt
            digest = voucher_digest(terms.domain, terms.cfg, spent=spent, earned=earned)
            return (SignVoucher(terms.cfg, spent, earned, digest),)
        case PayerPhase.SIGNED if state.signed is not None:
            return (SubmitVoucher(state.signed),)
        case _:
            return ()


def _voucher_signed(state: Payer, voucher: Voucher) -> PayerAnswer:
    invariant(voucher.is_valid(state.terms), "our key store signs with this channel's voucher key")
    after = replace(state, signed=newer(state.signed, voucher))
    return Step(after, () if state.phase is PayerPhase.GRACE else (SubmitVoucher(voucher),))


def _acknowledged(state: Payer, counters: Counters) -> PayerAnswer:
    signed = counters_of(state.signed)
    if not signed.covers(counters):
        return Refusal(PayerRefusal.ACKNOWLEDGED_UNSIGNED, signed)
    return Step(replace(state, acknowledged=state.acknowledged.merge(counters)))


def _chain_seen(state: Payer, fact: ChainSeen) -> PayerAnswer:
    if fact.block < state.seen.block or not fact.view.counters.covers(state.view.counters):
        return Refusal(PayerRefusal.STALE_VIEW, counters_of(state.signed))
    after, credit = replace(state, seen=fact), state.credit
    if credit is None or not fact.view.exit_started or credit.earned <= fact.view.word.earned:
        return Step(after)
    return Step(after, (PostCredit(credit),))


def _presented(state: Payer, fact: Presented) -> PayerAnswer:
    after, credit, voucher = state, fact.credit, fact.voucher
    if credit is not None:
        if not credit.is_valid(state.terms):
            return Refusal(PayerRefusal.CREDIT_FOREIGN, counters_of(state.signed))
        after = replace(after, credit=_larger(state.credit, credit))
    if voucher is not None:
        agreed, ours = after.bill.counters, voucher.counters
        fits = agreed.covers(ours) or ours.covers(agreed)
        if not fits or not voucher.is_valid(state.terms):
            return Refusal(PayerRefusal.NOT_OUR_VOUCHER, counters_of(state.signed))
        # We sign only bills that we checked: our signature proves the bills that we forgot.
        bill = replace(after.bill, counters=agreed.merge(ours))
        after = replace(after, signed=newer(after.signed, voucher), bill=bill)
    return Step(after, _push(after))


def _larger(old: Credit | None, new: Credit | None) -> Credit | None:
    return new if new is not None and new.earned > earned_of(old) else old


_ANY = tuple(PayerPhase)
_ONLINE = tuple(phase for phase in PayerPhase if phase is not PayerPhase.GRACE)
_BILLED = (PayerPhase.CHECKED, PayerPhase.SIGNED, PayerPhase.ACKNOWLEDGED)

PAYER_TABLE = Table(
    title="Payer: the agent's side",
    phases=PayerPhase,
    anywhere=(),
    refusals=PayerRefusal,
    rows=(
        Row(BillChecked, _ONLINE, (PayerPhase.CHECKED,), (SignVoucher,), "it is our result too"),
        Row(BillChecked, (PayerPhase.OPEN,), (PayerPhase.ACKNOWLEDGED,), (), "it asks for nothing"),
        Row(
            BillChecked,
            (PayerPhase.SIGNED, PayerPhase.ACKNOWLEDGED),
            (),
            (SubmitVoucher,),
            "the interval moved no money, or its bill came again",
        ),
        Row(BillChecked, (PayerPhase.GRACE,), (), (), "one voucher will cover all"),
        Row(
            RestatementChecked,
            _ONLINE,
            (PayerPhase.CHECKED,),
            (SignVoucher,),
            "earlier bills are corrected, and it is our result too",
        ),
        Row(RestatementChecked, _ONLINE, (), (SubmitVoucher,), "it moved no money, or came again"),
        Row(RestatementChecked, (PayerPhase.GRACE,), (), (), "one voucher will cover all"),
        Row(VoucherSigned, (PayerPhase.CHECKED,), (PayerPhase.SIGNED,), (SubmitVoucher,), "sent"),
        Row(VoucherSigned, _ANY, (), (SubmitVoucher,), "an older bill's"),
        Row(Acknowledged, (PayerPhase.SIGNED,), (PayerPhase.ACKNOWLEDGED,), (), "the hub has it"),
        Row(Acknowledged, _ANY, (), (), "an older bill's"),
        Row(HubUnreachable, _ONLINE, (PayerPhase.GRACE,), (), "reads are kept, plans go on"),
        Row(HubUnreachable, (PayerPhase.GRACE,), (), (), "still"),
        Row(
            HubCaughtUp,
            (PayerPhase.GRACE,),
            (PayerPhase.OPEN, *_BILLED),
            (SignVoucher, SubmitVoucher),
            "one voucher for all",
        ),
        Row(HubCaughtUp, _ONLINE, (), (SignVoucher, SubmitVoucher), "what is due is done again"),
        Row(ExitStarted, _ANY, (), (PostCredit,), "our credit goes on chain within the window"),
        Row(ChainSeen, _ANY, (), (PostCredit,), "deposit, cap and posted credit"),
        Row(
            Presented,
            _ANY,
            _ANY,
            (SignVoucher, SubmitVoucher),
            "max(local, what the hub presents signed by us, chain)",
        ),
    ),
)
