"""The run: found a retailer, live through the days, close each, ask every store what it knows."""

import asyncio
import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from gridplus.chain import RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.control import Decision, Signal
from gridplus.demo import outside
from gridplus.demo.asks import DAILY_ASKS, DailyAsk
from gridplus.demo.founding import DepositOrder, Founder, make_role_keys
from gridplus.demo.line import Line
from gridplus.demo.options import DemoOptions, StreetTerms, bundled, street_terms
from gridplus.demo.stage import PLAN, Stage
from gridplus.demo.street import Resident, Start, Surroundings, make_resident
from gridplus.failures import RemoteError
from gridplus.market import day_ahead_posting_s, operating_day_intervals
from gridplus.market.prices import ERCOT_ZONE
from gridplus.tariff import Plan, parse_plan
from gridplus.units import UBOLT_PER_BOLT, Interval
from gridplus.wallet import Address

FOUNDING_HOUR_S = 15 * 3_600
"""How long before the first midnight the retailer begins: 09:00 local on the day before."""
PAUSE_S = 0.02
"""Without --fast: a breath an interval, so that a person sees the day go by."""


class Progress(Protocol):
    """Where a run says how far it is."""

    def phase(self, name: str) -> None: ...

    def interval(self, done: int, total: int, *, label: str) -> None: ...


@dataclass
class Asked:
    """An ask of the retailer's: the event, which way each home heard of it, what the devices of
    each home did about it (and by which consents), and why nobody did where that was so."""

    ask: DailyAsk
    day: date
    event: str
    ways: dict[str, str]
    followed: dict[str, dict[str, str]] = field(default_factory=dict)
    declined: dict[str, str] = field(default_factory=dict)

    def note(self, home: str, decision: Decision) -> None:
        """What was decided in a home for an interval."""
        for action in decision.actions:
            if any(each.startswith(f"{self.event} ") for each in action.signals):
                kind = Signal[self.ask.kind.upper()]
                consents = (each for each in action.consents if each.signal is kind)
                leave = ", ".join(f"{each.signal.name.lower()} {each.number}" for each in consents)
                self.followed.setdefault(home, {})[action.device] = leave
        for cited, why in decision.declined:
            if cited.startswith(f"{self.event} "):
                self.declined[home] = why


@dataclass
class Run:
    """What the run has seen: everything the figures are made of that no store keeps."""

    options: DemoOptions
    terms: StreetTerms
    stage: Stage
    deployment: Deployment
    hub: Address
    plan: Plan
    residents: Sequence[Resident]
    latencies_us: list[int] = field(default_factory=list)
    closed: dict[date, dict[str, Any]] = field(default_factory=dict)
    bought: dict[date, dict[str, Any]] = field(default_factory=dict)
    gas: list[tuple[str, int]] = field(default_factory=list)
    refused: int = 0
    reasons: dict[tuple[str, int], Mapping[str, str]] = field(default_factory=dict)
    asked: list["Asked"] = field(default_factory=list)
    restated: dict[str, Any] | None = None
    """What the back office told of the restatement, by home."""


def perform(options: DemoOptions, progress: Progress) -> Run:
    """Live through the days. On return all services have ended and every store is closed."""
    terms = street_terms()
    stage = Stage(options, terms)
    try:
        return asyncio.run(_perform(options, terms, stage=stage, progress=progress))
    finally:
        stage.close()


async def _perform(
    options: DemoOptions, terms: StreetTerms, *, stage: Stage, progress: Progress
) -> Run:
    first = options.first_day
    start_s = outside.day_start_s(first) - FOUNDING_HOUR_S
    stage.set_clock(start_s)
    progress.phase("keys for each role, a chain in a file")
    keys = make_role_keys(stage.out / "keys", options.seed)
    with stage.start_chain(keys) as chain:
        founder = Founder(chain, keys, terms=terms)
        progress.phase("contracts: token, vault, anchor; a funded pool")
        deployment = founder.deploy()
        founder.fund_pool(deployment)
        progress.phase(f"{options.homes} homes: keys, deposits, open channels")
        residents = _settle(options, terms, stage=stage, deployment=deployment)
        run = Run(
            options,
            terms,
            stage,
            deployment,
            keys["hub"].address,
            parse_plan(bundled(PLAN), what=PLAN),
            residents,
            gas=founder.gas,
        )
        _deposit(run, founder, residents=residents)
        progress.phase("back office and hub")
        outside.write_customers(stage, residents)
        line = stage.open_doors(founder.found_registry([r.claim.address for r in residents]))
        stage.start_retailer(deployment)
        stage.start_hub()
        progress.phase(f"{options.homes} boxes: claimed with their codes, certified, on the line")
        await _wake(run, chain, line=line)
        gc.collect()
        gc.freeze()  # all homes live in this process: a long collection would stop the street
        try:
            await _live(run, founder, progress=progress)
        finally:
            for resident in residents:
                run.refused += resident.agent.memory.refused
                await resident.sleep()
    return run


def _settle(
    options: DemoOptions, terms: StreetTerms, *, stage: Stage, deployment: Deployment
) -> list[Resident]:
    start = Start(stage.clock.now_s(), options.seed, terms.daily_cap_bolt)
    return [
        make_resident(
            name, series, folder=stage.out / "homes" / name, deployment=deployment, start=start
        )
        for name, series in options.street.items()
    ]


def _deposit(run: Run, founder: Founder, *, residents: Sequence[Resident]) -> None:
    orders = [
        DepositOrder(r.identity, r.owner, r.deposits, run.terms.deposit_ubolt) for r in residents
    ]
    founder.deposit(run.deployment, orders, now_s=run.stage.clock.now_s())
    for resident in residents:
        resident.deposits += 1


async def _wake(run: Run, chain: RpcChain, *, line: Line) -> None:
    """Every home claims its box, and opens its channel over the line that it gets by that."""
    around = Surroundings(
        chain,
        run.deployment,
        run.hub,
        line,
        run.plan,
        run.stage.clock,
        run.terms,
    )
    await asyncio.gather(*(resident.wake(around) for resident in run.residents))


async def _live(run: Run, founder: Founder, *, progress: Progress) -> None:
    days = run.options.operating_days
    total = sum(len(operating_day_intervals(day)) for day in days)
    done = 0
    await _day_ahead(run, days[0], progress=progress)
    for day in days:
        for interval in operating_day_intervals(day):
            await _ask(run, day, interval=interval)
            await _live_through(run, interval)
            done += 1
            progress.interval(done, total, label=f"{day} {_local(interval)}")
            tomorrow = day + timedelta(1)
            if tomorrow in days and interval.end_s == day_ahead_posting_s(tomorrow):
                await _day_ahead(run, tomorrow, progress=progress)
        await _close(run, day, progress=progress)
        if day != days[-1]:
            await _top_up(run, founder)
        if day == days[0] and run.options.restate:
            await _restate(run, day, progress=progress)


async def _ask(run: Run, day: date, *, interval: Interval) -> None:
    """The retailer asks what is due when `interval` begins; every home hears of it at once."""
    for each in DAILY_ASKS:
        if each.told_s(day) == interval.start_s:
            event = await asyncio.to_thread(outside.ask, run.stage, each.order(day))
            told = (r.hear_of(event, now_s=interval.start_s) for r in run.residents)
            ways = await asyncio.gather(*told)
            names = (resident.name for resident in run.residents)
            run.asked.append(Asked(each, day, event, dict(zip(names, ways, strict=True))))


async def _live_through(run: Run, interval: Interval) -> None:
    """Every home decides, lives for a quarter hour, meters it, is billed, and pays."""
    for resident in run.residents:
        resident.agent.decide(interval)
        run.reasons[resident.name, interval.start_s] = resident.agent.why()
        decision = resident.agent.decision
        if decision is not None:
            for asked in run.asked:
                asked.note(resident.name, decision)
    for resident in run.residents:
        resident.devices.pass_time(interval)
    run.stage.set_clock(interval.end_s)
    await asyncio.gather(*(_pay(run, resident, interval=interval) for resident in run.residents))
    if not run.options.fast:
        await asyncio.sleep(PAUSE_S)


async def _pay(run: Run, resident: Resident, *, interval: Interval) -> None:
    payment = await resident.agent.pay(interval, now_s=interval.end_s)
    if payment is not None:
        run.latencies_us.append(payment.latency_us)


async def _day_ahead(run: Run, day: date, *, progress: Progress) -> None:
    """The back office bids on what it knew at 10:00, ERCOT posts, the event goes out."""
    progress.phase(f"day-ahead market for {day}")
    _advance(run, outside.bidding_closes_s(day))
    _let_time_pass(run, outside.bidding_closes_s(day))
    outside.deliver_history(run.stage, run.residents, until_s=outside.bidding_closes_s(day))
    _advance(run, day_ahead_posting_s(day))
    outside.deliver_day_ahead(run.stage, day)
    run.bought[day] = await asyncio.to_thread(outside.order, run.stage, "day-ahead", day=day)
    await asyncio.gather(*(_learn(resident, day) for resident in run.residents))
    if day == run.options.first_day:
        _advance(run, outside.day_start_s(day))
        _let_time_pass(run, outside.day_start_s(day))


async def _learn(resident: Resident, day: date) -> None:
    """Hear the day's prices, be there for what comes, and say what is expected to be used."""
    await resident.agent.learn_prices()
    await resident.listen()
    await resident.report_forecast(day)


async def _close(run: Run, day: date, *, progress: Progress) -> None:
    """Claim all vouchers, anchor the bills, post the ledger; then every home looks at the chain."""
    progress.phase(f"closing {day}: claim, anchor, ledger")
    late = [r.name for r in run.residents if r.agent.memory.unpaid]
    for resident in run.residents:
        if resident.orders_fault is not None:
            raise RemoteError(f"{resident.name} does not follow: {resident.orders_fault}")
    if late:
        raise RemoteError(f"{', '.join(late)} could not pay the day; see {run.stage.out}/logs")
    await asyncio.gather(*(resident.report_usage(day) for resident in run.residents))
    outside.deliver_real_time(run.stage, run.options, day=day)
    run.closed[day] = await asyncio.to_thread(outside.order, run.stage, "close", day=day)
    now_s = run.stage.clock.now_s()
    for resident in run.residents:
        await resident.agent.see_chain(now_s=now_s)


async def _restate(run: Run, day: date, *, progress: Progress) -> None:
    """The market corrects a closed day; every home makes its restatement again, and pays."""
    progress.phase(f"corrected prices of {day}: earlier bills are restated")
    outside.correct_day_ahead(run.stage, day)
    run.restated = await asyncio.to_thread(outside.order_restatement, run.stage, day)
    now_s = run.stage.clock.now_s()
    for resident in run.residents:
        await resident.agent.take_restatements(now_s=now_s)


async def _top_up(run: Run, founder: Founder) -> None:
    """Owners whose channel runs low pay in again, before the next morning."""
    wanted = run.terms.top_up_below_bolt * UBOLT_PER_BOLT
    low = [r for r in run.residents if r.agent.memory.payer.view.headroom < wanted]
    if not low:
        return
    await asyncio.to_thread(_deposit, run, founder, residents=low)
    now_s = run.stage.clock.now_s()
    for resident in low:
        await resident.agent.see_chain(now_s=now_s)


def _advance(run: Run, now_s: int) -> None:
    if now_s > run.stage.clock.now_s():
        run.stage.set_clock(now_s)


def _let_time_pass(run: Run, until_s: int) -> None:
    """Before the first day homes live without an agent's word: their batteries rest."""
    for resident in run.residents:
        resident.devices.rest_until(until_s)


def _local(interval: Interval) -> str:
    return f"{interval.start.astimezone(ZoneInfo(ERCOT_ZONE)):%H:%M}"
