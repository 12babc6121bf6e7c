"""The hub's side of a channel: what it knows, and what it accepts. Its moves: `payee_moves`.

An interval lives METERED -> BILLED -> SIGNED -> DURABLE -> ACKNOWLEDGED -> CLAIMED. The phase is
not stored: it follows from marks that only grow, so that losing, repeating or reordering facts
cannot put a channel into a phase that it has not earned. Source: DESIGN, "The channel protocol".
"""

from dataclasses import dataclass
from enum import Enum

from gridplus.channel.counters import NOTHING, Counters
from gridplus.channel.facts import ChainSeen, Stop
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
from gridplus.units import Interval


class Phase(Enum):
    """Where the newest interval of a channel stands."""

    OPEN = "no interval yet"
    METERED = "a read waits for its bill"
    BILLED = "a bill waits for a voucher that covers it"
    SIGNED = "an accepted voucher covers the newest bill, but is not durable yet"
    DURABLE = "the voucher is durable, the home has not been told"
    ACKNOWLEDGED = "the home has been told"
    CLAIMED = "the chain has paid it"


class PayeeRefusal(Enum):
    """What the hub refuses, in the order of its checks."""

    STALE_VIEW = "the chain was already seen at a later block, or its counters would fall"
    EXTENDING_STOPPED = "this interval began after the hub stopped selling on this channel"
    READ_WAITS = "the read before this one has no bill yet"
    READ_OUT_OF_ORDER = "an interval at or after this one was metered before"
    NOTHING_METERED = "a bill needs a metered interval of its own"
    BILL_NOT_CHAINED = "the bill does not follow the newest head of this home"
    BILL_FELL = "a bill's cumulative amounts stand below the ones before"
    BILL_PAST_CEILING = "the chain would not pay this bill: deposit or daily cap are used up"
    FOREIGN_CREDIT = "the credit was not signed by this hub for this channel"
    WRONG_SIGNER = "the channel's voucher key did not sign this, for this vault and this chain"
    SPENT_FELL = "a newer voucher of this home pays more"
    EARNED_FELL = "a newer voucher of this home was given more credit"
    PAST_BILL = "the voucher pays more than was billed"
    PAST_CREDIT = "the voucher counts on more credit than the hub has durably given"
    PAST_CEILING = "the chain would not pay this voucher: deposit or daily cap are used up"


@dataclass(frozen=True, slots=True)
class Stopped:
    """The hub sells no interval that begins at `since_s` (seconds since 1970) or later."""

    reason: Stop
    since_s: int


@dataclass(frozen=True, slots=True)
class Payee:
    """All that the hub knows of one channel; a pure function of its facts.

    `bill` is the newest bill and `interval_ubolt` what it asked beyond the one before; `accepted`
    runs ahead of the disk, `durable` does not. `unsigned_limit_ubolt` is what the hub lends.
    """

    terms: Terms
    seen: ChainSeen
    unsigned_limit_ubolt: int
    bill: Bill
    interval_ubolt: int = 0
    metered: Interval | None = None
    credit: Credit | None = None
    accepted: Voucher | None = None
    durable: Voucher | None = None
    acknowledged: Counters = NOTHING
    stopped: Stopped | None = None

    @property
    def view(self) -> ChannelView:
        return self.seen.view

    @property
    def credited(self) -> int:
        """The newest `earned` that the hub has durably given (µBOLT)."""
        return max(earned_of(self.credit), self.view.word.earned)

    @property
    def phase(self) -> Phase:
        if self.metered != self.bill.interval:
            return Phase.METERED
        if self.bill.interval is None:
            return Phase.OPEN
        asked = self.bill.counters
        if self.view.counters.covers(asked):
            return Phase.CLAIMED
        if self.acknowledged.covers(asked):
            return Phase.ACKNOWLEDGED
        if counters_of(self.durable).covers(asked):
            return Phase.DURABLE
        return Phase.SIGNED if counters_of(self.accepted).covers(asked) else Phase.BILLED

    @property
    def stop_reason(self) -> Stop | None:
        """Why the next interval might not be paid, if it might not.

        Two intervals are always under way: one being consumed, one metered but not yet signed.
        """
        asked = self.bill.counters.spent_ubolt
        room = self.view.ceiling_with(self.bill.counters.earned_ubolt) - asked
        if self.view.exit_started:
            return Stop.EXIT_STARTED
        if room < max(1, 2 * self.interval_ubolt):
            return Stop.HEADROOM_LOW
        if asked - counters_of(self.durable).spent_ubolt > self.unsigned_limit_ubolt:
            return Stop.UNSIGNED_PAST_LIMIT
        return None


def open_payee(terms: Terms, seen: ChainSeen, *, unsigned_limit_ubolt: int) -> Payee:
    """A channel before its first interval."""
    return Payee(terms, seen, unsigned_limit_ubolt, genesis(terms))


def check_voucher(state: Payee, voucher: Voucher) -> PayeeRefusal | None:
    """The acceptance rule (I-CH-2, I-CH-5). None for a voucher to keep, or to answer again.

    A voucher may not pay more than was billed, though the chain would allow it: the hub has no use
    for money that it must give back, and without this rule a thief of the voucher key could lock
    up a home's whole deposit at an honest hub. Less than was billed is welcome: each signed cent
    counts. Headroom includes the `earned` that the voucher itself brings to the chain.
    """
    kept = counters_of(state.accepted)
    if not voucher.is_valid(state.terms):
        return PayeeRefusal.WRONG_SIGNER
    if voucher.spent < kept.spent_ubolt:
        return PayeeRefusal.SPENT_FELL
    if voucher.earned < kept.earned_ubolt:
        return PayeeRefusal.EARNED_FELL
    if voucher.counters == kept:
        return None
    if voucher.earned > state.credited:
        return PayeeRefusal.PAST_CREDIT
    if not state.bill.counters.covers(voucher.counters):
        return PayeeRefusal.PAST_BILL
    if voucher.spent > state.view.ceiling_with(voucher.earned):
        return PayeeRefusal.PAST_CEILING
    return None
