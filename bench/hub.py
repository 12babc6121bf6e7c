"""Payments a second: what a hub takes over its stream, in batches and one by one, and the limits.

`python bench/hub.py [--homes 128] [--rounds 3] [--quick]` prints three tables of one run. Load and
hubs share the machine's cores; a rate counts what was acknowledged and compared. Two shards have a
coordinator, which passes HTTP requests on; homes are connected to their shard itself. Journals are
files, and schemas of a PostgreSQL server that is started for it, where one is installed.
"""

import argparse
import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median, quantiles
from typing import TypeAlias

import httpx

import fastapi_peer
from ceilings import echo_server, fsyncs, on_both_cores, recoveries, verifications
from gridplus.channel import Counters
from gridplus.clock import set_clock
from gridplus.demo.processes import ServiceProcess
from gridplus.meter import IntervalRead, SignedRead, read_message
from gridplus.tariff import Tip, next_statement
from gridplus.wallet import voucher_digest
from gridplus.wire import SubmitBatch, SubmitVoucher
from gridplus.wire import frames as wire
from gridplus.wire.batches import BATCH_ITEMS
from gridplus.wire.frames import FrameKind
from load import Ask, Run, drive
from measure import Beside, Row, per_cpu_second, show
from measure import Effort as Measured
from postgres import NotStartedError, server
from town import INTERVALS, Home, Town, founded_town
from traffic import (
    Post,
    children_of,
    connected,
    cpu_seconds,
    live,
    naive_exchanges_of,
    served_hub,
    start_program,
)
from vouchers import Limit

BIG_READ_WH = 20_000
"""One bill that many small vouchers pay."""
PIPELINED = 16
Plans: TypeAlias = list[list[Ask]]
MEANING = """
  one under way   each home has a connection and waits for each receipt before it pays again
  16 under way    the same connections, sixteen payments each on their way: a home that catches up,
                  or whoever speaks for many
  payment         a voucher: parsed, its signer recovered, journaled, fsynced, and answered with a
                  receipt (a Merkle path and the commit group's signature)
  interval        a signed read (P-256), its bill, the voucher for it, the receipt; where the home
                  exports, the bill brings a credit with a signature of its own
  naive           FastAPI, pydantic, eth-account, a commit a payment, as vouchers.py's peer"""


@dataclass
class Meter:
    """A home as the load sees it: what it has metered and been billed, and what it has paid."""

    home: Home
    register: tuple[int, int] = (0, 0)
    place: int = 0
    paid: int = 0
    tip: Tip = field(init=False)

    def __post_init__(self) -> None:
        self.tip = Tip.genesis(self.home.identity.channel)

    def interval(self, town: Town, import_wh: int, *, export_wh: int) -> list[Ask]:
        """The next read with its bill, and the voucher for it."""
        into, out = self.register[0] + import_wh, self.register[1] + export_wh
        read = IntervalRead(INTERVALS[self.place], import_wh, export_wh, into, out)
        statement = next_statement(self.tip, plan=town.plan, prices=town.prices, read=read)
        more = statement.earned_ubolt > self.tip.total.earned_ubolt
        self.register, self.place, self.tip = (into, out), self.place + 1, statement.tip
        channel = self.home.identity.channel
        signed = SignedRead(channel, read, self.home.device.sign(read_message(channel, read)))
        begins = b'{"credit_signature":' + (b'"0x' if more else b"null")
        asked = Ask(FrameKind.READ, wire.pack_read(signed), FrameKind.MESSAGE, begins)
        return [asked, self.voucher(statement.spent_ubolt, statement.earned_ubolt)]

    def voucher(self, spent: int, earned: int = 0) -> Ask:
        voucher = self.home.voucher(Counters(spent, earned))
        packed = wire.pack_voucher(self.home.identity.channel, voucher)
        begins = spent.to_bytes(6, "big") + earned.to_bytes(6, "big")
        return Ask(FrameKind.VOUCHER, packed, FrameKind.ACKNOWLEDGEMENT, begins)

    def parts(self, count: int) -> list[Ask]:
        """The next vouchers, each for a µBOLT more."""
        self.paid += count
        return [self.voucher(spent) for spent in range(self.paid - count + 1, self.paid + 1)]

    def submitted(self) -> SubmitVoucher:
        """The next one as a message over HTTP."""
        self.paid += 1
        voucher = self.home.voucher(Counters(self.paid, 0))
        return SubmitVoucher(self.home.identity.channel, voucher)


@dataclass
class Found:
    """Rates and CPU times by name, over the rounds."""

    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    hub_us: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    load_us: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    half_s: list[float] = field(default_factory=list)
    forms: Sequence[str] = ()

    def rate(self, name: str) -> float | None:
        return median(self.rates[name]) if self.rates[name] else None

    async def drive(
        self,
        name: str,
        hub: ServiceProcess,
        plans: Plans,
        *,
        meters: Sequence[Meter],
        asks_each: int = 1,
    ) -> Run:
        """Each plan on the stream of its meter's channel; `PIPELINED` when the name says so. What
        is counted takes `asks_each` asks."""
        ports = await _stream_ports(hub, meters)
        window = PIPELINED if "pipelined" in name else 1
        with self.round(name, hub, sum(map(len, plans)) // asks_each):
            return await asyncio.to_thread(drive, ports, plans, window=window)

    @contextmanager
    def round(self, name: str, hub: ServiceProcess, count: int) -> Iterator[None]:
        """Time in which `count` things are done: the clock's, the hub's and this process's own."""
        begin_s, hub_s, load_s = time.perf_counter(), _cpu(hub), time.process_time()
        yield
        self.rates[name].append(count / (time.perf_counter() - begin_s))
        self.hub_us[name].append((_cpu(hub) - hub_s) / count * 1e6)
        self.load_us[name].append((time.process_time() - load_s) / count * 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--each", type=int, default=40, help="payments a home and round")
    parser.add_argument("--quick", action="store_true", help="only to see that it runs")
    asked = parser.parse_args()
    if asked.quick:
        asked.homes, asked.rounds, asked.each = 4, 1, 4
    seconds = 0.05 if asked.quick else 1.0
    with (
        tempfile.TemporaryDirectory(prefix="gridplus-bench-") as name,
        founded_town(Path(name), homes=2 * asked.homes) as town,
    ):
        set_clock(town.clock, INTERVALS[-1].end_s)
        found, limits = Found(), [ceilings(town.folder, seconds)]
        asyncio.run(measure(town, found, rounds=asked.rounds, each=asked.each))
        limits.append(ceilings(town.folder, seconds))
        limit = {name: mean(each[name] for each in limits) for name in limits[0]}
        show(f"Payments a second over the stream: {asked.homes} homes", stream_rows(found, limit))
        show("Payments a second over HTTP", http_rows(found, limit))
        show("Whole intervals a second", interval_rows(found, limit))
        show("The agent's side, a CPU second", sign_rows(town, seconds))
        print(latency(found))
        print(profile(found, limit))
    print(MEANING)


def ceilings(folder: Path, seconds: float) -> dict[str, float]:
    """Taken before and after everything else: others may use this machine as well."""
    return {
        "verify": on_both_cores(verifications, seconds),
        "recover": on_both_cores(recoveries, seconds),
        "fsync": fsyncs(folder / "sync", seconds=seconds),
    }


async def measure(town: Town, found: Found, *, rounds: int, each: int) -> None:
    meters, half = [Meter(home) for home in town.homes], len(town.homes) // 2
    meters, living = meters[:half], meters[half:]
    first = [meter.interval(town, BIG_READ_WH, export_wh=0)[:1] for meter in meters]
    async with served_hub(town) as hub:
        async with AsyncExitStack() as others:
            forms = {"one process": hub, **await _others(town, others)}
            found.forms = list(forms)
            for served in forms.values():
                await Found().drive("first bills", served, first, meters=meters)
            echo = others.enter_context(echo_server())
            for _ in range(rounds):
                plans = await _over_stream(found, town, meters, forms=forms, each=each)
                nothing = [[_echoed(ask) for ask in plan] for plan in plans]
                idle = await asyncio.to_thread(drive, [echo] * len(plans), nothing)
                found.rates["nothing"].append(idle.per_second)
                await _over_http(found, forms, meters, each=each)
                await _intervals(found, town, living, forms=forms)
        rate = found.rate("one process") or 1.0
        plans = [meter.parts(each) for meter in meters]
        ports = await _stream_ports(hub, meters)
        calm = await asyncio.to_thread(drive, ports, plans, per_second=rate / 2)
        found.half_s = calm.taken_s
    await _naive(found, town, each=max(1, each // 8))


async def _over_stream(
    found: Found,
    town: Town,
    meters: Sequence[Meter],
    *,
    forms: dict[str, ServiceProcess],
    each: int,
) -> Plans:
    """One payment of a home under way, then sixteen; the last plans."""
    for suffix in ("", ", pipelined"):
        plans = [meter.parts(each) for meter in meters]
        for form, served in forms.items():
            run = await found.drive(f"{form}{suffix}", served, plans, meters=meters)
            _check(town, run, plans)
    return plans


async def _others(town: Town, stack: AsyncExitStack) -> dict[str, ServiceProcess]:
    """Hubs of the same town in their other forms, by the name in the tables."""

    async def serve(name: str, *, journal: str | None = None) -> ServiceProcess:
        shards = 2 if name.startswith("shards") else None
        made = served_hub(town, name=name, shards=shards, journal=journal)
        return await stack.enter_async_context(made)

    forms = {"two shards": await serve("shards")}
    (town.folder / "postgres").mkdir()
    try:
        database = stack.enter_context(server(town.folder / "postgres"))
    except NotStartedError as error:
        print(f"  PostgreSQL not measured ({error})")
        return forms
    forms["PostgreSQL, one process"] = await serve("hub-db", journal=database.journal("hub"))
    schemas = ("shards", "shards_0", "shards_1")
    forms["PostgreSQL, two shards"] = await serve("shards-db", journal=database.journal(*schemas))
    return forms


async def _over_http(
    found: Found, forms: dict[str, ServiceProcess], meters: Sequence[Meter], *, each: int
) -> None:
    """Single requests of every home, then batches: each has vouchers of as many homes as it can."""
    turns = range(each // 2)
    singles = [[(_post("/v1/vouchers", meter.submitted()),) for _ in turns] for meter in meters]
    size, batches = min(BATCH_ITEMS, len(meters)), []
    for start in range(0, len(meters) - size + 1, size):
        own = meters[start : start + size]
        made = [SubmitBatch(tuple(m.submitted() for m in own)) for _ in turns]
        right = b'"kind":"gridplus.batch-answer/1"'
        batches.append([(Post("/v1/batches", batch.to_bytes(), right),) for batch in made])
    for form, hub in forms.items():
        async with connected(hub.url, len(meters)) as doors:
            with found.round(f"{form}, one a request", hub, len(meters) * len(turns)):
                await live(doors, singles)
        async with connected(hub.url, len(batches)) as doors:
            with found.round(f"{form}, batches of 50", hub, len(batches) * len(turns) * size):
                await live(doors, batches)


async def _intervals(
    found: Found, town: Town, meters: Sequence[Meter], *, forms: dict[str, ServiceProcess]
) -> None:
    """Two intervals in which every home imports, two in which it exports as well."""
    for name, export_wh in (("imports", 0), ("exports", 300)):
        plans = [
            [ask for _ in range(2) for ask in meter.interval(town, 400, export_wh=export_wh)]
            for meter in meters
        ]
        for form, served in forms.items():
            await found.drive(f"{form}, {name}", served, plans, meters=meters, asks_each=2)


def _check(town: Town, run: Run, plans: Plans) -> None:
    """The newest receipt of every home stands alone: its path leads to what the hub signed."""
    for home, payload in zip(town.homes, run.last, strict=False):
        told = wire.unpack_receipt(payload, home.identity.channel)
        assert told.is_signed_by(town.hub_key.address, domain=home.identity.domain)
    assert len(run.last) == len(plans)


async def _naive(found: Found, town: Town, *, each: int) -> None:
    if not await asyncio.to_thread(fastapi_peer.installed, fetch=each > 1):
        return
    server = await asyncio.to_thread(
        start_program, "fastapi_peer.py", town.folder, str(town.folder / "fastapi.db")
    )
    try:
        plans = [naive_exchanges_of(home, count=each) for home in town.homes[::2]]
        async with connected(server.url, len(plans)) as doors:
            with found.round("naive", server, len(plans) * each):
                await live(doors, plans)
    finally:
        server.stop()


def _post(path: str, message: SubmitVoucher) -> Post:
    right = f'"spent_ubolt":{message.voucher.spent}}}'.encode()
    return Post(path, message.to_bytes(), right)


def _echoed(ask: Ask) -> Ask:
    return Ask(ask.kind, ask.payload, FrameKind.ACKNOWLEDGEMENT, b"")


async def _stream_ports(hub: ServiceProcess, meters: Sequence[Meter]) -> list[int]:
    """Where each meter's home stays connected."""
    channels = [meter.home.identity.channel.hex() for meter in meters]
    async with httpx.AsyncClient(base_url=hub.url, trust_env=False) as client:
        asked = [await client.get(f"/v1/stream?channel=0x{channel}") for channel in channels]
    return [int(answer.json()["port"]) for answer in asked]


def _cpu(hub: ServiceProcess) -> float:
    """A hub's, with that of its shards."""
    pid = hub.process.pid
    return sum(cpu_seconds(each) or 0.0 for each in (pid, *children_of(pid)))


def stream_rows(found: Found, limits: dict[str, float]) -> list[Row]:
    verify = Beside("limit: libsecp256k1 verifies, both cores", limits["verify"])
    others = (
        verify,
        Beside("limit: libsecp256k1 recovers, both cores", limits["recover"]),
        Beside("limit: a server that does nothing, one process", found.rate("nothing")),
        Beside("peer: naive, one HTTP request a payment", found.rate("naive")),
    )
    ways = {", one under way": "", ", 16 under way": ", pipelined"}
    rows = [
        Row(form + way, found.rate(form + suffix), (verify,))
        for way, suffix in ways.items()
        for form in found.forms
    ]
    return [Row(rows[0].what, rows[0].ours, others), *rows[1:]]


def http_rows(found: Found, limits: dict[str, float]) -> list[Row]:
    verify = Beside("limit: libsecp256k1 verifies, both cores", limits["verify"])
    naive = Beside("peer: naive, one HTTP request a payment", found.rate("naive"))
    return [
        Row(f"{form}, {way}", found.rate(f"{form}, {way}"), (verify, naive))
        for way in ("batches of 50", "one a request")
        for form in found.forms
    ]


def interval_rows(found: Found, limits: dict[str, float]) -> list[Row]:
    verify = Beside("limit: libsecp256k1 verifies, both cores", limits["verify"])
    return [
        Row(f"{form}, {kind}", found.rate(f"{form}, {kind}"), (verify,))
        for kind in ("imports", "exports")
        for form in found.forms
    ]


def sign_rows(town: Town, seconds: float) -> list[Row]:
    home = town.homes[0]
    domain, cfg, key = home.identity.domain, home.identity.cfg, home.voucher_key

    def sign(number: int) -> None:
        key.sign(voucher_digest(domain, cfg, spent=number, earned=7))

    rates = per_cpu_second({"ours": sign, "limit": Limit().sign}, Measured(3, seconds / 3))
    limit = Beside("limit: libsecp256k1 signs, digest given", rates["limit"])
    return [Row("vouchers signed, EIP-712 and all", rates["ours"], (limit,))]


def latency(found: Found) -> str:
    cuts = quantiles(found.half_s, n=100)
    return (
        f"\n  at half of one process's load a payment takes {cuts[49] * 1e3:.1f} ms (p50), "
        f"{cuts[98] * 1e3:.1f} ms (p99)"
    )


def profile(found: Found, limits: dict[str, float]) -> str:
    lines = [
        f"  fdatasync of 4 KiB: {limits['fsync']:,.0f} a second; µs of CPU a payment or interval:"
    ]
    for name, spent in found.hub_us.items():
        hub, load = median(spent), median(found.load_us[name])
        lines.append(f"    {name:38} hub {hub:6.0f}   load {load:6.0f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
