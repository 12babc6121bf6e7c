"""Every version of the tables leads to every other, and no fact changes on the way."""

import sqlite3
import zlib
from pathlib import Path

import pytest

from gridplus.failures import InputError, StorageError
from gridplus.journal import Stored, migrate_journal
from tests.journal.stores import HOMES, NOW_S, SqliteStore, Store, read_at

VERSION_1 = """
PRAGMA application_id = 1198672492; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;
CREATE TABLE facts (
    sequence INTEGER PRIMARY KEY,
    recorded_at_s INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    body BLOB NOT NULL,
    crc32 INTEGER NOT NULL
) STRICT;
CREATE INDEX facts_by_subject ON facts (subject);
CREATE TRIGGER facts_never_change BEFORE UPDATE ON facts
    BEGIN SELECT RAISE(ABORT, 'a fact never changes'); END;
CREATE TRIGGER facts_never_go BEFORE DELETE ON facts
    BEGIN SELECT RAISE(ABORT, 'a fact never goes'); END;
CREATE TRIGGER facts_follow_each_other BEFORE INSERT ON facts
    WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM facts)
    BEGIN SELECT RAISE(ABORT, 'a fact takes the next sequence'); END;
"""
"""The file as it was written by the first version, never to be edited."""


def write_version_1(path: Path, count: int) -> None:
    raw = sqlite3.connect(path)
    raw.executescript(VERSION_1)
    for n in range(1, count + 1):
        fact = read_at(n)
        head = f"{n} {NOW_S} {fact.kind} {fact.subject.hex()} "
        crc32 = zlib.crc32(fact.body, zlib.crc32(head.encode()))
        row = (n, NOW_S, fact.kind, fact.subject, fact.body, crc32)
        raw.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", row)
    raw.commit()
    raw.close()


def tables(path: Path) -> list[str]:
    raw = sqlite3.connect(path)
    found = raw.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    raw.close()
    return [str(sql) for (sql,) in found]


def test_a_file_of_the_first_version_is_brought_up_and_back_down(tmp_path: Path) -> None:
    path = tmp_path / "hub.journal"
    write_version_1(path, 100)
    old, facts = tables(path), [Stored(n, NOW_S, read_at(n)) for n in range(1, 101)]
    with SqliteStore(path).open() as journal:
        assert list(journal.replay()) == facts
        assert [s.sequence for s in journal.replay(subject=HOMES[0])] == list(range(3, 101, 3))
        assert journal.append([read_at(101)]) == 101
    assert tables(path) != old
    migrate_journal(path, version=1)
    assert tables(path) == old
    migrate_journal(path, version=2)
    with SqliteStore(path).open() as journal:
        assert list(journal.replay(after=100)) == [Stored(101, NOW_S, read_at(101))]


def test_each_store_goes_down_and_up_again_and_keeps_its_facts(store: Store) -> None:
    with store.open() as journal:
        journal.append([read_at(n) for n in range(1, 50)])
        before = list(journal.replay())
    for version in (1, 3, 2, 1):
        migrate_journal(store.place, version=version)
    with store.open() as journal:
        assert list(journal.replay()) == before
        assert journal.append([read_at(50)]) == 50


@pytest.mark.parametrize("version", [0, 4, -1])
def test_a_version_that_is_not_known_is_refused(version: int, store: Store) -> None:
    store.open().close()
    with pytest.raises(InputError, match=f"a journal's schema is 1 to 3, not {version}"):
        migrate_journal(store.place, version=version)


def test_a_journal_in_use_or_absent_is_not_migrated(store: Store, tmp_path: Path) -> None:
    with store.open() as journal:
        journal.append([read_at(1)])
        if isinstance(store, SqliteStore):
            with pytest.raises(StorageError, match="a journal has one writer"):
                migrate_journal(store.place, version=1)
    with pytest.raises(InputError, match="does not exist"):
        migrate_journal(tmp_path / "nothing", version=1)
