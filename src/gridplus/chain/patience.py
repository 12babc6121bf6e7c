"""Asking again until there is an answer, less and less often, and not for ever."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 10, 500


def ask_until(ask: Callable[[], T | None], *, patience_s: int) -> T | None:
    """The first answer that is not None; None when there was none in `patience_s`."""
    deadline = time.monotonic() + patience_s
    pause_ms = _FIRST_PAUSE_MS
    while (answer := ask()) is None and time.monotonic() < deadline:
        time.sleep(pause_ms / 1000)
        pause_ms = min(2 * pause_ms, _LONGEST_PAUSE_MS)
    return answer
