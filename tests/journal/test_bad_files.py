import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gridplus.failures import StorageError
from gridplus.journal import SqliteJournal
from tests.journal.appender import fact_at
from tests.journal.test_sqlite import opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "hub.journal"
    with opened(path) as journal:
        journal.append([fact_at(n) for n in range(1, 201)])
    return path


def replayed(path: Path) -> int:
    with opened(path) as journal:
        return sum(1 for _ in journal.replay())


def test_a_sound_journal_opens(path: Path) -> None:
    assert replayed(path) == 200


def test_a_text_file_is_not_a_journal_and_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("price, 25.13\n" * 100)
    with pytest.raises(StorageError, match=r"notes\.txt: it is not a Grid\+ journal"):
        opened(path)
    assert path.read_text() == "price, 25.13\n" * 100


def test_another_programs_database_is_not_a_journal_and_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE cookies (name TEXT)")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"it is not a Grid\+ journal"):
        opened(path)
    assert path.read_bytes() == before


def test_a_journal_of_a_newer_schema_is_refused_with_both_versions(path: Path) -> None:
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 9")
    raw.close()
    with pytest.raises(
        StorageError,
        match="its schema is 9, this version knows 3; with the newer version run: gridplus",
    ):
        opened(path)


@pytest.mark.parametrize("text", [b"fact 77 ", b"fact 200 "])
def test_one_flipped_bit_in_a_fact_is_found_and_the_fact_named(path: Path, text: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(text)] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageError, match=f"fact {int(text.split()[1])} is damaged"):
        replayed(path)


def test_a_file_cut_in_half_is_damaged(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(StorageError, match="it is damaged; restore it from a copy"):
        replayed(path)


@pytest.mark.parametrize("place", [".", "absent/hub.journal"])
def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path, place: str) -> None:
    with pytest.raises(StorageError, match="cannot be used as a journal"):
        opened(tmp_path / place)


def test_a_second_writer_is_refused_in_this_process_and_in_another(path: Path) -> None:
    command = [sys.executable, "-m", "tests.journal.appender", str(path), "1"]
    with SqliteJournal.open(path, now_s=lambda: 0):
        with pytest.raises(StorageError, match="a journal has one writer"):
            opened(path)
        other = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert other.returncode == 3
    assert "another process has it open; a journal has one writer" in other.stderr
    assert replayed(path) == 200
