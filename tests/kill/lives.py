"""Life after life of a hub on one journal, each ended where it hurts, each compared with the last.

What was acknowledged and is not there is lost; what is there twice is doubled; a journal that no
life can bring to the end of its day, because it is damaged or holds what no home signed, is broken.
"""

import os
import random
import select
import signal
import time
import traceback
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gridplus.journal import PostgresJournal, PostgresPlace, SqliteJournal
from gridplus.journal.opening import OpenJournal
from tests.journal.server import Server
from tests.kill.disk import Action, Disk, Fault
from tests.kill.life import Life
from tests.kill.street import HOMES, INTERVALS, NOW_S, founding_facts

LIFE_LIMIT_S = 60
KILL_ANY_TIME = "SIGKILL at any time"


@dataclass
class Tally:
    """What came of all points so far."""

    points: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    refused: int = 0
    unheard: int = 0
    lost: int = 0
    doubled: int = 0
    broken: int = 0


@dataclass
class Told:
    """Bills and vouchers of one home that were acknowledged."""

    bills: int = 0
    paid: int = 0


class Day(ABC):
    """One journal from its founding until all homes have paid for all intervals."""

    def __init__(self, tally: Tally, dice: random.Random) -> None:
        self.tally = tally
        self.dice = dice
        self._told = [Told() for _ in range(HOMES)]
        self._shut = self._broken = False

    def run(self, points: int) -> int:
        """Use up to `points`, then let the day end; how many were used."""
        used = 0
        while used < points and not self._is_over and not self._broken:
            name = self.hurt_life()
            self.tally.points[name] += 1
            used += 1
            if self._shut:
                self.last_life()
                self._broken |= self._shut
        for _ in range(2):
            if not self._broken:
                self.last_life()
                self._broken = not self._is_over
        self.tally.broken += self._broken
        return used

    @abstractmethod
    def hurt_life(self) -> str:
        """A life with a fault in it; the fault's name."""

    @abstractmethod
    def last_life(self) -> None:
        """A life without one."""

    @property
    def _is_over(self) -> bool:
        return all(told == Told(INTERVALS, INTERVALS) for told in self._told)

    def live(
        self,
        opens: Callable[[], OpenJournal],
        *,
        before: Callable[[], object] = lambda: None,
        hurt: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Fork a life; `before` runs in it, `hurt` here, with its process id."""
        reading, writing = os.pipe()
        begin = tuple((told.bills, told.paid) for told in self._told)
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            status = 1
            try:
                before()
                Life(opens, begin, writing).live()
                status = 0
            except BaseException:  # noqa: BLE001 - told, and counted by the parent
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(writing)
        hurt(pid)
        heard = _read_all(reading, pid)
        status = os.waitpid(pid, 0)[1]
        self._broken |= status not in (0, signal.SIGKILL)
        self._shut = False
        for line in heard.splitlines():
            self._hear(*line.split())

    def _hear(self, word: str, *numbers: str) -> None:
        values = [int(number) for number in numbers]
        match word, values:
            case "found", [home, bills, paid, twice]:
                told = self._told[home]
                self.tally.lost += max(0, told.bills - bills) + max(0, told.paid - paid)
                self.tally.doubled += twice
                self.tally.unheard += (bills > told.bills) + (paid > told.paid)
            case "billed", [home, bills]:
                self._told[home].bills = bills
                self.tally.acknowledged += 1
            case "paid", [home, paid]:
                self._told[home].paid = paid
                self.tally.acknowledged += 1
            case "shut", []:
                self._shut = True
            case "refused", []:
                self.tally.refused += 1


class SqliteDay(Day):
    """Its disk fails at a write or a sync that is drawn, or it is killed from outside."""

    def __init__(
        self, tally: Tally, dice: random.Random, *, folder: Path, lies: bool = False
    ) -> None:
        super().__init__(tally, dice)
        self._lies = lies
        self._path = folder / "hub.journal"
        self._memory = folder / "memory"
        with self._open() as journal:
            journal.append(founding_facts())

    def _open(self) -> OpenJournal:
        return SqliteJournal.open(self._path, now_s=lambda: NOW_S)

    def hurt_life(self) -> str:
        if self.dice.random() < 0.1:
            self._memory.unlink(missing_ok=True)
            pause_s = self.dice.random() * 0.03
            self.live(self._open, hurt=lambda pid: kill_after(pid, pause_s))
            return KILL_ANY_TIME
        action = self.dice.choice(list(Action))
        fault = Fault(action, 1 + int(self.dice.expovariate(1 / 25)), self.dice.getrandbits(32))
        self.live(self._open, before=Disk(fault, self._memory, lies=self._lies).install)
        return action.value

    def last_life(self) -> None:
        self.live(self._open, before=Disk(None, self._memory).install)


class PostgresDay(Day):
    """The hub is killed, or a process of its server, or the whole server."""

    def __init__(self, tally: Tally, dice: random.Random, *, server: Server) -> None:
        super().__init__(tally, dice)
        self._server = server
        self._place: PostgresPlace = server.new_place()
        with self._open() as journal:
            journal.append(founding_facts())

    def _open(self) -> OpenJournal:
        return PostgresJournal.open(self._place, now_s=lambda: NOW_S, patience_s=30)

    def hurt_life(self) -> str:
        pause_s, draw = self.dice.random() * 0.06, self.dice.random()
        if draw < 0.8:
            self.live(self._open, hurt=lambda pid: kill_after(pid, pause_s))
            return KILL_ANY_TIME
        faults = {
            "SIGKILL of the server's process that writes": self._kill_backend,
            "the connection is cut": self._server.end_connections,
            "the whole server crashes": self._crash,
        }
        name = self.dice.choice(list(faults))

        def hurt(_: int) -> None:
            time.sleep(pause_s)
            faults[name]()

        self._server.wait_until_ready()
        self.live(self._open, hurt=hurt)
        self._server.wait_until_ready()
        return name

    def last_life(self) -> None:
        self.live(self._open)

    def _kill_backend(self) -> None:
        """The server then ends all its processes and recovers."""
        found = self._server.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        for (pid,) in found:
            os.kill(pid, signal.SIGKILL)

    def _crash(self) -> None:
        self._server.stop("immediate")
        self._server.start()


def kill_after(pid: int, pause_s: float) -> None:
    time.sleep(pause_s)
    os.kill(pid, signal.SIGKILL)


def _read_all(descriptor: int, pid: int) -> str:
    """Until the life has ended; one that hangs is ended, and that is a fault of ours."""
    parts, deadline_s = [], time.monotonic() + LIFE_LIMIT_S
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while True:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not select.select([file], [], [], left_s)[0]:
                os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"a life did not end within {LIFE_LIMIT_S} s")
            part = file.read(65_536)
            if not part:
                return b"".join(parts).decode()
            parts.append(part)
