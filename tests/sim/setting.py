"""What everybody in a simulated world shares: one loop, one random source, one record."""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from random import Random

from gridplus.failures import Bug
from tests.sim.clockwork import Loop, Process

REMEMBERED, STRETCHED = 60, 30


class Broken(Exception):  # noqa: N818 - says what happened
    """An invariant does not hold."""


@dataclass
class Setting:
    """`start_s` is the instant (seconds since 1970) of the loop's second 0."""

    seed: int
    start_s: int
    random: Random = field(init=False)
    loop: Loop = field(init=False)
    steps: int = 0
    last: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.loop = Loop(self.random)
        self._digest = hashlib.sha256()

    @property
    def now_s(self) -> int:
        return self.start_s + int(self.loop.time())

    @property
    def digest(self) -> str:
        """Of everything that happened so far, in its order."""
        return self._digest.hexdigest()

    def note(self, what: str) -> None:
        """Something happened."""
        self.steps += 1
        line = f"{self.loop.time():12.3f} {what}"
        self._digest.update(line.encode() + b"\n")
        self.last.append(f"{self.steps:6} {line}")

    def fail(self, error: BaseException) -> None:
        """The world ends here."""
        if self.failure is None:
            self.failure = error
            self.note(f"FAILED {type(error).__name__}: {error}")

    def require(self, condition: bool, number: str, *, sentence: str) -> None:
        """Fail the world unless `condition` holds."""
        if not condition:
            self.fail(Broken(f"{number}: {sentence}"))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def dawdle(self, probability: float) -> None:
        """Blocking work takes its time: others may act meanwhile."""
        if self.chance(probability):
            self.loop.pause(self.random.randrange(1, 400))


@dataclass
class ProcessClock:
    """What one machine takes for the time."""

    setting: Setting
    ahead_s: int = 0

    def now_s(self) -> int:
        return self.setting.now_s + self.ahead_s


@dataclass
class LoopWaiting:
    """How a simulated thread waits: patience and pauses that fit blocks of two seconds are
    stretched to this chain's blocks of a minute."""

    setting: Setting

    def now_ms(self) -> int:
        return int(self.setting.loop.time() * 1000) // STRETCHED

    def pause(self, duration_ms: int) -> None:
        self.setting.loop.pause(duration_ms * STRETCHED)


__all__ = ["Broken", "Bug", "LoopWaiting", "Process", "ProcessClock", "Setting"]
