"""What a box does again and again, and what it does when that fails: wait longer each time.

A fault is told once, and once more when it is over; a night without a network is two lines.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from gridplus.failures import GridPlusError

RETRY_S: Final = 5
RETRY_MOST_S: Final = 300


@dataclass
class Chore:
    """`work` is due `every_s` seconds after it went well, and not before the box is `ready` for it.
    `spread` (0 to 255) is the box's own, so that a street does not come back from a power cut in
    the same second."""

    name: str
    work: Callable[[], Awaitable[object]]
    every_s: int
    spread: int = 0
    ready: Callable[[], bool] = lambda: True
    fault: str | None = None
    _due_s: int = 0
    _failed: int = 0

    def hurry(self) -> None:
        """Due at once, unless it waits after a failure."""
        if not self._failed:
            self._due_s = 0

    async def do(self, now_s: int, *, log: logging.Logger) -> None:
        """The work, when it is due at `now_s`, seconds of any clock that only grows."""
        if now_s < self._due_s or not self.ready():
            return
        try:
            await self.work()
        except GridPlusError as error:
            pause_s = min(RETRY_MOST_S, RETRY_S << min(self._failed, 8))
            self._failed += 1
            self._due_s = now_s + pause_s + pause_s * self.spread // 1_024
            if str(error) != self.fault:
                self.fault = str(error)
                log.warning("%s: %s", self.name, error)
            return
        if self.fault is not None:
            log.info("%s: well again", self.name)
        self._due_s, self._failed, self.fault = now_s + self.every_s, 0, None
