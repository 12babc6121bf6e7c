"""What many channels cost a hub: start-up, memory, planning a claim, and payments beside few.

`python bench/channels.py [--channels 20000] [--quick]` writes a journal of channels that were
opened, seen on chain, billed and paid once, and starts a hub on it, without network or
chain. Beside each figure stands the same with a thousand channels, of the same run.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from coincurve import PrivateKey

from gridplus.channel import ChainSeen, ChannelView, Counters
from gridplus.contracts.word import DAY_S, ChannelWord
from gridplus.demo.street_data import day_ahead_prices
from gridplus.digest import keccak256
from gridplus.hub.book import Book
from gridplus.hub.facts import BilledRead, Kind, StoredVoucher, billed_fact, seen_fact
from gridplus.hub.sealing import BillNote, GroupSealer, Note, Receipt, VoucherNote, bill_leaf
from gridplus.hub.till import Till
from gridplus.hub.today import Today
from gridplus.journal import Batch, Fact, GroupWriter, SqliteJournal
from gridplus.keystore import Secp256k1Key
from gridplus.market import PriceVersion
from gridplus.tariff import Plan, Tip, next_statement
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wire import OpenChannel
from town import DAY, INTERVALS, Home, bundled_plan, home_nowhere

FEW = 1_000
GROUP = 500
PAYING = 200
"""Channels that pay while the others only stand there."""
EACH = 10
NOW_S = INTERVALS[-1].end_s
HUB = Secp256k1Key(PrivateKey(keccak256(b"bench hub")))
LIMIT_UBOLT = 20 * UBOLT_PER_BOLT
WORD = ChannelWord(deposited=500 * UBOLT_PER_BOLT, cap_day=NOW_S // DAY_S - 10, daily_cap=60)
SEEN = ChainSeen(ChannelView(WORD, NOW_S // DAY_S), 1)


class FixedClock:
    """It is the end of the day."""

    def now_s(self) -> int:
        return NOW_S


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one hub with so many channels."""

    channels: int
    start_s: float
    bytes_a_channel: int
    plan_s: float
    payments: float
    journal_bytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="only to see that it runs")
    parser.add_argument("--journal", type=Path, help="measure one that is written; used by itself")
    asked = parser.parse_args()
    if asked.journal:
        print(json.dumps(asdict(measure(asked.journal))))
        return
    counts = (20, 60) if asked.quick else (FEW, asked.channels)
    with tempfile.TemporaryDirectory(prefix="gridplus-bench-") as name:
        costs = [in_a_process(Path(name) / f"{count}.journal", count) for count in counts]
    few, many = costs
    print(f"\n  {'':34} {few.channels:>14,} {many.channels:>14,} channels")
    for what, one, other in (
        ("start-up, seconds", f"{few.start_s:.2f}", f"{many.start_s:.2f}"),
        ("start-up, channels a second", rate(few), rate(many)),
        ("memory a channel, bytes", f"{few.bytes_a_channel:,}", f"{many.bytes_a_channel:,}"),
        ("journal a channel, bytes", per_channel(few), per_channel(many)),
        ("a claim of 200 planned, ms", f"{few.plan_s * 1e3:.1f}", f"{many.plan_s * 1e3:.1f}"),
        ("payments durable, a second", f"{few.payments:,.0f}", f"{many.payments:,.0f}"),
    ):
        print(f"  {what:34} {one:>14} {other:>14}")
    print(f"  payments with many are {many.payments / few.payments:.2f} of those with few")


def rate(cost: Cost) -> str:
    return f"{cost.channels / cost.start_s:,.0f}"


def per_channel(cost: Cost) -> str:
    return f"{cost.journal_bytes // cost.channels:,}"


def in_a_process(path: Path, count: int) -> Cost:
    """Written here, measured in a process that has seen nothing else."""
    write_journal(path, count)
    command = [sys.executable, __file__, "--journal", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def write_journal(path: Path, count: int) -> None:
    plan, prices = bundled_plan(), day_ahead_prices(DAY)
    sealer = GroupSealer(HUB, home_nowhere().identity.domain, lambda: NOW_S)
    with SqliteJournal.open(path, now_s=lambda: NOW_S) as journal:
        journal.append([Fact(Kind.PLAN_ADOPTED.value, b"", plan.canonical)])
        homes = (home_nowhere(number) for number in range(count))
        while some := list(islice(homes, GROUP)):
            journal.append([fact for home in some for fact in opened(home)])
            for batches in zip(*(lived(home, plan, prices=prices) for home in some), strict=True):
                facts = [fact for batch in batches for fact in batch.facts]
                journal.append([*facts, *sealer(batches).facts])


def opened(home: Home) -> Iterator[Fact]:
    channel = home.identity.channel
    yield Fact(Kind.CHANNEL_OPENED.value, channel, OpenChannel(home.identity).to_bytes())
    yield seen_fact(channel, SEEN, at_s=NOW_S)


def lived(home: Home, plan: Plan, *, prices: PriceVersion) -> tuple[Batch[Note], Batch[Note]]:
    """A bill, and a voucher for half of it."""
    channel, signed = home.identity.channel, home.signed(80)
    statement = next_statement(Tip.genesis(channel), plan=plan, prices=prices, read=signed.read)
    fact = billed_fact(BilledRead(statement, signed.signature, None), at_s=NOW_S)
    half = statement.spent_ubolt // 2
    promise = home.voucher(Counters(half, 0))
    stored = StoredVoucher(channel, half, 0, promise.signature)
    note = BillNote(bill_leaf(channel, statement.head))
    return Batch((fact,), note), Batch((), VoucherNote(stored))


def measure(path: Path) -> Cost:
    before, begin_s = resident_bytes(), time.perf_counter()
    with SqliteJournal.open(path, now_s=lambda: NOW_S) as journal:
        book = Book(HUB.address, LIMIT_UBOLT)
        book.replay(journal.replay())
        start_s, count = time.perf_counter() - begin_s, len(book.homes)
        held = (resident_bytes() - before) // count
        begin_s = time.perf_counter()
        due = list(islice(book.homes.at(book.homes.figures.owed), 200))
        plan_s = time.perf_counter() - begin_s
        assert len(due) == min(200, count)
        paid = asyncio.run(payments(book, journal))
    return Cost(count, start_s, held, plan_s, paid, path.stat().st_size)


async def payments(book: Book, journal: SqliteJournal) -> float:
    """Some of the channels pay, each one voucher after the other."""
    sealer = GroupSealer(HUB, home_nowhere().identity.domain, lambda: NOW_S)
    writer: GroupWriter[Note, Receipt | None] = GroupWriter(journal, seal=sealer)
    today = Today(FixedClock(), lambda fact: writer.commit([fact], None))
    till, count = Till(book, writer, today=today), len(book.homes)
    paying = [home_nowhere(number) for number in range(0, count, max(1, count // PAYING))]
    vouchers = [(home, list(promises(home, book))) for home in paying]

    async def pay(home: Home, own: Sequence[object]) -> None:
        for voucher in own:
            answer = await till.submit(home.identity.channel, voucher)  # type: ignore[arg-type]
            assert getattr(answer, "voucher", None) == voucher, answer

    begin_s = time.perf_counter()
    await asyncio.gather(*(pay(home, own) for home, own in vouchers))
    seconds = time.perf_counter() - begin_s
    await writer.aclose()
    return sum(len(own) for _, own in vouchers) / seconds


def promises(home: Home, book: Book) -> Iterator[object]:
    paid = book.homes[home.identity.channel].durable.spent_ubolt
    return (home.voucher(Counters(paid + n, 0)) for n in range(1, EACH + 1))


def resident_bytes() -> int:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4_096


if __name__ == "__main__":
    main()
