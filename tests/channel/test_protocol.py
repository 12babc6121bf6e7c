"""A home and its hub over a wire that loses, repeats and reorders, with crashes on both sides.

The chain is the pure vault. Beside each valid message its scrambled twins are tried: each must be
refused, and nothing may change. Whatever was lost, asking again brings both sides to rest.
"""

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from gridplus.channel import (
    NOTHING,
    Acknowledge,
    Acknowledged,
    AcknowledgementSent,
    Bill,
    BillChecked,
    Billed,
    ChainSeen,
    ChannelView,
    Claimed,
    Counters,
    CreditStored,
    DayEnded,
    ExitStarted,
    HubCaughtUp,
    HubUnreachable,
    Metered,
    Payee,
    PayeeFact,
    PayeeRefusal,
    Payer,
    PayerFact,
    PayerPhase,
    Phase,
    Refusal,
    Restated,
    RestatementChecked,
    SendBill,
    SignCredit,
    SignVoucher,
    Step,
    StoreVoucher,
    SubmitClaim,
    SubmitVoucher,
    Voucher,
    VoucherReceived,
    VoucherSigned,
    VoucherStored,
    gate_of,
    open_payee,
    open_payer,
    step_payee,
    step_payer,
)
from gridplus.channel.model import Item, VaultModel, VaultRefusal
from gridplus.channel.promises import counters_of
from gridplus.contracts import ExitKind
from gridplus.wallet import ZERO_ADDRESS
from tests.channel.scene import (
    BOLT,
    START_S,
    TERMS,
    bill,
    credit,
    interval,
    voucher,
)
from tests.channel.twins import bill_twins, voucher_twins

CHANNEL = TERMS.channel
DAY_S = 86_400
Fact = tuple[PayeeFact, int]


class Protocol(RuleBasedStateMachine):
    """I-CH-1, I-CH-2, I-CH-4, I-CH-5, I-CH-8, I-CH-11"""

    @initialize()
    def begin(self) -> None:
        opened = VaultModel(START_S).deposit(CHANNEL, 60 * BOLT, opening_cap=20)
        assert isinstance(opened, VaultModel)
        self.vault, self.block = opened, 1
        self.first = ChainSeen(self.vault.view(CHANNEL), self.block)
        self.hub = self.new_hub()
        self.home = self.new_home()
        self.hub_facts: list[Fact] = []
        self.hub_journal: list[Fact] = []
        self.home_journal: list[tuple[PayerFact, int]] = []
        self.to_home: list[SendBill | Acknowledge] = []
        self.to_hub: list[Voucher] = []
        self.disk: list[Voucher] = []
        self.chain: list[Voucher] = []
        self.sights: list[ChainSeen] = [self.first]
        self.next, self.now_s = 0, START_S
        self.waiting: Bill | None = None
        self.restated: set[bytes] = set()
        self.high = (NOTHING, NOTHING, NOTHING, NOTHING)

    def new_hub(self) -> Payee:
        return open_payee(TERMS, self.first, unsigned_limit_ubolt=30 * BOLT)

    def new_home(self) -> Payer:
        return open_payer(TERMS, self.first, unposted_limit_ubolt=60 * BOLT)

    # One step of each side, with its effects carried out or put on the wire.

    def tell_hub(self, fact: PayeeFact) -> PayeeRefusal | None:
        answer = step_payee(self.hub, fact, now_s=self.now_s)
        if isinstance(answer, Refusal):
            return answer.reason
        self.hub = answer.state
        self.hub_facts.append((fact, self.now_s))
        if not isinstance(fact, VoucherReceived | AcknowledgementSent | DayEnded):
            self.hub_journal.append((fact, self.now_s))
        for effect in answer.effects:
            match effect:
                case SignCredit():
                    self.tell_hub(CreditStored(credit(effect.bill_head, effect.earned)))
                case SendBill():
                    self.to_home.append(effect)
                case Acknowledge():
                    self.to_home.append(effect)
                    self.tell_hub(AcknowledgementSent(effect.counters))
                case StoreVoucher():
                    self.require_claimable(effect.voucher)
                    self.disk.append(effect.voucher)
                case SubmitClaim():
                    self.chain.append(effect.voucher)
                case _:
                    pass
        return None

    def tell_home(self, fact: PayerFact) -> object | None:
        answer = step_payer(self.home, fact, now_s=self.now_s)
        if isinstance(answer, Refusal):
            return answer.reason
        self.home = answer.state
        self.home_journal.append((fact, self.now_s))
        for effect in answer.effects:
            match effect:
                case SignVoucher():
                    promise = voucher(effect.spent, effect.earned)
                    self.tell_home(VoucherSigned(promise))
                case SubmitVoucher():
                    self.to_hub.append(effect.voucher)
                case _:
                    pass
        return None

    def require_claimable(self, promise: Voucher) -> None:
        """I-CH-2: what the hub accepts, the chain would pay in full at that moment."""
        item = Item(CHANNEL, promise.spent, promise.earned)
        claimed = replace(self.vault, pool=15_000 * BOLT).claim([item], fund=0).vault
        assert claimed.view(CHANNEL).counters.covers(promise.counters)

    def see(self, kind: type[ChainSeen] = ChainSeen) -> None:
        self.block += 1
        fact = kind(ChannelView(self.vault.words[CHANNEL], self.vault.today), self.block)
        self.sights.append(fact)
        assert self.tell_hub(fact) is None
        assert self.tell_home(fact) is None

    # An interval.

    @rule(spent=st.integers(0, 2 * BOLT), earned=st.sampled_from([0, 0, 1, 9_000, BOLT]))
    def meter_and_bill(self, spent: int, earned: int) -> None:
        if self.waiting is None:
            self.now_s = max(self.now_s, interval(self.next).end_s)
            if self.tell_hub(Metered(interval(self.next))) is not None:
                assert self.hub.stopped is not None
                return
            before = self.hub.bill.counters
            made = bill(
                self.hub.bill,
                self.next,
                spent=before.spent_ubolt + spent,
                earned=before.earned_ubolt + earned,
            )
            self.next, self.waiting = self.next + 1, made
        self.bill_waiting()

    @rule(spent=st.integers(0, BOLT), earned=st.sampled_from([0, 1, BOLT]))
    def restate(self, spent: int, earned: int) -> None:
        before = self.hub.bill
        asked = before.counters
        made = bill(
            before,
            1_000_000 + len(self.restated),
            spent=asked.spent_ubolt + spent,
            earned=asked.earned_ubolt + earned,
        )
        link = replace(made, interval=None)
        reason = self.tell_hub(Restated(link))
        if reason is None:
            self.restated.add(link.head)
            assert self.hub.bill == replace(link, interval=before.interval)
        else:
            due = {
                Phase.METERED: PayeeRefusal.READ_WAITS,
                Phase.OPEN: PayeeRefusal.NOTHING_METERED,
            }
            assert reason is due.get(self.hub.phase, PayeeRefusal.BILL_PAST_CEILING)

    def bill_waiting(self) -> None:
        if self.waiting is not None:
            reason = self.tell_hub(Billed(self.waiting))
            assert reason in (None, PayeeRefusal.BILL_PAST_CEILING)
            self.waiting = None if reason is None else self.waiting

    @rule()
    def the_home_asks_for_its_newest_bill_again(self) -> None:
        if self.hub.metered is not None:
            assert self.tell_hub(Metered(self.hub.metered)) is None

    # The wire: any message, in any order, once or more often.

    @precondition(lambda self: self.to_home)
    @rule(data=st.data(), keep=st.booleans())
    def deliver_to_home(self, data: st.DataObject, keep: bool) -> None:
        index = data.draw(st.integers(0, len(self.to_home) - 1))
        self.hand_to_home(self.to_home[index] if keep else self.to_home.pop(index))

    def hand_to_home(self, message: SendBill | Acknowledge) -> None:
        if isinstance(message, Acknowledge):
            assert self.tell_home(Acknowledged(message.counters)) is None
        else:
            self.refuse_bill_twins(message)
            self.tell_home(self.checked(message))

    def checked(self, offer: SendBill) -> BillChecked | RestatementChecked:
        """A bill that the home recomputed, or a restatement."""
        if offer.bill.head in self.restated:
            return RestatementChecked(replace(offer.bill, interval=None), offer.credit, None)
        return BillChecked(offer.bill, offer.credit, None)

    @precondition(lambda self: self.to_hub)
    @rule(data=st.data(), keep=st.booleans(), bit=st.integers(0, 511))
    def deliver_to_hub(self, data: st.DataObject, keep: bool, bit: int) -> None:
        index = data.draw(st.integers(0, len(self.to_hub) - 1))
        promise = self.to_hub[index] if keep else self.to_hub.pop(index)
        self.refuse_voucher_twins(promise, bit=bit)
        reason = self.tell_hub(VoucherReceived(promise))
        assert reason in (
            None,
            PayeeRefusal.SPENT_FELL,
            PayeeRefusal.EARNED_FELL,
            PayeeRefusal.PAST_CEILING,
        )

    @rule(
        first=st.integers(-2, 3 * BOLT), more=st.integers(-1, 2 * BOLT), earned=st.integers(-1, 2)
    )
    def the_gate_is_the_machine(self, first: int, more: int, earned: int) -> None:
        """I-CH-11: what the gate admits the machine stores, and the newest says everything."""
        gate, kept = gate_of(self.hub), counters_of(self.hub.accepted)
        each = [first, first + more]
        promises = [
            voucher(kept.spent_ubolt + spent, kept.earned_ubolt + earned)
            for spent in each
            if kept.spent_ubolt + spent >= 0 and kept.earned_ubolt + earned >= 0
        ]
        passed, after = list[Voucher](), self.hub
        for promise in promises:
            answer = step_payee(after, VoucherReceived(promise), now_s=self.now_s)
            stores = isinstance(answer, Step) and StoreVoucher(promise) in answer.effects
            admitted = gate.admits(promise.spent, promise.earned)
            assert stores or not admitted
            if admitted:
                gate.passed(promise.spent, promise.earned)
                passed.append(promise)
                after = settled(after, promise, now_s=self.now_s)
            elif stores:
                assert promise.earned > kept.earned_ubolt, "only more credit lifts the ceiling"
        if passed:
            at_once = [VoucherStored(passed[-1]), AcknowledgementSent(passed[-1].counters)]
            assert replayed(self.hub, [(fact, 0) for fact in at_once]) == after

    def refuse_voucher_twins(self, promise: Voucher, *, bit: int) -> None:
        """I-CH-5: a voucher changed in any way is refused, and nothing moves."""
        before = self.hub
        for twin in voucher_twins(before, promise, bit=bit):
            answer = step_payee(before, VoucherReceived(twin), now_s=self.now_s)
            assert isinstance(answer, Refusal)
        assert self.hub == before

    def refuse_bill_twins(self, offer: SendBill) -> None:
        """I-CH-6, I-CH-7: nor is a bill that is not ours, or a credit that is not the hub's."""
        before = self.home
        for twin in bill_twins(before, offer):
            assert isinstance(step_payer(before, twin, now_s=self.now_s), Refusal)
        unsigned = Acknowledged(Counters(before.bill.counters.spent_ubolt + 1, 0))
        assert isinstance(step_payer(before, unsigned, now_s=self.now_s), Refusal)
        assert self.home == before

    @rule(data=st.data())
    def an_old_sight_of_the_chain_is_refused(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.sights))
        if old.block < self.block:
            assert isinstance(step_payee(self.hub, old, now_s=self.now_s), Refusal)
            assert isinstance(step_payer(self.home, old, now_s=self.now_s), Refusal)

    # Disk, crashes, outages.

    @precondition(lambda self: self.disk)
    @rule()
    def the_disk_writes(self) -> None:
        assert self.tell_hub(VoucherStored(self.disk.pop(0))) is None

    @rule()
    def the_hub_crashes(self) -> None:
        """I-CH-4, I-CH-8"""
        assert replayed(self.new_hub(), self.hub_facts) == self.hub
        durable = self.hub.durable
        self.disk.clear()
        self.hub = replayed(self.new_hub(), self.hub_journal)
        self.hub_facts = list(self.hub_journal)
        assert self.hub.durable == durable

    @rule()
    def the_home_crashes(self) -> None:
        """I-CH-8"""
        home = self.new_home()
        for fact, now_s in self.home_journal:
            answer = step_payer(home, fact, now_s=now_s)
            assert isinstance(answer, Step)
            home = answer.state
        assert home == self.home

    @rule(back=st.booleans())
    def the_hub_is_unreachable(self, back: bool) -> None:
        assert self.tell_home(HubCaughtUp() if back else HubUnreachable()) is None

    # The chain.

    @rule()
    def the_day_ends(self) -> None:
        assert self.tell_hub(DayEnded()) is None
        self.mine()

    def mine(self) -> None:
        items = [Item(CHANNEL, v.spent, v.earned) for v in self.chain]
        funded = self.vault.fund_pool(1_500 * BOLT)
        assert isinstance(funded, VaultModel)
        self.vault = funded.claim(items, fund=0).vault
        self.chain.clear()
        self.see(Claimed)

    @rule(days=st.sampled_from([1, 2, 14, 17]))
    def days_pass(self, days: int) -> None:
        self.vault = self.vault.pass_time(days * DAY_S)
        self.see()

    @rule(action=st.sampled_from(["start", "cancel", "finish", "deposit"]))
    def the_owner_acts(self, action: str) -> None:
        done = {
            "start": self.vault.start_exit(CHANNEL, ExitKind.OWNER_ALONE, to=ZERO_ADDRESS),
            "cancel": self.vault.cancel_exit(CHANNEL, by_two=False),
            "finish": self.vault.finish_exit(CHANNEL),
            "deposit": self.vault.deposit(CHANNEL, 20 * BOLT, opening_cap=20),
        }[action]
        if not isinstance(done, VaultRefusal):
            self.vault = done
            self.see(ExitStarted if action == "start" else ChainSeen)

    # What always holds.

    @invariant()
    def nothing_durable_ever_falls(self) -> None:
        """I-CH-1"""
        durable = NOTHING if self.hub.durable is None else self.hub.durable.counters
        signed = NOTHING if self.home.signed is None else self.home.signed.counters
        now = (durable, signed, self.hub.bill.counters, self.hub.view.counters)
        assert all(a.covers(b) for a, b in zip(now, self.high, strict=True))
        self.high = now

    @invariant()
    def acknowledged_means_stored_and_stored_means_billed(self) -> None:
        """I-CH-4, I-CH-5"""
        durable = NOTHING if self.hub.durable is None else self.hub.durable.counters
        assert durable.covers(self.home.acknowledged)
        assert self.hub.bill.counters.covers(durable)
        assert self.home.bill.counters.covers(self.home.acknowledged)

    def teardown(self) -> None:
        if not hasattr(self, "vault"):
            return
        self.come_to_rest()
        assert replayed(self.new_hub(), self.hub_facts) == self.hub

    def come_to_rest(self) -> None:
        """The wire heals, the owner stays and deposits, days pass: all is paid and claimed."""
        self.vault = replace(
            self.vault.pass_time(20 * DAY_S),
            words={CHANNEL: replace(self.vault.words[CHANNEL], exit_hour=0)},
        )
        deposited = self.vault.deposit(CHANNEL, 200 * BOLT, opening_cap=20)
        assert isinstance(deposited, VaultModel)
        self.vault = deposited
        self.see()
        self.bill_waiting()
        self.catch_up()
        for promise in self.disk:
            assert self.tell_hub(VoucherStored(promise)) is None
        for message in tuple(self.to_home):
            self.hand_to_home(message)
        owed = self.hub.bill.counters
        assert self.home.bill.counters == owed
        assert self.home.phase in (PayerPhase.OPEN, PayerPhase.ACKNOWLEDGED)
        self.the_day_ends()
        assert self.hub.view.counters == owed
        assert self.hub.phase in (Phase.OPEN, Phase.CLAIMED)

    def catch_up(self) -> None:
        """The home takes the bills it missed, in order, and signs one voucher for all."""
        bills = {m.bill.previous_head: m for m in self.all_offers()}
        while (offer := bills.get(self.home.bill.head)) is not None:
            assert self.tell_home(self.checked(offer)) is None
        assert self.tell_home(HubCaughtUp()) is None
        for promise in tuple(self.to_hub):
            self.tell_hub(VoucherReceived(promise))

    def all_offers(self) -> list[SendBill]:
        """Every bill as the hub's journal has it, with its credit."""
        given = {
            f.credit.bill_head: f.credit for f, _ in self.hub_journal if isinstance(f, CreditStored)
        }
        return [
            SendBill(fact.bill, given.get(fact.bill.head))
            for fact, _ in self.hub_journal
            if isinstance(fact, Billed | Restated)
        ]


def settled(state: Payee, promise: Voucher, *, now_s: int) -> Payee:
    """The machine after a voucher was taken, stored and acknowledged."""
    told = AcknowledgementSent(promise.counters)
    moves: list[PayeeFact] = [VoucherReceived(promise), VoucherStored(promise), told]
    return replayed(state, [(fact, now_s) for fact in moves])


def replayed(state: Payee, facts: list[Fact]) -> Payee:
    for fact, now_s in facts:
        answer = step_payee(state, fact, now_s=now_s)
        assert isinstance(answer, Step), fact
        state = answer.state
    return state


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
