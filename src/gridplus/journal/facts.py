"""What a journal holds, and what a service asks of one."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened. The journal never looks into `body`.

    `kind` is a past-tense noun ('VoucherReceived'); `subject` is what the fact is about, such as a
    channel id, or empty; `body` is canonical JSON or any other bytes.
    """

    kind: str
    subject: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """A durable fact. `sequence` counts from 1 without a gap; `recorded_at_s` is since 1970."""

    sequence: int
    recorded_at_s: int
    fact: Fact

    def crc32(self) -> int:
        """Stored beside the fact, against decay of the disk; it does not stop a forger."""
        head = f"{self.sequence} {self.recorded_at_s} {self.fact.kind} {self.fact.subject.hex()} "
        return zlib.crc32(self.fact.body, zlib.crc32(head.encode()))


@dataclass(frozen=True, slots=True)
class State:
    """What a service made of all facts up to `sequence`, under a number of its own. It spares a
    replay; the facts lead to the same without it."""

    number: int
    sequence: int
    body: bytes

    def crc32(self) -> int:
        """Stored beside it: one that is damaged is not believed."""
        return zlib.crc32(self.body, zlib.crc32(f"{self.number} {self.sequence} ".encode()))


class Journal(Protocol):
    """Facts of one service, durable in order and without a gap. Threads may share it."""

    @property
    def last_sequence(self) -> int:
        """The newest durable fact; 0 when there is none."""

    def append(self, facts: Sequence[Fact]) -> int:
        """Make `facts` (at least one) durable, all or none; returns the sequence of the first.

        Raises StorageError, after which nothing more is taken until the journal is opened again.
        """

    def replay(self, *, after: int = 0, subject: bytes | None = None) -> Iterator[Stored]:
        """Durable facts with a sequence above `after`, in order; all, or those about `subject`.

        Raises StorageError at a fact that is damaged or missing.
        """

    def keep(self, states: Sequence[State]) -> None:
        """Make `states` durable, all or none, each in place of the one of its number.

        Raises StorageError as `append` does.
        """

    def kept(self) -> Iterator[State]:
        """What was kept last under each number, in order. Raises StorageError at a damaged one."""

    def forget(self) -> None:
        """Keep nothing any more; no fact goes. Raises StorageError as `append` does."""
