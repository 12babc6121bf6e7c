"""A clock file: read by many, moved by one, never back."""

import time
from pathlib import Path

import pytest

from gridplus.clock import Clock, FileClock, SystemClock, set_clock
from gridplus.failures import InputError

URI_S = 1_613_368_800


def test_the_system_clock_shows_whole_seconds_of_now() -> None:
    clock: Clock = SystemClock()
    before = int(time.time())
    assert before <= clock.now_s() <= int(time.time())


def test_every_reader_sees_where_the_clock_was_moved(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    readers = [FileClock(path), FileClock(path)]
    for shown in (URI_S, URI_S, URI_S + 900):
        set_clock(path, shown)
        assert [reader.now_s() for reader in readers] == [shown, shown]
    assert path.read_bytes() == (URI_S + 900).to_bytes(8, "big")


def test_the_clock_refuses_to_go_back_and_stays_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    set_clock(path, URI_S)
    with pytest.raises(InputError, match=f"shows {URI_S} s and cannot go back to {URI_S - 1} s"):
        set_clock(path, URI_S - 1)
    assert FileClock(path).now_s() == URI_S
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("now_s", [-1, 1 << 63])
def test_an_instant_that_is_none_is_refused(tmp_path: Path, now_s: int) -> None:
    with pytest.raises(InputError, match="not an instant"):
        set_clock(tmp_path / "clock", now_s)


def test_an_absent_clock_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"clock file .*absent cannot be read"):
        FileClock(tmp_path / "absent").now_s()


@pytest.mark.parametrize("content", [b"", b"1234567", b"123456789"])
def test_a_damaged_clock_file_is_neither_read_nor_moved(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clock"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"has {len(content)} bytes, not 8"):
        FileClock(path).now_s()
    with pytest.raises(InputError, match=f"has {len(content)} bytes, not 8"):
        set_clock(path, URI_S)
