"""What the hub holds of one home in memory: always what its journal says, nothing more."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from gridplus.channel import (
    NOTHING,
    AcknowledgementSent,
    Bill,
    Billed,
    ChainSeen,
    ChannelView,
    Counters,
    Credit,
    CreditStored,
    Gate,
    Metered,
    Payee,
    PayeeFact,
    PayeeRefusal,
    Refusal,
    Restated,
    SignCredit,
    Stopped,
    Voucher,
    VoucherStored,
    gate_of,
    step_payee,
)
from gridplus.contracts.word import MAX_CAP_DAYS
from gridplus.failures import Bug, invariant
from gridplus.hub.facts import BilledRead, NoticeTold, OrderSigned, RestatedBills
from gridplus.hub.marks import Mark, Marks, day_cost, oldest_unpaid, with_mark
from gridplus.hub.request_facts import RequestTaken
from gridplus.hub.sealing import Receipt
from gridplus.meter import IntervalRead
from gridplus.tariff import (
    Baseline,
    ChannelIdentity,
    JoinedRequest,
    Restatement,
    Statement,
    Tip,
)
from gridplus.units import DAY_S, UBOLT_PER_BOLT, mul_div_up
from gridplus.wallet import ChannelId

JOINED_KEPT_S = 3 * DAY_S


@dataclass(frozen=True, slots=True)
class Paid:
    """A durable voucher and the receipt of it."""

    voucher: Voucher
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class RestatedAt:
    """Where the journal has a restatement: the `sequence` of its fact, the `order` (its id) that it
    carries out, the head that it follows, and when the first interval began that it corrects."""

    sequence: int
    order: bytes
    previous_head: bytes
    since_s: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What facts would make of a home's machine, and the effects of the last of them."""

    state: Payee
    effects: tuple[object, ...]


def _nobody(_: "Home") -> None:
    """Whoever is to hear of a change of a home that nobody keeps yet."""


@dataclass
class Home:
    """One channel: what the next step needs of it, and no bill (`archive` reads those back). `lock`
    is held from a request's first check to its commit; `unclaimed_since_s` is when the oldest
    interval began that the chain has not paid in full, to the hour; `day_ubolt` what the last 24
    hours of its intervals cost. `told` hears of each change.

    `gate` says which vouchers the machine would take; of those that passed it, `flying` is how many
    are on their way to the disk, and `paid` the newest that is there. The machine is stepped with
    that one before anything else is asked of it. While there is a `hold`, the newest order that
    the hub signed, the chain may still take one, and nothing is billed or taken; the last of them
    is void after `held_until_s` of the chain's clock. `joined` are the paid requests
    that it joined, each in the newest version, for some days after their end; `reckoned` is
    the baseline of one of them, by its digest.
    """

    identity: ChannelIdentity
    machine: Payee
    tip: Tip
    marks: Marks = ()
    day_ubolt: int = 0
    restated: tuple[RestatedAt, ...] = ()
    joined: tuple[JoinedRequest, ...] = ()
    last_read: IntervalRead | None = None
    unclaimed_since_s: int | None = None
    paid: Paid | None = None
    notices: dict[str, NoticeTold] = field(default_factory=dict)
    hold: OrderSigned | None = field(default=None, compare=False)
    held_until_s: int = field(default=0, compare=False)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)
    flying: int = field(default=0, compare=False)
    told: Callable[["Home"], None] = field(default=_nobody, repr=False, compare=False)
    landed: asyncio.Event | None = field(default=None, compare=False)
    reckoned: tuple[bytes, Baseline | None] | None = field(default=None, compare=False)
    _gate: Gate | None = field(default=None, compare=False)

    @property
    def payee(self) -> Payee:
        """The machine's state, stepped with the newest durable voucher (I-CH-11). A voucher stops
        no sale, so that no time is needed."""
        if self.paid is not None and self.machine.durable is not self.paid.voucher:
            self._step(VoucherStored(self.paid.voucher), now_s=0)
            self._step(AcknowledgementSent(self.paid.voucher.counters), now_s=0)
        return self.machine

    @property
    def is_busy(self) -> bool:
        """Whether something of it may be on its way to the disk."""
        return self.flying > 0 or self.lock.locked()

    @property
    def view(self) -> ChannelView:
        """What the chain says; no voucher moves that."""
        return self.machine.view

    @property
    def stopped(self) -> Stopped | None:
        """Whether no more is sold here; a voucher may end that, never begin it."""
        return None if self.machine.stopped is None else self.payee.stopped

    @property
    def gate(self) -> Gate:
        if self._gate is None:
            self._gate = gate_of(self.payee)
        return self._gate

    @property
    def channel(self) -> ChannelId:
        return self.tip.channel

    def rehearse(self, *facts: PayeeFact, now_s: int) -> Rehearsal | Refusal[PayeeRefusal]:
        """What `facts` would make of this home, or the first refusal; nothing moves."""
        state, effects = self.payee, tuple[object, ...]()
        for fact in facts:
            answer = step_payee(state, fact, now_s=now_s)
            if isinstance(answer, Refusal):
                return answer
            state, effects = answer.state, answer.effects
        return Rehearsal(state, effects)

    def apply(self, fact: PayeeFact, *, now_s: int) -> tuple[object, ...]:
        """Step the payee with a fact that must be possible: it is in the journal already."""
        invariant(self.flying == 0, "nothing else happens to a home while vouchers fly")
        self.machine, self._gate = self.payee, None
        before, effects = self.view.word.spent, self._step(fact, now_s=now_s)
        if self.hold is not None and self.view.word.op_nonce != self.hold.action.nonce:
            self.hold = None
        if self.view.word.spent != before:
            self._age(self.unclaimed_since_s)
        self.told(self)
        return effects

    def keep_bill(
        self, billed: BilledRead, *, now_s: int, rehearsed: Rehearsal | None = None
    ) -> None:
        """A bill and its group became durable; `rehearsed` spares the steps to it, if the home was
        locked since."""
        statement = billed.statement
        if rehearsed is None:
            self.apply(Metered(statement.interval), now_s=now_s)
            self.apply(Billed(bill_of(statement)), now_s=now_s)
        else:
            self.machine, self._gate = rehearsed.state, None
        if billed.credit_signature is not None:
            credit = credit_of(statement, billed.credit_signature)
            self.apply(CreditStored(credit), now_s=now_s)
        start_s, total = statement.interval.start_s, self.tip.total
        self.marks = with_mark(self.marks, Mark(start_s, total.spent_ubolt, total.earned_ubolt))
        self.tip, self.last_read = statement.tip, statement.read
        if self.unclaimed_since_s is None:
            self._age(start_s)
        if self.joined:
            since_s = start_s - JOINED_KEPT_S
            self.joined = tuple(each for each in self.joined if each.request.end_s >= since_s)
        self._look_back()

    def keep_joined(self, taken: RequestTaken, receipt: Receipt) -> JoinedRequest:
        """The home's word that it takes part became durable."""
        joined = JoinedRequest(taken.request, taken.signature, receipt.evidence)
        others = (each for each in self.joined if each.request.name != taken.request.name)
        self.joined = (*others, joined)
        self.told(self)
        return joined

    def keep_restatement(self, restated: RestatedBills, *, at: int, now_s: int) -> None:
        """A restatement and its group became durable; its fact is the one `at` this sequence."""
        restatement = restated.restatement
        self.apply(Restated(link_of(restatement)), now_s=now_s)
        if restated.credit_signature is not None:
            credit = credit_of(restatement, restated.credit_signature)
            self.apply(CreditStored(credit), now_s=now_s)
        self.tip = restatement.tip
        since_s = restatement.revisions[0].interval.start_s
        here = RestatedAt(at, restated.order, restatement.previous_head, since_s)
        self.restated = (*self.restated, here)
        if self.unclaimed_since_s is None:
            self._age(since_s)
        self._look_back()

    def keep_voucher(self, voucher: Voucher, receipt: Receipt) -> Paid:
        """A voucher became durable that the machine takes: it was asked, or the gate was."""
        paid = self.paid = Paid(voucher, receipt)
        self.told(self)
        return paid

    def keep_notice(self, told: NoticeTold) -> None:
        """That owner and guardian were told is durable."""
        self.notices[told.kind] = told
        self.told(self)

    def keep_order(self, signed: OrderSigned) -> None:
        """An order that the hub signed is durable. There may be several: as nothing is billed any
        more they agree in the final pair, and the op nonce lets the chain take one of them."""
        until_s = signed.action.valid_until_s
        self.held_until_s = until_s if self.hold is None else max(self.held_until_s, until_s)
        self.hold = signed
        self.told(self)

    def let_go(self) -> None:
        """The chain will not take the order any more."""
        self.hold = None
        self.told(self)

    async def settled(self) -> None:
        """Wait until no voucher is on its way to the disk; under `lock`, so that none follows."""
        while self.flying:
            self.landed = asyncio.Event()
            await self.landed.wait()

    @property
    def durable(self) -> Counters:
        """What the newest durable voucher of this home says."""
        return NOTHING if self.paid is None else self.paid.voucher.counters

    @property
    def spares_from(self) -> int | None:
        """From which day on (since 1970) a day's cap would be left if the newest durable voucher
        were claimed; None for never, as the chain saves up so many days and no more."""
        word, cap = self.view.word, self.view.word.daily_cap * UBOLT_PER_BOLT
        if word.is_retired:
            return None
        due = max(0, self.durable.spent_ubolt - word.spent)
        days = 0 if cap == 0 else mul_div_up(due, 1, divisor=cap) + 1
        return word.cap_day + days if days <= MAX_CAP_DAYS else None

    @property
    def signed_last(self) -> bytes | None:
        """The home's signature under exactly the newest link of its chain, if it is durable."""
        paid, bill = self.paid, self.machine.bill
        exact = paid is not None and bill.interval is not None and self.durable == bill.counters
        return paid.voucher.signature if exact and paid is not None else None

    def _look_back(self) -> None:
        asked, newest = self.machine.bill.counters, self.last_read
        if newest is not None:
            spent, earned = asked.spent_ubolt, asked.earned_ubolt
            end_s = newest.interval.end_s
            self.day_ubolt = day_cost(self.marks, spent=spent, earned=earned, end_s=end_s)
        self.told(self)

    def _age(self, known_s: int | None) -> None:
        """Say again since when the chain has not paid all; `known_s` is the oldest that it can be
        where nothing better is known."""
        paid, owed = self.view.word.spent, self.machine.bill.counters.spent_ubolt
        due = oldest_unpaid(self.marks, paid, known_s=known_s) if owed > paid else None
        self.unclaimed_since_s = due

    def _step(self, fact: PayeeFact, *, now_s: int) -> tuple[object, ...]:
        answer = step_payee(self.machine, fact, now_s=now_s)
        if isinstance(answer, Refusal):
            raise Bug(f"a journaled {type(fact).__name__} was refused: {answer.reason.name}")
        self.machine = answer.state
        return answer.effects


def open_home(identity: ChannelIdentity, seen: ChainSeen, *, payee: Payee) -> Home:
    """A channel that the hub has just learned of."""
    invariant(payee.seen == seen, "a payee opens with what the chain shows")
    return Home(identity, payee, Tip.genesis(identity.channel))


def bill_of(statement: Statement) -> Bill:
    """What the channel needs to know of a statement."""
    return Bill(statement.interval, statement.previous_head, statement.head, counters_of(statement))


def link_of(restatement: Restatement) -> Bill:
    """What the channel needs to know of a restatement."""
    return Bill(None, restatement.previous_head, restatement.head, counters_of(restatement))


def counters_of(statement: Statement | Restatement) -> Counters:
    return Counters(statement.spent_ubolt, statement.earned_ubolt)


def credit_of(statement: Statement | Restatement, signature: bytes) -> Credit:
    return Credit(statement.channel, statement.earned_ubolt, statement.head, signature)


def credit_asked(effects: tuple[object, ...]) -> SignCredit | None:
    """The credit that a step wants signed before the bill goes out."""
    return next((effect for effect in effects if isinstance(effect, SignCredit)), None)
