"""What a hub takes in: durable vouchers without HTTP, and whole payments over HTTP.

Rounds of ours, of the peer and of the limit follow each other, so that all meet the same machine.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from gridplus.channel import Counters, Voucher
from gridplus.clock import FileClock
from gridplus.demo.processes import ServiceProcess
from gridplus.digest import canonical_json
from gridplus.hub import Hub, HubParts, Refused
from gridplus.journal import SqliteJournal
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wire import OpenChannel
from measure import Beside, Effort, Row
from naive import NaiveServer, typed_voucher
from town import Home, Town
from traffic import (
    Exchange,
    connected,
    cpu_seconds,
    echo_exchanges,
    exchanges_of,
    live,
    naive_exchanges_of,
    served_hub,
    start_naive,
)

VOUCHERS_A_ROUND = 8
INTERVALS_A_ROUND = 8
UNSIGNED_LIMIT_UBOLT = 20 * UBOLT_PER_BOLT


@dataclass
class Seconds:
    """Wall and CPU seconds of each round of `count` things; `cpu_s` reads the CPU's clock, whose
    None says that there is none."""

    count: int
    cpu_s: Callable[[], float | None] = time.process_time
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @contextmanager
    def round(self) -> Iterator[None]:
        wall_s, cpu_s = time.perf_counter(), self.cpu_s()
        yield
        self.wall.append(time.perf_counter() - wall_s)
        after_s = self.cpu_s()
        if cpu_s is not None and after_s is not None:
            self.cpu.append(after_s - cpu_s)

    @property
    def per_second(self) -> float:
        return self.count / median(self.wall)

    @property
    def per_cpu_second(self) -> float | None:
        """Of all rounds together: the clock of another process ticks only every 10 ms."""
        spent_s = sum(self.cpu)
        return self.count * len(self.cpu) / spent_s if spent_s else None


class DurableRounds:
    """A hub in this process, its journal on disk, the naive server's core and the bare disk."""

    def __init__(self, town: Town, hub: Hub, *, vouchers: Sequence[Sequence[Voucher]]) -> None:
        self._town, self._hub, self._vouchers = town, hub, vouchers
        self._naive = NaiveServer(town.folder / "naive-core.db")
        homes = len(town.homes)
        self.ours = Seconds(homes * VOUCHERS_A_ROUND)
        self.naive, self.disk = Seconds(homes), Seconds(homes)

    async def go(self, number: int) -> None:
        """Every home sends its next vouchers, one after the other; then the peer, then the disk."""
        part = slice(number * VOUCHERS_A_ROUND, (number + 1) * VOUCHERS_A_ROUND)
        turns = [(h, own[part]) for h, own in zip(self._town.homes, self._vouchers, strict=True)]
        with self.ours.round():
            await asyncio.gather(*(self._submit(home, own) for home, own in turns))
        with self.naive.round():
            for home, own in turns:
                self._accept(home, own[0])
        with self.disk.round():
            _sync(self._town.folder / "sync", len(turns))

    async def _submit(self, home: Home, vouchers: Sequence[Voucher]) -> None:
        for voucher in vouchers:
            kept = await self._hub.submit_voucher(home.identity.channel, voucher)
            assert not isinstance(kept, Refused), kept

    def _accept(self, home: Home, voucher: Voucher) -> None:
        spent, earned = voucher.spent, voucher.earned
        message = typed_voucher(home.identity.domain, voucher.cfg, spent=spent, earned=earned)
        self._naive.accept(message, voucher.signature)


async def durable_rows(town: Town, effort: Effort, *, recoveries: float) -> list[Row]:
    """Each home has one bill and pays it with many small vouchers; only those are measured.
    `recoveries`: what libsecp256k1 recovers in a CPU second."""
    clock, steps = FileClock(town.clock), effort.rounds * VOUCHERS_A_ROUND
    with SqliteJournal.open(town.folder / "own.journal", now_s=clock.now_s) as journal:
        hub = Hub(HubParts(town.hub_key, town.vault, journal, clock, UNSIGNED_LIMIT_UBOLT))
        hub.start()
        await hub.adopt_plan(town.plan)
        await hub.adopt_prices(town.prices, canonical_json(town.prices.document()))
        vouchers = [await _billed(hub, home, steps) for home in town.homes]
        rounds = DurableRounds(town, hub, vouchers=vouchers)
        for number in range(effort.rounds):
            await rounds.go(number)
        await hub.aclose()
    ours, naive, disk = rounds.ours, rounds.naive, rounds.disk
    peer = "peer: eth-account, one SQLite commit each"
    return [
        Row(
            "vouchers durable, a second",
            ours.per_second,
            (
                Beside("limit of a commit each: fdatasync of 4 KiB", disk.per_second),
                Beside(peer, naive.per_second),
            ),
        ),
        Row(
            "vouchers durable, a CPU second",
            ours.per_cpu_second,
            (
                Beside("limit: libsecp256k1 recovers, digest given", recoveries),
                Beside(peer, naive.per_cpu_second),
            ),
        ),
    ]


async def _billed(hub: Hub, home: Home, steps: int) -> list[Voucher]:
    """Open the channel, bill its first interval; vouchers that pay it in so many steps."""
    opened = await hub.open_channel(OpenChannel(home.identity))
    assert not isinstance(opened, Refused), opened
    record = await hub.submit_read(home.signed(0))
    assert not isinstance(record, Refused), record
    spent, earned = record.statement.spent_ubolt, record.statement.earned_ubolt
    assert spent >= steps
    paid = (spent * step // steps for step in range(1, steps + 1))
    return [home.voucher(Counters(part, earned)) for part in paid]


def _sync(path: Path, count: int) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for _ in range(count):
        os.write(descriptor, bytes(4096))
        os.fdatasync(descriptor)
    os.close(descriptor)


@dataclass
class Paid:
    """Rounds of payments over HTTP, and how long payments took."""

    ours: Seconds
    http: Seconds
    naive: Seconds
    full_s: list[float] = field(default_factory=list)
    half_s: list[float] = field(default_factory=list)

    def rows(self) -> list[Row]:
        limit, peer = "limit: HTTP alone, two requests", "peer: naive server, one request"
        return [
            Row(
                "payments, a second",
                self.ours.per_second,
                (Beside(limit, self.http.per_second), Beside(peer, self.naive.per_second)),
            ),
            Row(
                "payments, a CPU second of the server",
                self.ours.per_cpu_second,
                (Beside(limit, self.http.per_cpu_second), Beside(peer, self.naive.per_cpu_second)),
            ),
        ]

    def latency(self) -> str:
        half, full = _spread(self.half_s), _spread(self.full_s)
        return f"  a payment takes {half} at half of that load, {full} at the whole"


async def measure_payments(town: Town, effort: Effort) -> Paid:
    """Full load in rounds, then once half of the load that was found."""
    homes, count = len(town.homes), effort.rounds * INTERVALS_A_ROUND
    plans = [exchanges_of(home, town, count=count + INTERVALS_A_ROUND) for home in town.homes]
    naive_plans = [naive_exchanges_of(home, count=effort.rounds) for home in town.homes]
    echoes = [echo_exchanges(plan[:INTERVALS_A_ROUND]) for plan in plans]
    naive = await asyncio.to_thread(start_naive, town.folder)
    try:
        async with (
            served_hub(town) as hub,
            connected(hub.url, homes) as at_hub,
            connected(naive.url, homes) as at_naive,
        ):
            each = homes * INTERVALS_A_ROUND
            paid = Paid(_of(hub, each), _of(naive, each), _of(naive, homes))
            for number in range(effort.rounds):
                part = slice(number * INTERVALS_A_ROUND, (number + 1) * INTERVALS_A_ROUND)
                with paid.ours.round():
                    paid.full_s += await live(at_hub, _cut(plans, part))
                with paid.http.round():
                    await live(at_naive, echoes)
                with paid.naive.round():
                    await live(at_naive, _cut(naive_plans, slice(number, number + 1)))
            period_s = homes / (paid.ours.per_second / 2)
            paid.half_s = await live(at_hub, _cut(plans, slice(count, None)), period_s=period_s)
            return paid
    finally:
        naive.stop()


def _of(service: ServiceProcess, count: int) -> Seconds:
    return Seconds(count, lambda: cpu_seconds(service.process.pid))


def _cut(plans: Sequence[Sequence[Exchange]], part: slice) -> list[Sequence[Exchange]]:
    return [plan[part] for plan in plans]


def _spread(seconds: Sequence[float]) -> str:
    cuts = quantiles(seconds, n=100)
    return f"{cuts[49] * 1e3:.1f} ms (p50), {cuts[98] * 1e3:.1f} ms (p99)"
