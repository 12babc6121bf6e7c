import subprocess
import sys
from pathlib import Path

import pytest

from gridplus.failures import StorageError
from gridplus.journal import Fact, SqliteJournal
from tests.journal.appender import fact_at
from tests.journal.stores import read_at
from tests.journal.test_sqlite import opened

SEED = 20_210_215


def appender(path: Path, seed: int, *limits: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.journal.appender", path, seed, *limits]
    return subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def newest_promise(output: str) -> int:
    """The last whole line: a promise cut off by the kill was never heard."""
    return max((int(line) for line in output.split("\n")[:-1] if line != "open"), default=0)


def replayed_in_full(path: Path) -> int:
    """How many facts the journal holds; every one of them is the one that was appended there."""
    with opened(path) as journal:
        stored = list(journal.replay())
    assert [s.sequence for s in stored] == list(range(1, len(stored) + 1))
    assert all(s.fact == fact_at(s.sequence) for s in stored)
    return len(stored)


def test_a_file_size_limit_stops_the_writer_and_every_promise_holds(tmp_path: Path) -> None:
    path = tmp_path / "hub.journal"
    process = appender(path, SEED, 200_000)
    output, complaint = process.communicate(timeout=30)
    assert process.returncode == 3
    assert str(path) in complaint
    assert replayed_in_full(path) == newest_promise(output) > 10


def append_until_refused(journal: SqliteJournal, facts: list[Fact]) -> None:
    while True:
        journal.append(facts)


def test_a_full_page_limit_stops_the_writer_and_nothing_of_that_commit_stays(
    tmp_path: Path,
) -> None:
    """I-ST-2."""
    path = tmp_path / "hub.journal"
    journal = opened(path, page_limit=20)
    with pytest.raises(StorageError, match="the disk or the page limit is full; make room"):
        append_until_refused(journal, [read_at(n) for n in range(50)])
    with pytest.raises(StorageError, match="closed"):
        journal.append([read_at(0)])
    with opened(path, page_limit=20) as reopened:
        kept = reopened.last_sequence
        assert kept == journal.last_sequence > 0
        assert kept % 50 == 0
        assert sum(1 for _ in reopened.replay()) == kept


def test_a_journal_given_room_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "hub.journal"
    with opened(path, page_limit=10) as journal, pytest.raises(StorageError):
        append_until_refused(journal, [read_at(1)])
    with opened(path) as roomy:
        assert roomy.append([read_at(2)]) == journal.last_sequence + 1
