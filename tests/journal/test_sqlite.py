import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridplus.journal import SqliteJournal
from tests.journal.stores import NOW_S, read_at


def opened(path: Path, page_limit: int | None = None) -> SqliteJournal:
    return SqliteJournal.open(path, now_s=lambda: NOW_S, page_limit=page_limit)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hub.journal"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    with opened(path) as journal:
        yield journal


def test_the_file_itself_refuses_to_replace_a_fact(journal: SqliteJournal, path: Path) -> None:
    journal.append([read_at(1), read_at(2)])
    journal.close()
    raw = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="a fact"):
        raw.execute("INSERT OR REPLACE INTO facts VALUES (1, 0, 'k', x'', x'', 0)")
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
