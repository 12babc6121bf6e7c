"""What many channels cost a hub: start-up, memory, planning claims, and payments beside few.

`python bench/channels.py [--million] [--quick]` writes journals with 1,000, 100,000 and, if asked,
1,000,000 channels through the journal's port, each home in the row that a hub keeps of one that has
lived a day of real reads, and starts a hub on each in a process of its own, without network or
chain. A thousand homes at even distances have keys and facts of their own: they pay, each awoken by
its first voucher. The other rows are copies of two of them under channel ids of their own. Of at
most 100,000 channels the chain has not paid a voucher.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from coincurve import PrivateKey

from gridplus.chain import RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.channel import ChainSeen, ChannelView, Claimed, Counters, Voucher
from gridplus.contracts.word import DAY_S, ChannelWord
from gridplus.demo.street_data import day_ahead_prices
from gridplus.digest import Document, canonical_json, keccak256
from gridplus.hub import Book, Hub, HubParts
from gridplus.hub.facts import BilledRead, Kind, StoredVoucher, billed_fact, seen_fact
from gridplus.hub.home import Paid
from gridplus.hub.homes import Homes
from gridplus.hub.owing import OwnHomes, Which
from gridplus.hub.packing import ROWS, pack_home
from gridplus.hub.sealing import BillNote, GroupSealer, Note, VoucherNote, bill_leaf
from gridplus.hub.vault import VaultLink
from gridplus.journal import Batch, Fact, SqliteJournal, State
from gridplus.keystore import Secp256k1Key
from gridplus.market import PriceVersion
from gridplus.tariff import Plan, Tip, next_statement
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Address, ChannelId
from gridplus.wire import OpenChannel, OwedVouchers
from town import DAY, INTERVALS, Home, bundled_plan, home_nowhere

FEW, MANY, MILLION = 1_000, 100_000, 1_000_000
PAYING, EACH = 1_000, 5
"""Homes that pay, and vouchers of each, one after the other."""
OWED_MOST = 100_000
FULL_DAYS = 2
"""Homes whose whole day stands in facts and marks; the others copy their rows."""
SLICE = 5_000
START_LIMIT_S, PLAN_LIMIT_S, SHARE_LIMIT, BYTES_LIMIT = 20, 2, 0.8, 2_048
NOW_S = INTERVALS[-1].end_s
HUB = Secp256k1Key(PrivateKey(keccak256(b"bench hub")))
LIMIT_UBOLT = 20 * UBOLT_PER_BOLT
WORD = ChannelWord(deposited=500 * UBOLT_PER_BOLT, cap_day=NOW_S // DAY_S - 10, daily_cap=60)
SEEN = ChainSeen(ChannelView(WORD, NOW_S // DAY_S), 1)
PLACE = home_nowhere().identity
NOWHERE = Deployment(PLACE.chain_id, Address(b"\xcc" * 20), PLACE.vault, PLACE.anchor, HUB.address)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one hub with so many channels, of which so many are `owed`."""

    channels: int
    owed: int
    start_s: float
    start_cpu_s: float
    bytes_a_channel: int
    row_bytes: int
    standing_s: float
    plan_s: float
    plan_cpu_s: float
    payments: float
    payments_cpu: float
    keep_s: float
    journal_bytes: int


class EndOfDay:
    """All of it happens when the day is over."""

    def now_s(self) -> int:
        return NOW_S


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="also 1,000,000 channels")
    parser.add_argument("--quick", action="store_true", help="only to see that it runs")
    parser.add_argument("--journal", type=Path, help="measure one that is written; used by itself")
    asked = parser.parse_args()
    if asked.journal:
        print(json.dumps(asdict(measure(asked.journal))))
        return
    counts = (20, 60) if asked.quick else (FEW, MANY, *((MILLION,) if asked.million else ()))
    with tempfile.TemporaryDirectory(prefix="gridplus-bench-") as name:
        costs = [in_a_process(Path(name) / f"{count}.journal", count) for count in counts]
    show(costs)


def show(costs: Sequence[Cost]) -> None:
    few = costs[0]
    shares = [cost.payments_cpu / few.payments_cpu for cost in costs]
    table = (
        ("channels", [f"{cost.channels:,}" for cost in costs], ""),
        ("of which are owed", [f"{cost.owed:,}" for cost in costs], ""),
        ("start-up, seconds", [f"{cost.start_s:.2f}" for cost in costs], f"<= {START_LIMIT_S}"),
        ("of which the CPU's", [f"{cost.start_cpu_s:.2f}" for cost in costs], ""),
        (
            "start-up, channels a second",
            [f"{cost.channels / cost.start_s:,.0f}" for cost in costs],
            "",
        ),
        (
            "memory a channel, bytes",
            [f"{cost.bytes_a_channel:,}" for cost in costs],
            f"<= {BYTES_LIMIT:,}",
        ),
        ("of which its row", [f"{cost.row_bytes:,}" for cost in costs], ""),
        ("how it stands, ms", [f"{cost.standing_s * 1e3:.1f}" for cost in costs], ""),
        ("all claims planned, s", [f"{cost.plan_s:.2f}" for cost in costs], f"<= {PLAN_LIMIT_S}"),
        ("of which the CPU's", [f"{cost.plan_cpu_s:.2f}" for cost in costs], ""),
        ("payments durable, a second", [f"{cost.payments:,.0f}" for cost in costs], ""),
        ("and a second of the CPU", [f"{cost.payments_cpu:,.0f}" for cost in costs], ""),
        ("the latter beside few", [f"{share:.2f}" for share in shares], f">= {SHARE_LIMIT}"),
        ("rows of who paid kept, s", [f"{cost.keep_s:.2f}" for cost in costs], ""),
        ("journal, MB", [f"{cost.journal_bytes / 1e6:,.0f}" for cost in costs], ""),
    )
    for what, figures, limit in table:
        print(f"  {what:30}" + "".join(f"{figure:>14}" for figure in figures) + f"{limit:>12}")


def in_a_process(path: Path, count: int) -> Cost:
    """Written here, measured in a process that has seen nothing else."""
    write_journal(path, count)
    command = [sys.executable, __file__, "--journal", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def paying(count: int) -> range:
    """The numbers of homes that pay."""
    return range(0, count, max(1, count // PAYING))


def write_journal(path: Path, count: int) -> None:
    """Facts of those that pay, by which a book is filled; rows of all, one like the other."""
    plan, prices = bundled_plan(), day_ahead_prices(DAY)
    book, numbers = Book(HUB.address, LIMIT_UBOLT), paying(count)
    with SqliteJournal.open(path, now_s=lambda: NOW_S) as journal:
        journal.append([Fact(Kind.PLAN_ADOPTED.value, b"", plan.canonical)])
        journal.append([Fact(Kind.PRICES_ADOPTED.value, b"", canonical_json(prices.document()))])
        for number in numbers:
            full = number in numbers[:FULL_DAYS]
            journal.append(list(life_of(home_nowhere(number), plan, prices=prices, full=full)))
        book.replay(journal.replay())
        write_rows(journal, book, count)


def life_of(home: Home, plan: Plan, *, prices: PriceVersion, full: bool) -> Iterator[Fact]:
    """Opened, seen, billed for the day or the end of it, and a voucher for half of that."""
    channel, tip = home.identity.channel, Tip.genesis(home.identity.channel)
    sealer = GroupSealer(HUB, home.identity.domain, lambda: NOW_S)
    yield Fact(Kind.CHANNEL_OPENED.value, channel, OpenChannel(home.identity).to_bytes())
    yield seen_fact(channel, SEEN, at_s=NOW_S)
    for place in range(0 if full else len(INTERVALS) - 2, len(INTERVALS)):
        signed = home.signed(place)
        statement = next_statement(tip, plan=plan, prices=prices, read=signed.read)
        tip = statement.tip
        yield billed_fact(BilledRead(statement, signed.signature, None), at_s=NOW_S)
        note: Note = BillNote(bill_leaf(channel, statement.head))
        yield from sealer([Batch((), note)]).facts
    half = statement.spent_ubolt // 2
    stored = StoredVoucher(channel, half, 0, home.voucher(Counters(half, 0)).signature)
    yield from sealer([Batch((), VoucherNote(stored))]).facts


def write_rows(journal: SqliteJournal, book: Book, count: int) -> None:
    """Who pays has its own row. Every so many of the others are owed, the rest was paid."""
    own = dict(zip(paying(count), book.homes.all(), strict=True))
    owed, paid = list(own.values())[:FULL_DAYS]
    word = ChannelWord(**{**asdict(WORD), "spent": paid.durable.spent_ubolt})
    paid.apply(Claimed(ChannelView(word, SEEN.view.today), 2), now_s=NOW_S)
    copies, stride = (pack_home(owed)[32:], pack_home(paid)[32:]), max(1, count // OWED_MOST)
    at = journal.last_sequence
    for begin in range(0, count, SLICE):
        rows = []
        for number in range(begin, min(begin + SLICE, count)):
            copied = copies[0 if number % stride == 0 else 1]
            row = keccak256(b"channel %d" % number) + copied
            rows.append(State(number + 1, at, pack_home(own[number]) if number in own else row))
        journal.keep(rows)
    terms = f"hub 0x{HUB.address.hex()}, lends {LIMIT_UBOLT}, shard 0 of 1"
    head: dict[str, Document] = {"followed": 0, "homes": count, "plan": 1, "prices": [2]}
    journal.keep([State(0, at, canonical_json({**head, "rows": ROWS, "terms": terms}))])


def measure(path: Path) -> Cost:
    before = resident_bytes()
    with SqliteJournal.open(path, now_s=lambda: NOW_S) as journal:
        vault = VaultLink(RpcChain("http://127.0.0.1:9"), NOWHERE)
        hub = Hub(HubParts(HUB, vault, journal, EndOfDay(), LIMIT_UBOLT))
        start_s, start_cpu_s = timed(hub.start)
        gc.freeze()
        homes, count = hub.book.homes, len(hub.book.homes)
        held = resident_bytes() - before
        standing_s, _ = timed(lambda: homes.figures.standing(payable=None))
        due = list[OwedVouchers]()
        plan = OwnHomes(hub).owed(Which.ALL, most=count)
        plan_s, plan_cpu_s = timed(lambda: due.append(asyncio.run(plan)))
        assert due[0].count == len(due[0].first) == homes.figures.owed.count
        paid, paid_cpu, keep_s = asyncio.run(payments(hub))
        row = len(pack_home(homes[homes.named([count - 1])[0]]))
    return Cost(
        count,
        due[0].count,
        start_s,
        start_cpu_s,
        held // count,
        row,
        standing_s,
        plan_s,
        plan_cpu_s,
        paid,
        paid_cpu,
        keep_s,
        path.stat().st_size,
    )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and those of the CPU: others may use it too."""
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begin_s, time.process_time() - begin_cpu_s


async def payments(hub: Hub) -> tuple[float, float, float]:
    """Vouchers a second of those that pay, all at once, the same a second of the CPU; then how
    long keeping them takes."""
    homes = hub.book.homes
    paid = [home_nowhere(number) for number in paying(len(homes))]
    vouchers = [(home.identity.channel, list(promises(home, homes))) for home in paid]

    async def pay(channel: ChannelId, own: Sequence[Voucher]) -> None:
        for voucher in own:
            answer = await hub.submit_voucher(channel, voucher)
            assert isinstance(answer, Paid), answer

    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*(pay(channel, own) for channel, own in vouchers))
    seconds, cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
    begin_s, count = time.perf_counter(), EACH * len(vouchers)
    await hub.keeper.keep(pause_ms=0)
    keep_s = time.perf_counter() - begin_s
    await hub.aclose()
    return count / seconds, count / cpu_s, keep_s


def promises(home: Home, homes: Homes) -> Iterator[Voucher]:
    paid = homes.peek(home.identity.channel).durable.spent_ubolt
    return (home.voucher(Counters(paid + n, 0)) for n in range(1, EACH + 1))


def resident_bytes() -> int:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4_096


if __name__ == "__main__":
    main()
