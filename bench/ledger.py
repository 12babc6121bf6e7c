"""Transfers a second: posted and on disk, and read back from it.

`python bench/ledger.py [--rounds 5] [--seconds 0.3] [--quick]` posts bills of eight transfers with
all rules of the ledger, and rebuilds 100,000 transfers from the journal. Beside it, in the same
run: one commit a transfer in SQLite and in PostgreSQL, what the disk alone allows, and the programs
that accountants use.
"""

import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from statistics import median

from gridplus.journal import SqliteJournal
from gridplus.ledger import Code, Ledger, Refused, Transfer, TransferId, deposits_of
from gridplus.ledger.chart import (
    ADDER_INCOME,
    ENERGY_INCOME,
    ERCOT_ACCRUED,
    TAX_PAYABLE,
    TDSP_ACCRUED,
    TRUST_CASH,
)
from gridplus.ledger.exports import beancount_file, hledger_journal
from gridplus.retailer.facts import posted_fact
from gridplus.retailer.records import Records
from measure import QUICK, Beside, Effort, Row, show
from postgres import NotStartedError, server

DAY = date(2021, 2, 15)
HOMES = [number.to_bytes(32, "big") for number in range(1_000)]
LINES = (
    (Code.ENERGY, ENERGY_INCOME),
    (Code.ADDER, ADDER_INCOME),
    (Code.DELIVERY, TDSP_ACCRUED),
    (Code.ERCOT_FEE, ERCOT_ACCRUED),
    (Code.TAX, TAX_PAYABLE),
    (Code.ENERGY, ENERGY_INCOME),
    (Code.DELIVERY, TDSP_ACCRUED),
    (Code.TAX, TAX_PAYABLE),
)
GROUP = 128
"""Bills that wait for one commit."""
REBUILT = 100_000
MEANING = """
  durable   each transfer checked against ids, chart and limits, recorded with its checksum, fsynced
            before it is answered; balances and refusals are exact
  rebuilt   read from the journal's file, checksums checked, every transfer posted again with every
            rule; the other programs read their own text of the same transfers and check it.
            A CPU second: of the process that does the work"""


def main() -> None:
    effort = Effort.asked()
    with tempfile.TemporaryDirectory(prefix="gridplus-bench-") as name:
        folder = Path(name)
        rows, notes = durable_rows(folder, effort)
        show("Durable transfers a second: bills of 8 transfers", rows)
        for note in notes:
            print(f"  {note}")
        transfers = 2_000 if effort == QUICK else REBUILT
        show(f"{transfers:,} transfers rebuilt, a CPU second", rebuilt_rows(folder, transfers))
    print(MEANING)


def bills() -> Iterator[tuple[Transfer, ...]]:
    """Bills without end, each of another transfer ids and in turn of another home."""
    for number in count():
        home = deposits_of(HOMES[number % len(HOMES)])
        yield tuple(
            Transfer(
                TransferId((8 * number + place).to_bytes(32, "big")),
                home,
                account,
                1_000 + number % 997,
                code,
                DAY,
                "as billed",
            )
            for place, (code, account) in enumerate(LINES)
        )


def funded() -> tuple[Transfer, ...]:
    """A deposit of each home that no bill here exhausts."""
    return tuple(
        Transfer(
            TransferId(b"fund" + home[4:]),
            TRUST_CASH,
            deposits_of(home),
            1 << 50,
            Code.DEPOSIT,
            DAY,
            "home deposits",
        )
        for home in HOMES
    )


def durable_rows(folder: Path, effort: Effort) -> tuple[list[Row], list[str]]:
    """Ours in groups of bills and bill by bill, beside the disk and two databases."""
    found: dict[str, list[float]] = {}
    with SqliteJournal.open(folder / "ours.journal", now_s=lambda: 0) as journal:
        records, due = Records(journal), bills()
        records.post(DAY, [funded()])
        group = [next(due) for _ in range(GROUP)]
        size = sum(len(posted_fact(DAY, bill).body) for bill in group)
        contenders: dict[str, Callable[[], int]] = {
            "grouped": lambda: posted(records, due, bills_each=GROUP),
            "one by one": lambda: posted(records, due, bills_each=1),
            "disk, a group": synced(folder / "group.bytes", size, transfers=8 * GROUP),
            "disk, a bill": synced(folder / "bill.bytes", size // GROUP, transfers=8),
            "sqlite": sqlite_transfers(folder / "peer.sqlite"),
        }
        for _ in range(effort.rounds):
            for name, work in contenders.items():
                found.setdefault(name, []).append(wall_rate(work, effort.seconds))
    rate = {name: median(rates) for name, rates in found.items()}
    postgres, notes = postgres_rates(folder / "postgres", effort)
    databases = [
        Beside("peer: SQLite, a commit a transfer", rate["sqlite"]),
        Beside("peer: PostgreSQL, a commit a transfer", postgres[0]),
        Beside("peer: PostgreSQL, 16 clients at once", postgres[1]),
    ]
    grouped = [Beside("limit: fdatasync of the same bytes", rate["disk, a group"]), *databases]
    single = [Beside("limit: fdatasync of the same bytes", rate["disk, a bill"]), *databases]
    return [
        Row(f"{GROUP} bills a commit", rate["grouped"], grouped),
        Row("a bill a commit", rate["one by one"], single),
    ], notes


def posted(records: Records, due: Iterator[tuple[Transfer, ...]], *, bills_each: int) -> int:
    batches = [next(due) for _ in range(bills_each)]
    assert not any(isinstance(answer, Refused) for answer in records.post(DAY, batches))
    return sum(map(len, batches))


def synced(path: Path, size: int, *, transfers: int) -> Callable[[], int]:
    """Append `size` bytes and wait for the disk."""
    descriptor, data = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), bytes(size)

    def work() -> int:
        os.write(descriptor, data)
        os.fdatasync(descriptor)
        return transfers

    return work


def sqlite_transfers(path: Path) -> Callable[[], int]:
    """The table that one would write first: a row a transfer, two balances, one commit."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE transfers (id PRIMARY KEY, debit, credit, amount, memo)")
    connection.execute("CREATE TABLE accounts (id PRIMARY KEY, balance INTEGER)")
    due = (transfer for bill in bills() for transfer in bill)

    def work() -> int:
        _, debit, credit, amount, *_ = transfer = next(due)
        connection.execute("BEGIN")
        row = (transfer.id, debit, credit, amount, transfer.memo)
        connection.execute("INSERT INTO transfers VALUES (?, ?, ?, ?, ?)", row)
        for account, change in ((debit, amount), (credit, -amount)):
            connection.execute(
                "INSERT INTO accounts VALUES (?, ?) ON CONFLICT DO UPDATE SET "
                "balance = balance + excluded.balance",
                (account, change),
            )
        connection.execute("COMMIT")
        return 1

    return work


def postgres_rates(
    folder: Path, effort: Effort
) -> tuple[tuple[float | None, float | None], list[str]]:
    """With one client and with sixteen; or why there are none."""
    folder.mkdir()
    seconds = 1 if effort == QUICK else max(2, round(effort.rounds * effort.seconds))
    try:
        with server(folder) as started:
            one, many = (started.transfers_a_second(seconds, clients=n) for n in (1, 16))
            return (one, many), []
    except NotStartedError as error:
        return (None, None), [f"PostgreSQL not measured: {error}"]


def rebuilt_rows(folder: Path, transfers: int) -> list[Row]:
    """From journals of bills and of whole days, beside the file alone and two other programs."""
    due = bills()
    wanted = [next(due) for _ in range(transfers // 8)]
    rows = []
    for what, each in (("as bills of 8", 1), ("as days of 1,000", 125)):
        groups = (wanted[at : at + each] for at in range(0, len(wanted), each))
        batches = [tuple(transfer for bill in group for transfer in bill) for group in groups]
        path = folder / f"{each}.journal"
        with SqliteJournal.open(path, now_s=lambda: 0) as journal:
            journal.append([posted_fact(DAY, batch) for batch in (funded(), *batches)])
            ours = cpu_rate(transfers, lambda journal=journal: Records(journal))  # type: ignore[misc]
            alone = cpu_rate(transfers, lambda journal=journal: sum(1 for _ in journal.replay()))  # type: ignore[misc]
            ledger = Records(journal).book.ledger
        rows.append(Row(what, ours, [Beside("limit: the journal's facts alone", alone)]))
    rows[0] = Row(rows[0].what, rows[0].ours, [*rows[0].beside, *programs(folder, ledger)])
    return rows


def programs(folder: Path, ledger: Ledger) -> list[Beside]:
    """hledger and beancount on their own text of the same books."""
    books, bean = folder / "books.journal", folder / "books.beancount"
    books.write_text(hledger_journal(ledger))
    bean.write_text(beancount_file(ledger))
    commands = (
        ("peer: hledger check", ["hledger", "-f", str(books), "check"]),
        ("peer: bean-check, no cache", ["bean-check", "--no-cache", str(bean)]),
    )
    return [Beside(name, program_rate(command, len(ledger))) for name, command in commands]


def program_rate(command: list[str], transfers: int) -> float | None:
    if shutil.which(command[0]) is None:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C.UTF-8"}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return transfers / spent_s


def wall_rate(work: Callable[[], int], seconds: float) -> float:
    done, begin_s = 0, time.perf_counter()
    while (spent_s := time.perf_counter() - begin_s) < seconds:
        done += work()
    return done / spent_s


def cpu_rate(transfers: int, work: Callable[[], object]) -> float:
    """The median of three."""
    spent = []
    for _ in range(3):
        begin_s = time.process_time()
        work()
        spent.append(time.process_time() - begin_s)
    return transfers / median(spent)


if __name__ == "__main__":
    main()
