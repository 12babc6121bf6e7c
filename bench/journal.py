"""Facts made durable a second, in both stores, by the size of the commit group.

python bench/journal.py [--rounds 5] [--seconds 0.3] [--quick]
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeAlias

from gridplus.journal import Fact, Journal, PostgresJournal, PostgresPlace, SqliteJournal
from gridplus.journal.paging import Row as Fields
from gridplus.journal.paging import rows_of, stamped
from gridplus.journal.postgres_rows import copy_rows, insert_rows
from gridplus.journal.postgres_session import Session
from measure import Beside, Effort, Row, show
from postgres import NotStartedError, server

GROUPS = (1, 10, 100, 1_000)
BODY = 700
"""Bytes: about a bill with its signatures."""
Write: TypeAlias = Callable[[Session, Sequence[Fields]], None]
MEANING = """
  Each fact has its checksum and its place in two indexes, and is fsynced before it is answered.
  Ours in PostgreSQL is one INSERT from arrays for small groups and COPY for large ones; the peers
  write the same rows into the same table without a journal around them, executemany pipelined."""


def main() -> None:
    effort = Effort.asked()
    with tempfile.TemporaryDirectory(prefix="gridplus-bench-") as name, ExitStack() as opened:
        folder = Path(name)
        (folder / "postgres").mkdir()
        try:
            found = opened.enter_context(server(folder / "postgres"))
            place = found.url
        except NotStartedError as error:
            place = None
            print(f"  PostgreSQL not measured ({error})")
        for group in GROUPS:
            rates = measured(folder, place, group=group, effort=effort)
            limit = Beside("limit: fdatasync of the same bytes", rates["disk"])
            rows = [Row("SQLite file", rates["sqlite"], [limit])]
            if place is not None:
                ways = [Beside(f"peer: {way}", rates[way]) for way in PEERS]
                rows.append(Row("PostgreSQL", rates["postgres"], [limit, *ways]))
            show(f"Facts durable a second, {group:,} a commit", rows)
    print(MEANING)


def measured(folder: Path, place: str | None, *, group: int, effort: Effort) -> dict[str, float]:
    """Medians; the contenders take turns."""
    found: dict[str, list[float]] = {}
    with ExitStack() as opened:
        path = folder / f"{group}.journal"
        sqlite = opened.enter_context(SqliteJournal.open(path, now_s=lambda: 0))
        contenders = {"disk": synced(folder / "bytes", group), "sqlite": appended(sqlite, group)}
        if place is not None:
            contenders |= opened.enter_context(postgres_ways(place, group))
        for _ in range(effort.rounds):
            for name, work in contenders.items():
                found.setdefault(name, []).append(wall_rate(work, effort.seconds))
    return {name: median(rates) for name, rates in found.items()}


def facts(group: int) -> list[Fact]:
    return [Fact("Billed", n.to_bytes(32, "big"), bytes(BODY)) for n in range(group)]


def appended(journal: Journal, group: int) -> Callable[[], int]:
    due = facts(group)

    def work() -> int:
        journal.append(due)
        return group

    return work


@contextmanager
def postgres_ways(place: str, group: int) -> Iterator[dict[str, Callable[[], int]]]:
    """Ours, and two other ways to write the same, each in a schema of its own."""
    with Session.open(place) as session:
        urls = {}
        for number, way in enumerate(["postgres", *PEERS]):
            schema = f"facts_{group}_{number}"
            session.run(f"CREATE SCHEMA {schema}")
            urls[way] = f"{place}&options=-csearch_path%3D{schema}"
            PostgresJournal.open(PostgresPlace(urls[way]), now_s=lambda: 0).close()
    with ExitStack() as opened:
        ours = PostgresJournal.open(PostgresPlace(urls["postgres"]), now_s=lambda: 0)
        works = {"postgres": appended(opened.enter_context(ours), group)}
        for way, write in PEERS.items():
            bare = opened.enter_context(Session.open(urls[way]))
            works[way] = written(bare, write, group=group)
        yield works


def written(session: Session, write: Write, *, group: int) -> Callable[[], int]:
    due, at = facts(group), count(0, group)

    def work() -> int:
        write(session, rows_of(stamped(due, after=next(at), now_s=0)))
        return group

    return work


def execute_many(session: Session, rows: Sequence[Fields]) -> None:
    session.run_many("INSERT INTO facts VALUES ($1, $2, $3, $4, $5, $6)", rows)


PEERS: dict[str, Write] = {
    "one INSERT from arrays": insert_rows,
    "COPY": copy_rows,
    "executemany": execute_many,
}


def synced(path: Path, group: int) -> Callable[[], int]:
    """Append the bytes of the bodies and wait for the disk."""
    descriptor, data = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), bytes(BODY)

    def work() -> int:
        os.write(descriptor, data * group)
        os.fdatasync(descriptor)
        return group

    return work


def wall_rate(work: Callable[[], int], seconds: float) -> float:
    done, begin_s = 0, perf_counter()
    while (spent_s := perf_counter() - begin_s) < seconds:
        done += work()
    return done / spent_s


if __name__ == "__main__":
    main()
