"""Asking again until there is an answer, less and less often, and not for ever."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 10, 500


class Waiting(Protocol):
    """How a thread lets time pass, and how much has passed since some instant."""

    def now_ms(self) -> int: ...

    def pause(self, duration_ms: int) -> None: ...


class RealWaiting:
    """The machine's own time."""

    def now_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def pause(self, duration_ms: int) -> None:
        time.sleep(duration_ms / 1000)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long somebody waits, and by which time."""

    seconds: int
    waiting: Waiting = RealWaiting()  # noqa: RUF009 - it has no state


def ask_until(ask: Callable[[], T | None], *, patience: Patience) -> T | None:
    """The first answer that is not None; None when patience ends before."""
    waiting, pause_ms = patience.waiting, _FIRST_PAUSE_MS
    deadline_ms = waiting.now_ms() + patience.seconds * 1000
    while (answer := ask()) is None and waiting.now_ms() < deadline_ms:
        waiting.pause(pause_ms)
        pause_ms = min(2 * pause_ms, _LONGEST_PAUSE_MS)
    return answer
