"""A disk that is really full."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridplus.failures import StorageError
from gridplus.journal import Journal
from tests.journal.stores import SqliteStore, read_at

MNT_DETACH, MS_REMOUNT = 2, 32


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KiB."""
    mount(tmp_path, kib=200)
    yield tmp_path
    assert libc().umount2(os.fsencode(tmp_path), MNT_DETACH) == 0


def mount(folder: Path, *, kib: int, flags: int = 0) -> None:
    options = f"size={kib}k".encode()
    if libc().mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options) != 0:
        pytest.skip(f"no file system can be mounted here: {os.strerror(ctypes.get_errno())}")


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def append_without_end(journal: Journal) -> None:
    while True:
        journal.append([read_at(journal.last_sequence + n) for n in range(1, 21)])


def test_a_full_disk_stops_the_writer_and_room_is_all_it_takes_to_go_on(small_disk: Path) -> None:
    """I-ST-2."""
    store = SqliteStore(small_disk / "hub.journal")
    with store.open() as journal:
        with pytest.raises(StorageError, match=r"disk or the page limit is full|disk I/O error"):
            append_without_end(journal)
        promised = journal.last_sequence
        with pytest.raises(StorageError, match="the journal is closed"):
            journal.append([read_at(0)])
    assert promised > 100
    mount(small_disk, kib=2_000, flags=MS_REMOUNT)
    with store.open() as journal:
        assert [s.fact for s in journal.replay()] == [read_at(n) for n in range(1, promised + 1)]
        assert journal.append([read_at(0)]) == promised + 1
