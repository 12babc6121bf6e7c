"""The Smart Agent: plans the battery, reads the meter, recomputes each bill, and pays it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from gridplus.agent.deciding import Coming, DevicePlanner
from gridplus.agent.devices import HomeDevices
from gridplus.agent.ground import Ground
from gridplus.agent.joining import Joins
from gridplus.agent.links import Unreachable
from gridplus.agent.memory import Memory, checked
from gridplus.agent.owners_word import OwnersWord
from gridplus.agent.price_signals import own_forecast
from gridplus.agent.restating import (
    GROUP_UNSIGNED,
    Restatements,
    is_group_sealed,
)
from gridplus.agent.stream import Asking
from gridplus.chain import ChainError
from gridplus.channel import (
    HubCaughtUp,
    HubUnreachable,
    Mismatch,
    PostCredit,
    Refusal,
    SignVoucher,
    SubmitVoucher,
    Voucher,
    step_payer,
)
from gridplus.control import Decision
from gridplus.failures import RemoteError, invariant
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.market import PriceVersion, operating_day_intervals, operating_day_of
from gridplus.meter import IntervalRead, SignedRead, read_message
from gridplus.planner import (
    Energies,
    Home,
    HomePlan,
    Rule,
    forecast_net_load,
    forecast_scenarios,
)
from gridplus.tariff import ChannelIdentity, find_mismatch, next_statement
from gridplus.tariff import Plan as TariffPlan
from gridplus.units import DAY_S, SETTLEMENT_INTERVAL_S, Interval
from gridplus.wire import (
    Acknowledgement,
    BillOffer,
    ChannelStatus,
    OpenChannel,
    RefusalMessage,
    SubmitRead,
)
from gridplus.wire import SubmitVoucher as SubmitVoucherMessage

HISTORY_DAYS = 29


@dataclass(frozen=True, slots=True)
class AgentKeys:
    """The two keys in the box: the device's, and the hot one that may pay this retailer."""

    device: DeviceKey
    voucher: Secp256k1Key


@dataclass(frozen=True, slots=True)
class Household:
    """What the box was set up with: its channel, what stands in the home, the agreed plan.

    Without the owner's `word` devices follow prices alone, as the home's file says, and no ask.
    """

    identity: ChannelIdentity
    home: Home
    plan: TariffPlan
    word: OwnersWord | None = None


class BillRefused(RemoteError):  # noqa: N818 - says what happened
    """The hub's bill is not this home's own result. `name` is the refusal's; the bill is kept."""

    def __init__(self, interval: Interval, name: str, *, sentence: str) -> None:
        super().__init__(f"the bill of {interval} is not paid: {sentence}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Payment:
    """A voucher that the hub has acknowledged, its receipt, and how long that took."""

    voucher: Voucher
    receipt: Acknowledgement
    latency_us: int


class SmartAgent:
    """One home. Sans clock: whoever runs it says `now_s`."""

    def __init__(
        self,
        household: Household,
        *,
        keys: AgentKeys,
        devices: HomeDevices,
        hub: Asking,
        ground: Ground,
    ) -> None:
        self._household = household
        self._keys = keys
        self._devices = devices
        self._hub = hub
        self._ground = ground
        self._restatements = Restatements(household.plan, keys.device, hub, ground)
        self.joins = Joins(household.plan, keys.device, hub, ground)
        self._prices: dict[date, PriceVersion] = {}
        self._planner = DevicePlanner(household.home, household.plan, devices)
        self.decision: Decision | None = None
        self.credit_fault: str | None = None
        self.price_kind: str | None = None

    @property
    def memory(self) -> Memory:
        return self._ground.memory

    async def open(self) -> ChannelStatus:
        """Introduce this home to the hub. Raises RemoteError with the hub's sentence."""
        message = OpenChannel(self._household.identity)
        answer = await self._hub.ask("/v1/channels", message, answer=ChannelStatus)
        if isinstance(answer, RefusalMessage):
            raise RemoteError(f"the hub does not open this channel: {answer.sentence}")
        return answer

    async def learn_prices(self) -> None:
        """Take the price versions published since the last time, if the chain has them too."""
        async for prices in self._ground.fetch_prices(self._household.plan):
            self._prices[prices.operating_day] = prices

    async def see_chain(self, *, now_s: int) -> None:
        """Look at this home's channel on chain; the cap and the deposit move there.

        While an exit is under way, what the hub owes is posted; `credit_fault` says why it is not,
        and the next look tries again.
        """
        effects = await self._ground.see_chain(now_s=now_s)
        self.credit_fault = None
        for effect in effects:
            invariant(isinstance(effect, PostCredit), "a look at the chain posts credits alone")
            if isinstance(effect, PostCredit):
                try:
                    await self._ground.post_credit(effect.credit)
                    await self._ground.see_chain(now_s=now_s)
                except (ChainError, RemoteError) as error:
                    self.credit_fault = str(error)

    def decide(self, interval: Interval) -> Rule | None:
        """Plan the rest of the day and tell the devices what to do in `interval`, which begins now.
        The battery's rule, if there is a battery.

        Uses prices that are published and what this home measured before `interval`. Without
        published prices it goes by expected ones, then by its own forecast from the newest day it
        knows; `price_kind` says which. Raises RemoteError when it has never known any.
        """
        prices = self._best_prices(interval)
        self.price_kind = prices.kind
        final = replace(prices, kind="final")  # a plan is costed as if its prices were final
        word = self._household.word
        if word is not None:
            return self._decide_guided(word, interval, prices=final)
        if self._planner.needs_plan(interval, final):
            self._planner.plan_for(self._coming(interval, final))
        return self._planner.act(interval, nets_wh=self._scenarios(interval))

    @property
    def plan(self) -> HomePlan | None:
        """What was planned last for the rest of the day."""
        return self._planner.plan

    def why(self) -> Mapping[str, str]:
        """A sentence for each device that `decide` told something, by the device's name."""
        return self._planner.why

    def _decide_guided(
        self, word: OwnersWord, interval: Interval, *, prices: PriceVersion
    ) -> Rule | None:
        """The same, as the owner's orders allow it; what was decided is journaled."""
        day = self._day_of(interval)
        guidance = word.guidance(
            self._household.home,
            day=day,
            now_s=interval.start_s,
            seen=self.memory.see_consents,
        )
        if self._planner.needs_plan(interval, prices, guidance=guidance):
            self._planner.plan_guided(self._coming(interval, prices), guidance)
        nets_wh = self._scenarios(interval)
        self.decision = decision = self._planner.act_guided(interval, guidance, nets_wh=nets_wh)
        kind, source = self.price_kind or "", prices.source
        self.memory.note_decision(interval, decision, price_kind=kind, price_source=source)
        return decision.rule

    def _coming(self, interval: Interval, prices: PriceVersion) -> Coming:
        """The rest of the operating day."""
        ahead = self._rest_of_day(interval)
        load_wh, solar_wh = self._past(interval)
        expected = forecast_net_load(load_wh, solar_wh, count=len(ahead))
        return Coming(ahead, prices, expected, self.memory.tip.total)

    def _scenarios(self, interval: Interval) -> Energies:
        """Net loads that may come in the rest of the operating day."""
        load_wh, solar_wh = self._past(interval)
        return forecast_scenarios(load_wh, solar_wh, count=len(self._rest_of_day(interval)))

    def _past(self, interval: Interval) -> tuple[Energies, Energies]:
        start_s = interval.start_s - HISTORY_DAYS * DAY_S
        return self._devices.past(start_s, interval.start_s)

    def _rest_of_day(self, interval: Interval) -> list[Interval]:
        return [each for each in self._day_of(interval) if each.start_s >= interval.start_s]

    async def pay(self, interval: Interval, *, now_s: int) -> Payment | None:
        """Read the meter for `interval`, which is over, then pay whatever is unpaid.

        None while the hub cannot be reached: the read is kept, and the next call pays for all.
        Raises BillRefused when the hub bills something else than this agent computes, RemoteError
        when it refuses.
        """
        await self.memory.take_read(self._devices.read(interval.start_s))
        return await self.pay_unpaid(now_s=now_s)

    async def pay_unpaid(self, *, now_s: int) -> Payment | None:
        """Agree to the bills of the kept reads in order, then one voucher for all.

        None while offline. Raises as `pay` does, but pays what was agreed before the fault.
        """
        try:
            refused = await self._agree_all(now_s=now_s)
            payment = await self._act(self.memory.step(HubCaughtUp(), now_s=now_s), now_s=now_s)
        except Unreachable:
            self.memory.step(HubUnreachable(), now_s=now_s)
            return None
        if refused is not None:
            raise refused
        return payment

    async def _agree_all(self, *, now_s: int) -> RemoteError | None:
        """Why it stopped before the last read, if it did."""
        try:
            for read in list(self.memory.unpaid):
                await self._agree(read, now_s=now_s)
        except Unreachable:
            raise
        except RemoteError as error:
            return error
        return None

    async def _agree(self, read: IntervalRead, *, now_s: int) -> None:
        channel = self._household.identity.channel
        signature = self._keys.device.sign(read_message(channel, read))
        message = SubmitRead(SignedRead(channel, read, signature))
        offer = await self._hub.ask("/v1/reads", message, answer=BillOffer)
        if isinstance(offer, RefusalMessage):
            raise RemoteError(f"the hub does not bill {read.interval}: {offer.sentence}")
        if offer.statement.previous_head != self.memory.tip.head:
            await self._restatements.take(now_s=now_s)
        fact = checked(offer, self._mismatch(offer, read))
        verdict = step_payer(self.memory.payer, fact, now_s=now_s)
        if isinstance(verdict, Refusal):
            raise await self._refuse(offer, verdict.reason.name, sentence=verdict.reason.value)
        if not self._is_sealed(offer):
            raise await self._refuse(offer, "GROUP_UNSIGNED", sentence=GROUP_UNSIGNED)
        await self.memory.agree(offer, now_s=now_s)

    async def take_restatements(self, *, now_s: int) -> Payment | None:
        """Ask for restatements of earlier bills, make each again, and pay or take what it says.

        None while offline, or when nothing is to be signed. Raises RestatementRefused for one that
        is not this home's own result, RemoteError when the hub refuses.
        """
        try:
            await self._restatements.take(now_s=now_s)
            return await self._act(self.memory.step(HubCaughtUp(), now_s=now_s), now_s=now_s)
        except Unreachable:
            self.memory.step(HubUnreachable(), now_s=now_s)
            return None

    async def take_part(self, *, now_s: int) -> None:
        """Join the paid requests ahead that the owner's orders let this home follow; an answer that
        was lost is asked for again the next time. Raises RemoteError for a receipt that is none."""
        word = self._household.word
        if word is not None:
            requests = word.joinable(self._household.home, now_s=now_s)
            await self.joins.take_part(requests, now_s=now_s)

    def _mismatch(self, offer: BillOffer, read: IntervalRead) -> Mismatch | None:
        """Recompute the bill from this home's own read, published prices, agreed plan, and the
        requests it joined."""
        right = next_statement(
            self.memory.tip,
            plan=self._household.plan,
            prices=self._require_prices(read.interval),
            read=read,
            given=self.joins.due(offer.statement),
        )
        return find_mismatch(offer.statement, right)

    def _is_sealed(self, offer: BillOffer) -> bool:
        """A bill without the hub's signature over its group would prove nothing later."""
        return is_group_sealed(self.memory.payer.terms, offer.statement.head, group=offer.group)

    async def _refuse(self, offer: BillOffer, name: str, *, sentence: str) -> "BillRefused":
        await self.memory.refuse(offer, name=name, sentence=sentence)
        return BillRefused(offer.statement.interval, name, sentence=sentence)

    async def _act(self, effects: tuple[object, ...], *, now_s: int) -> Payment | None:
        """Follow the payer's machine until it asks for nothing more."""
        payment = None
        while effects:
            (effect,) = effects
            match effect:
                case SignVoucher():
                    signature = self._keys.voucher.sign(effect.digest)
                    voucher = Voucher(effect.cfg, effect.spent, effect.earned, signature)
                    effects = await self.memory.sign(voucher, now_s=now_s)
                case SubmitVoucher():
                    payment = await self._submit(effect.voucher)
                    effects = self.memory.acknowledge(payment.receipt, now_s=now_s)
                case _:
                    invariant(False, f"an agent knows how to {type(effect).__name__}")
        return payment

    async def _submit(self, voucher: Voucher) -> Payment:
        channel = self._household.identity.channel
        message = SubmitVoucherMessage(channel, voucher)
        sent_ns = time.perf_counter_ns()
        answer = await self._hub.ask("/v1/vouchers", message, answer=Acknowledgement)
        if isinstance(answer, RefusalMessage):
            raise RemoteError(f"the hub does not take the voucher: {answer.sentence}")
        latency_us = (time.perf_counter_ns() - sent_ns) // 1_000
        if (answer.channel, answer.counters) != (channel, voucher.counters):
            raise RemoteError("the hub acknowledges another voucher than this home's newest")
        terms = self.memory.payer.terms
        if not answer.is_signed_by(terms.hub, domain=terms.domain):
            raise RemoteError("the hub did not sign what it acknowledges")
        return Payment(voucher, answer, latency_us)

    def _day_of(self, interval: Interval) -> tuple[Interval, ...]:
        zone = self._household.plan.time_zone
        day = operating_day_of(datetime.fromtimestamp(interval.start_s, UTC), zone)
        return operating_day_intervals(day, zone, length_s=SETTLEMENT_INTERVAL_S)

    def _best_prices(self, interval: Interval) -> PriceVersion:
        """What to plan by, when the final prices of the day are not there."""
        day = operating_day_of(interval.start, self._household.plan.time_zone)
        published = self._prices.get(day)
        expected = published or self._ground.feed.expected_on(day)
        if expected is not None and expected.covers(interval):
            return expected
        if not self._prices:
            return self._require_prices(interval)
        newest = max(self._prices.values(), key=lambda each: each.operating_day)
        return own_forecast(newest, day)

    def _require_prices(self, interval: Interval) -> PriceVersion:
        for prices in self._prices.values():
            if prices.covers(interval):
                return prices
        raise RemoteError(f"no published prices for {interval} have reached this home")
