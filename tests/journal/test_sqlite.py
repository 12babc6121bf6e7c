import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import Bug, StorageError
from gridplus.journal import Fact, SqliteJournal, Stored

NOW_S = 1_613_368_800
HOMES = [bytes([n]) * 32 for n in range(3)]


def opened(path: Path, page_limit: int | None = None) -> SqliteJournal:
    return SqliteJournal.open(path, now_s=lambda: NOW_S, page_limit=page_limit)


def read_at(number: int) -> Fact:
    return Fact("ReadReceived", HOMES[number % 3], f"read {number}".encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hub.journal"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    with opened(path) as journal:
        yield journal


FACTS = st.builds(Fact, st.text(min_size=1, max_size=8), st.sampled_from(HOMES), st.binary())


@given(commits=st.lists(st.lists(FACTS, min_size=1, max_size=5), max_size=6))
@settings(max_examples=20, deadline=None)
def test_a_reopened_journal_replays_every_fact_in_order_bit_for_bit(
    commits: list[list[Fact]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    with opened(path) as journal:
        firsts = [journal.append(facts) for facts in commits]
        before = list(journal.replay())
    with opened(path) as journal:
        assert list(journal.replay()) == before
    flat = [fact for facts in commits for fact in facts]
    assert before == [Stored(n, NOW_S, fact) for n, fact in enumerate(flat, 1)]
    assert firsts == [1 + sum(map(len, commits[:n])) for n in range(len(commits))]


def test_a_replay_longer_than_a_page_has_no_gap(journal: SqliteJournal) -> None:
    journal.append([read_at(n) for n in range(1, 2_502)])
    assert [stored.sequence for stored in journal.replay()] == list(range(1, 2_502))


def test_a_replay_starts_after_a_cursor_and_can_be_about_one_subject(
    journal: SqliteJournal,
) -> None:
    journal.append([read_at(n) for n in range(1, 10)])
    assert [s.sequence for s in journal.replay(after=6)] == [7, 8, 9]
    assert [s.sequence for s in journal.replay(after=3, subject=HOMES[0])] == [6, 9]
    assert list(journal.replay(after=9)) == []
    assert list(journal.replay(subject=b"nobody")) == []


def test_an_empty_commit_is_a_bug(journal: SqliteJournal) -> None:
    with pytest.raises(Bug, match="at least one fact"):
        journal.append([])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE facts SET body = x'00' WHERE sequence = 1",
        "DELETE FROM facts WHERE sequence = 2",
        "INSERT OR REPLACE INTO facts VALUES (1, 0, 'k', x'', x'', 0)",
        "INSERT INTO facts VALUES (4, 0, 'k', x'', x'', 0)",
    ],
)
def test_the_file_itself_refuses_to_change_drop_replace_or_skip_a_fact(
    statement: str, journal: SqliteJournal, path: Path
) -> None:
    journal.append([read_at(1), read_at(2)])
    journal.close()
    raw = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="a fact"):
        raw.execute(statement)
    raw.close()
    with opened(path) as reopened:
        assert [s.fact for s in reopened.replay()] == [read_at(1), read_at(2)]


def test_only_the_owner_can_read_the_journal_and_its_log(
    journal: SqliteJournal, path: Path
) -> None:
    journal.append([read_at(1)])
    files = list(path.parent.iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert path.with_name("hub.journal-wal") in files


def test_a_file_that_others_could_read_is_made_private_again(
    journal: SqliteJournal, path: Path
) -> None:
    journal.close()
    path.chmod(0o644)
    opened(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_closed_journal_refuses_and_closes_twice(journal: SqliteJournal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(StorageError, match=r"hub\.journal: the journal is closed"):
        journal.append([read_at(1)])
    with pytest.raises(StorageError, match="closed"):
        list(journal.replay())
