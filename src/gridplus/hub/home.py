"""What the hub holds of one home in memory: always what its journal says, nothing more."""

import asyncio
from dataclasses import dataclass, field

from gridplus.channel import (
    NOTHING,
    Acknowledge,
    AcknowledgementSent,
    Bill,
    Billed,
    ChainSeen,
    Counters,
    Credit,
    CreditStored,
    Metered,
    Payee,
    PayeeFact,
    PayeeRefusal,
    Refusal,
    SignCredit,
    Voucher,
    VoucherReceived,
    VoucherStored,
    step_payee,
)
from gridplus.failures import Bug, invariant
from gridplus.hub.facts import BilledRead
from gridplus.meter import IntervalRead
from gridplus.tariff import ChannelIdentity, GroupEvidence, Statement, Tip
from gridplus.units import UBOLT_PER_BOLT, mul_div_up
from gridplus.wallet import ChannelId


@dataclass
class Record:
    """One billed interval with all the evidence that exists of it so far."""

    billed: BilledRead
    group: GroupEvidence
    voucher: bytes | None = None

    @property
    def statement(self) -> Statement:
        return self.billed.statement


@dataclass
class Home:
    """One channel. `lock` is held from a request's first check to its commit; `unclaimed_since_s`
    is when the oldest interval began that the chain has not paid in full."""

    identity: ChannelIdentity
    payee: Payee
    tip: Tip
    records: dict[int, Record] = field(default_factory=dict)
    last_read: IntervalRead | None = None
    unclaimed_since_s: int | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def channel(self) -> ChannelId:
        return self.tip.channel

    def rehearse(self, *facts: PayeeFact, now_s: int) -> tuple[object, ...] | Refusal[PayeeRefusal]:
        """The effects of the last of `facts`, or the first refusal; nothing moves."""
        state, effects = self.payee, tuple[object, ...]()
        for fact in facts:
            answer = step_payee(state, fact, now_s=now_s)
            if isinstance(answer, Refusal):
                return answer
            state, effects = answer.state, answer.effects
        return effects

    def apply(self, fact: PayeeFact, *, now_s: int) -> tuple[object, ...]:
        """Step the payee with a fact that must be possible: it is in the journal already."""
        answer = step_payee(self.payee, fact, now_s=now_s)
        if isinstance(answer, Refusal):
            raise Bug(f"a journaled {type(fact).__name__} was refused: {answer.reason.name}")
        paid, self.payee = self.payee.view.word.spent, answer.state
        if self.payee.view.word.spent != paid:
            self.unclaimed_since_s = self._oldest_unclaimed()
        return answer.effects

    def keep_bill(self, billed: BilledRead, group: GroupEvidence, *, now_s: int) -> None:
        """A bill and its group became durable."""
        statement = billed.statement
        self.apply(Metered(statement.interval), now_s=now_s)
        self.apply(Billed(bill_of(statement)), now_s=now_s)
        if billed.credit_signature is not None:
            credit = credit_of(statement, billed.credit_signature)
            self.apply(CreditStored(credit), now_s=now_s)
        self.tip, self.last_read = statement.tip, statement.read
        paid = self.payee.durable
        same = paid is not None and paid.counters == counters_of(statement)
        record = Record(billed, group, paid.signature if paid is not None and same else None)
        self.records[statement.interval.start_s] = record
        if self.unclaimed_since_s is None:
            self.unclaimed_since_s = self._oldest_unclaimed()

    def keep_voucher(self, voucher: Voucher, *, now_s: int) -> Counters:
        """A voucher became durable; the counters that the home is told."""
        self.apply(VoucherReceived(voucher), now_s=now_s)
        effects = self.apply(VoucherStored(voucher), now_s=now_s)
        told = [e for e in effects if isinstance(e, Acknowledge)]
        invariant(len(told) == 1, "a stored voucher is answered once")
        self.apply(AcknowledgementSent(told[0].counters), now_s=now_s)
        newest = self.newest_record
        if newest is not None and counters_of(newest.statement) == voucher.counters:
            newest.voucher = voucher.signature
        return told[0].counters

    @property
    def durable(self) -> Counters:
        """What the newest durable voucher of this home says."""
        voucher = self.payee.durable
        return NOTHING if voucher is None else voucher.counters

    @property
    def spares_a_day(self) -> bool:
        """Whether a day's cap would be left if the newest durable voucher were claimed now."""
        word, cap = self.payee.view.word, self.payee.view.word.daily_cap * UBOLT_PER_BOLT
        due = max(0, self.durable.spent_ubolt - word.spent)
        return self.payee.view.cap_allowance - mul_div_up(due, 1, divisor=max(1, cap)) * cap >= cap

    def _oldest_unclaimed(self) -> int | None:
        paid, oldest = self.payee.view.word.spent, None
        for start_s, record in reversed(self.records.items()):
            if record.statement.spent_ubolt <= paid:
                break
            oldest = start_s
        return oldest

    @property
    def newest_record(self) -> Record | None:
        return None if self.last_read is None else self.records[self.last_read.interval.start_s]


def open_home(identity: ChannelIdentity, seen: ChainSeen, *, payee: Payee) -> Home:
    """A channel that the hub has just learned of."""
    invariant(payee.seen == seen, "a payee opens with what the chain shows")
    return Home(identity, payee, Tip.genesis(identity.channel))


def bill_of(statement: Statement) -> Bill:
    """What the channel needs to know of a statement."""
    return Bill(statement.interval, statement.previous_head, statement.head, counters_of(statement))


def counters_of(statement: Statement) -> Counters:
    return Counters(statement.spent_ubolt, statement.earned_ubolt)


def credit_of(statement: Statement, signature: bytes) -> Credit:
    return Credit(statement.channel, statement.earned_ubolt, statement.head, signature)


def credit_asked(effects: tuple[object, ...]) -> SignCredit | None:
    """The credit that a step wants signed before the bill goes out."""
    return next((effect for effect in effects if isinstance(effect, SignCredit)), None)
