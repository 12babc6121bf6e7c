"""What survives a crash: facts that were committed, whole groups only."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from gridplus.failures import StorageError
from gridplus.journal import Fact, State, Stored
from tests.sim.clockwork import Killed, Process
from tests.sim.setting import Setting

Wrote = Callable[[Sequence[Stored]], None]


@dataclass
class Disk:
    """`wrote` hears of each commit in the instant it becomes durable; the next append fails when
    `broken` says so, and leaves its group on the disk or not."""

    setting: Setting
    wrote: Wrote
    facts: list[Stored] = field(default_factory=list)
    broken: bool = False
    states: dict[int, State] = field(default_factory=dict)

    def open(self, process: Process, now_s: Callable[[], int]) -> "DiskJournal":
        """For one life of a process."""
        return DiskJournal(self, process, now_s)


@dataclass
class DiskJournal:
    """A journal on `disk` for one life of a process: nothing is written once that is over."""

    disk: Disk
    process: Process
    now_s: Callable[[], int]
    closed: bool = False

    @property
    def last_sequence(self) -> int:
        return len(self.disk.facts)

    def append(self, facts: Sequence[Fact]) -> int:
        if self.closed:
            raise StorageError("the journal is closed; open it again and replay")
        self.disk.setting.dawdle(0.3)
        if self.disk.broken:
            self.closed, self.disk.broken = True, False
            if self.disk.setting.random.random() < 0.5:
                self._write(facts)
            raise StorageError("fsync failed: only the reopened journal tells what is in it")
        first = self._write(facts)
        self.disk.setting.dawdle(0.3)
        return first

    def replay(self, *, after: int = 0, subject: bytes | None = None) -> Iterator[Stored]:
        for stored in self.disk.facts[after:]:
            if subject is None or stored.fact.subject == subject:
                yield stored

    def keep(self, states: Sequence[State]) -> None:
        if self.closed:
            raise StorageError("the journal is closed; open it again and replay")
        if not self.process.alive:
            raise Killed
        self.disk.states |= {state.number: state for state in states}
        self.disk.setting.dawdle(0.1)

    def kept(self) -> Iterator[State]:
        return iter(sorted(self.disk.states.values(), key=lambda state: state.number))

    def forget(self) -> None:
        self.disk.states.clear()

    def _write(self, facts: Sequence[Fact]) -> int:
        if not self.process.alive:
            raise Killed
        now_s, first = self.now_s(), self.last_sequence + 1
        stored = [Stored(at, now_s, fact) for at, fact in enumerate(facts, first)]
        self.disk.facts += stored
        self.disk.wrote(stored)
        return first
