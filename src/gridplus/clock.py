"""What time it is: the machine's clock, or one file that several processes read.

A run in another year (a replay of February 2021) is one process that moves a clock file and many
that read it; contracts, hub and agents then agree on the time to the second.
"""

import os
import time
from pathlib import Path
from typing import Protocol

from gridplus.failures import InputError

_FILE_BYTES = 8


class Clock(Protocol):
    """Whole seconds since 1970-01-01T00:00Z."""

    def now_s(self) -> int: ...


class SystemClock:
    """The machine's clock."""

    def now_s(self) -> int:
        return int(time.time())


class FileClock:
    """The instant in a file written by `set_clock`, read anew at each call.

    Raises InputError when the file is absent or is not 8 bytes long.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def now_s(self) -> int:
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise InputError(f"the clock file {self._path} cannot be read: {error}") from None
        if len(content) != _FILE_BYTES:
            raise InputError(
                f"the clock file {self._path} has {len(content)} bytes, not {_FILE_BYTES}"
            )
        return int.from_bytes(content, "big")


def set_clock(path: Path, now_s: int) -> None:
    """Move the clock file to `now_s`, at once for all readers; create it when it is absent.

    One process moves a clock. Raises InputError when that would turn time back.
    """
    if not 0 <= now_s < 1 << 63:
        raise InputError(f"{now_s} s is not an instant after 1970")
    if path.exists() and now_s < (shown := FileClock(path).now_s()):
        raise InputError(f"the clock {path} shows {shown} s and cannot go back to {now_s} s")
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(now_s.to_bytes(_FILE_BYTES, "big"))
    os.replace(fresh, path)
