"""Group commit: whatever waits while one commit runs is committed together in the next.

An fsync costs the same for one fact as for a hundred, so the longer it takes, the more callers
share it. A seal turns each group into one more fact (a signed Merkle root, say) and one receipt
a caller, before the group is written; a receipt leaves only when its group is durable.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from gridplus.failures import StorageError, invariant
from gridplus.journal.facts import Fact
from gridplus.journal.sqlite import SqliteJournal

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
_Waiting: TypeAlias = tuple[Batch[Note], asyncio.Future[Committed[Receipt]]]


def unsealed(batches: Sequence[Batch[None]]) -> Seal[None]:
    """The seal of a service that signs nothing a group."""
    return Seal((), (None,) * len(batches))


class GroupWriter(Generic[Note, Receipt]):
    """Commits for many tasks of one event loop.

    `seal` runs on the loop, once a group and in the order of the journal; writing runs on a
    thread. After any error the writer stops: its callers' memory is ahead of the disk, so they
    reopen the journal and replay it.
    """

    def __init__(self, journal: SqliteJournal, *, seal: Sealer[Note, Receipt]) -> None:
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
        if self._stopped is not None:
            raise StorageError(f"the journal's writer has stopped: {self._stopped}")
        done: asyncio.Future[Committed[Receipt]] = asyncio.get_running_loop().create_future()
        self._waiting.append((Batch(tuple(facts), note), done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await done

    @property
    def waiting(self) -> int:
        """Callers whose facts wait for the commit after the one that runs."""
        return len(self._waiting)

    async def aclose(self) -> None:
        """Refuse more and write what waits. The journal stays open."""
        self._stopped = self._stopped or "it was closed"
        if self._writing is not None:
            await self._writing

    async def _write_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await self._write(group)
            except Exception as error:  # noqa: BLE001 - every waiter raises it
                self._stop(error, group + self._waiting)
        self._writing = None

    async def _write(self, group: list[_Waiting[Note, Receipt]]) -> None:
        batches = [batch for batch, _ in group]
        seal = self._seal(batches)
        invariant(len(seal.receipts) == len(batches), "a seal leaves one receipt for each batch")
        facts = [fact for batch in batches for fact in batch.facts]
        sequence = await asyncio.to_thread(self._journal.append, [*facts, *seal.facts])
        for (batch, done), receipt in zip(group, seal.receipts, strict=True):
            if not done.done():
                done.set_result(Committed(sequence, receipt))
            sequence += len(batch.facts)

    def _stop(self, error: Exception, waiting: list[_Waiting[Note, Receipt]]) -> None:
        self._stopped = str(error)
        self._waiting = []
        for _, done in waiting:
            if not done.done():
                done.set_exception(error)
