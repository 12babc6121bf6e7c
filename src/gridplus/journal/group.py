"""Group commit: whatever waits while one commit runs is committed together in the next.

An fsync costs the same for one fact as for a hundred, so the longer it takes, the more callers
share it. A seal turns each group into one more fact (a signed Merkle root, say) and one receipt
a caller, before the group is written; a receipt leaves only when its group is durable.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from gridplus.failures import StorageError, invariant
from gridplus.journal.facts import Fact, Journal

Note = TypeVar("Note")
Receipt = TypeVar("Receipt")


@dataclass(frozen=True, slots=True)
class Batch(Generic[Note]):
    """Facts that one caller commits together, and his note to the seal (a Merkle leaf, say)."""

    facts: tuple[Fact, ...]
    note: Note


@dataclass(frozen=True, slots=True)
class Seal(Generic[Receipt]):
    """What closes a group: facts written after the group's own, and a receipt a batch, in order."""

    facts: tuple[Fact, ...]
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class Committed(Generic[Receipt]):
    """A durable batch: the sequence of its first fact, and what the seal left for its caller."""

    sequence: int
    receipt: Receipt


Sealer: TypeAlias = Callable[[Sequence[Batch[Note]]], Seal[Receipt]]
Told: TypeAlias = Callable[[Committed[Receipt] | Exception], None]
_Waiting: TypeAlias = tuple[Batch[Note], Told[Receipt]]
CLOSED = "it was closed"
"""Why a writer takes nothing more that came to its end without an error."""
GROUP_LIMIT = 1_000
"""Batches in a group: bounds how long a receipt is, and how long a commit."""


def unsealed(batches: Sequence[Batch[None]]) -> Seal[None]:
    """The seal of a service that signs nothing a group."""
    return Seal((), (None,) * len(batches))


class GroupWriter(Generic[Note, Receipt]):
    """Commits for many tasks of one event loop.

    `seal` runs on the loop, once a group and in the order of the journal; writing runs on a
    thread. After any error the writer stops: its callers' memory is ahead of the disk, so they
    reopen the journal and replay it.
    """

    def __init__(self, journal: Journal, *, seal: Sealer[Note, Receipt]) -> None:
        self._journal = journal
        self._seal = seal
        self._waiting: list[_Waiting[Note, Receipt]] = []
        self._writing: asyncio.Task[None] | None = None
        self._stopped: str | None = None

    async def commit(self, facts: Sequence[Fact], note: Note) -> Committed[Receipt]:
        """Return when `facts` (at least one) are durable, together with their group's seal.

        Facts of a caller who is cancelled meanwhile are written all the same. Raises StorageError
        when the group could not be written (then none of it is visible) or the writer has stopped.
        """
        invariant(len(facts) > 0, "a commit has at least one fact")
        done: asyncio.Future[Committed[Receipt]] = asyncio.get_running_loop().create_future()
        self.enqueue(Batch(tuple(facts), note), partial(_resolve, done))
        return await done

    def enqueue(self, batch: Batch[Note], told: Told[Receipt]) -> None:
        """The same without a task that waits: `told` is called on the loop. A batch without facts
        is one that the seal writes down by its note. Raises StorageError as `commit` does."""
        if self._stopped is not None:
            raise StorageError(f"the journal's writer has stopped: {self._stopped}")
        self._waiting.append((batch, told))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())

    @property
    def waiting(self) -> int:
        """Callers whose facts wait for the commit after the one that runs."""
        return len(self._waiting)

    @property
    def stopped(self) -> str | None:
        """Why nothing more is written; None while it is."""
        return self._stopped

    async def aclose(self) -> None:
        """Refuse more and write what waits. The journal stays open."""
        self._stopped = self._stopped or CLOSED
        if self._writing is not None:
            await self._writing

    async def _write_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP_LIMIT], self._waiting[GROUP_LIMIT:]
            try:
                committed = await self._write([batch for batch, _ in group])
            except Exception as error:  # noqa: BLE001 - every waiter is told
                self._stop(error, group + self._waiting)
            else:
                for (_, told), done in zip(group, committed, strict=True):
                    told(done)
        self._writing = None

    async def _write(self, batches: list[Batch[Note]]) -> list[Committed[Receipt]]:
        seal = self._seal(batches)
        invariant(len(seal.receipts) == len(batches), "a seal leaves one receipt for each batch")
        facts = [fact for batch in batches for fact in batch.facts]
        sequence = await asyncio.to_thread(self._journal.append, [*facts, *seal.facts])
        committed = []
        for batch, receipt in zip(batches, seal.receipts, strict=True):
            committed.append(Committed(sequence, receipt))
            sequence += len(batch.facts)
        return committed

    def _stop(self, error: Exception, waiting: list[_Waiting[Note, Receipt]]) -> None:
        self._stopped = str(error)
        self._waiting = []
        for _, told in waiting:
            told(error)


def _resolve(
    done: asyncio.Future[Committed[Receipt]], result: Committed[Receipt] | Exception
) -> None:
    if done.done():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
