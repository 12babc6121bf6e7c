"""The agent's side of a channel: what it knows, and what it signs. Its moves: `payer_moves`.

The agent signs only bills that it has recomputed itself, each one chained to the last, within the
deposit and the daily cap, and only while the hub does not owe it more than it lets stand unposted.
Source: DESIGN, "The channel protocol".
"""

from dataclasses import dataclass
from enum import Enum

from gridplus.channel.counters import NOTHING, Counters
from gridplus.channel.facts import BillChecked, ChainSeen, Mismatch, RestatementChecked
from gridplus.channel.promises import (
    Bill,
    Credit,
    Terms,
    Voucher,
    counters_of,
    earned_of,
    genesis,
)
from gridplus.channel.view import ChannelView


class PayerPhase(Enum):
    """Where the newest bill stands in the home."""

    OPEN = "no bill yet"
    GRACE = "the hub is unreachable: bills add up, nothing is signed"
    CHECKED = "the newest bill is our own result too; a signature is due"
    SIGNED = "a voucher covers it; the hub has not acknowledged"
    ACKNOWLEDGED = "the hub has it durably"


class PayerRefusal(Enum):
    """What the agent refuses, in the order of its checks. A refused bill is evidence: keep it."""

    STALE_VIEW = "the chain was already seen at a later block, or its counters would fall"
    CHANNEL_DIFFERS = Mismatch.CHANNEL_DIFFERS.value
    READ_DIFFERS = Mismatch.READ_DIFFERS.value
    RESPONSE_DIFFERS = Mismatch.RESPONSE_DIFFERS.value
    PLAN_DIFFERS = Mismatch.PLAN_DIFFERS.value
    PRICE_NOT_PUBLISHED = Mismatch.PRICE_NOT_PUBLISHED.value
    CHARGE_DIFFERS = Mismatch.CHARGE_DIFFERS.value
    TOTAL_DIFFERS = Mismatch.TOTAL_DIFFERS.value
    HEAD_DIFFERS = Mismatch.HEAD_DIFFERS.value
    DATE_DIFFERS = Mismatch.DATE_DIFFERS.value
    BILL_NOT_CHAINED = "the bill does not follow the newest one that we accepted"
    BILL_FELL = "the bill's cumulative amounts stand below the ones we accepted"
    CREDIT_MISSING = "the bill gives more credit, but no signed credit came with it"
    CREDIT_FOREIGN = "the credit is not the hub's signature for this bill of this channel"
    UNPOSTED_PAST_LIMIT = "the hub owes more credit that is not on chain than we let stand"
    EXIT_ARMED = "an exit is mature: the deposit is about to leave, the chain pays no voucher"
    SPENT_PAST_DEPOSIT = "the bill passes what the deposit holds"
    SPENT_PAST_CAP = "the bill passes what the daily cap allows"
    NOT_OUR_VOUCHER = "we never signed this voucher, or it contradicts the bills we accepted"
    ACKNOWLEDGED_UNSIGNED = "the hub acknowledges more than we ever signed"


@dataclass(frozen=True, slots=True)
class Payer:
    """All that an agent knows of its channel; a pure function of its facts.

    `bill` is the newest that we recomputed and agree with. `unposted_limit_ubolt` is what the hub
    may owe us off chain. `grace_since_s`: since when the hub is unreachable (seconds since 1970).
    """

    terms: Terms
    seen: ChainSeen
    unposted_limit_ubolt: int
    bill: Bill
    credit: Credit | None = None
    signed: Voucher | None = None
    acknowledged: Counters = NOTHING
    grace_since_s: int | None = None

    @property
    def view(self) -> ChannelView:
        return self.seen.view

    @property
    def lendable_ubolt(self) -> int:
        """What the hub may owe us off chain: never more than the chain would pay of it in a day."""
        payable = self.seen.payable_ubolt
        limit = self.unposted_limit_ubolt
        return limit if payable is None else min(limit, payable)

    @property
    def credited(self) -> int:
        """The newest `earned` (µBOLT) that the hub signed or the chain holds."""
        return max(earned_of(self.credit), self.view.word.earned)

    @property
    def phase(self) -> PayerPhase:
        asked = self.bill.counters
        if self.grace_since_s is not None:
            return PayerPhase.GRACE
        if self.bill.interval is None and asked == NOTHING:
            return PayerPhase.OPEN
        if self.acknowledged.covers(asked):
            return PayerPhase.ACKNOWLEDGED
        if counters_of(self.signed).covers(asked):
            return PayerPhase.SIGNED
        return PayerPhase.CHECKED


def open_payer(terms: Terms, seen: ChainSeen, *, unposted_limit_ubolt: int) -> Payer:
    """A channel before its first bill."""
    return Payer(terms, seen, unposted_limit_ubolt, genesis(terms))


def check_bill(state: Payer, fact: BillChecked | RestatementChecked) -> PayerRefusal | None:
    """The first reason not to sign this bill or restatement, or None (I-CH-6, I-CH-7)."""
    asked, before = fact.bill.counters, state.bill.counters
    if fact.mismatch is not None:
        return PayerRefusal[fact.mismatch.name]
    refused = check_chained(state, fact.bill) or _check_credit(state, fact)
    if refused is not None:
        return refused
    if asked.spent_ubolt > before.spent_ubolt:
        return _check_room(state.view, asked)
    return None


def check_chained(state: Payer, bill: Bill) -> PayerRefusal | None:
    """Whether a bill follows the newest that was accepted (I-CH-6)."""
    if bill.previous_head != state.bill.head:
        return PayerRefusal.BILL_NOT_CHAINED
    return None if bill.counters.covers(state.bill.counters) else PayerRefusal.BILL_FELL


def _check_credit(state: Payer, fact: BillChecked | RestatementChecked) -> PayerRefusal | None:
    earned, credit = fact.bill.counters.earned_ubolt, fact.credit
    if credit is None and earned > state.credited:
        return PayerRefusal.CREDIT_MISSING
    if credit is not None:
        names = (credit.earned, credit.bill_head)
        if names != (earned, fact.bill.head) or not credit.is_valid(state.terms):
            return PayerRefusal.CREDIT_FOREIGN
    rose = earned > state.bill.counters.earned_ubolt
    if rose and earned - state.view.word.earned > state.lendable_ubolt:
        return PayerRefusal.UNPOSTED_PAST_LIMIT
    return None


def _check_room(view: ChannelView, asked: Counters) -> PayerRefusal | None:
    if view.exit_armed:
        return PayerRefusal.EXIT_ARMED
    more = asked.spent_ubolt - view.word.spent
    if more > view.headroom + max(0, asked.earned_ubolt - view.word.earned):
        return PayerRefusal.SPENT_PAST_DEPOSIT
    if more > view.cap_allowance:
        return PayerRefusal.SPENT_PAST_CAP
    return None
