import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from gridplus.failures import Bug, StorageError
from gridplus.journal import Batch, Committed, Fact, GroupWriter, Seal, SqliteJournal, unsealed
from tests.journal.stores import NOW_S, read_at
from tests.journal.test_sqlite import opened


def notes_sealed(batches: Sequence[Batch[int]]) -> Seal[tuple[int, int]]:
    """One fact with all notes of the group; each caller's receipt is (his place, group size)."""
    notes = ",".join(str(batch.note) for batch in batches).encode()
    receipts = tuple((place, len(batches)) for place in range(len(batches)))
    return Seal((Fact("GroupSealed", b"", notes),), receipts)


class Gate:
    """A clock that the writing thread waits at: a commit takes until the test lets it through."""

    def __init__(self) -> None:
        self.reached, self.free = threading.Event(), threading.Event()

    def now_s(self) -> int:
        self.reached.set()
        self.free.wait(timeout=10)
        return NOW_S


def test_what_waits_during_a_commit_is_sealed_and_committed_together_in_the_next(
    tmp_path: Path,
) -> None:
    async def scenario() -> list[Committed[tuple[int, int]]]:
        writer = GroupWriter(journal, seal=notes_sealed)
        first = asyncio.create_task(writer.commit([read_at(1)], 100))
        await asyncio.to_thread(gate.reached.wait, 10)
        later = [asyncio.create_task(writer.commit([read_at(n)] * 2, n)) for n in (2, 3, 4)]
        await asyncio.sleep(0)
        assert journal.last_sequence == 0
        assert not first.done()
        gate.free.set()
        return [await first, *[await task for task in later]]

    gate = Gate()
    with SqliteJournal.open(tmp_path / "j", now_s=gate.now_s) as journal:
        assert asyncio.run(scenario()) == [
            Committed(1, (0, 1)),
            Committed(3, (0, 3)),
            Committed(5, (1, 3)),
            Committed(7, (2, 3)),
        ]
        seals = {s.sequence: s.fact.body for s in journal.replay(subject=b"")}
        assert seals == {2: b"100", 9: b"2,3,4"}


def test_a_service_without_a_seal_commits_its_facts_alone(tmp_path: Path) -> None:
    async def scenario() -> Committed[None]:
        return await GroupWriter(journal, seal=unsealed).commit([read_at(1), read_at(2)], None)

    with opened(tmp_path / "j") as journal:
        assert asyncio.run(scenario()) == Committed(1, None)
        assert [s.fact for s in journal.replay()] == [read_at(1), read_at(2)]


def test_facts_of_a_cancelled_caller_are_written_and_the_others_are_answered(
    tmp_path: Path,
) -> None:
    async def scenario() -> Committed[tuple[int, int]]:
        writer = GroupWriter(journal, seal=notes_sealed)
        gone = asyncio.create_task(writer.commit([read_at(1)], 1))
        stays = asyncio.create_task(writer.commit([read_at(2)], 2))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    with opened(tmp_path / "j") as journal:
        assert asyncio.run(scenario()) == Committed(2, (1, 2))
        assert [s.fact for s in journal.replay()][:2] == [read_at(1), read_at(2)]


def test_a_full_disk_is_told_to_every_waiter_and_stops_the_writer(tmp_path: Path) -> None:
    async def scenario() -> list[object]:
        writer = GroupWriter(journal, seal=notes_sealed)
        big = Fact("ReadReceived", b"", bytes(60_000))
        running = asyncio.create_task(writer.commit([big], 1))
        same_group = asyncio.create_task(writer.commit([read_at(2)], 2))
        await asyncio.to_thread(gate.reached.wait, 10)
        queued = asyncio.create_task(writer.commit([read_at(3)], 3))
        await asyncio.sleep(0)
        gate.free.set()
        told = await asyncio.gather(running, same_group, queued, return_exceptions=True)
        with pytest.raises(StorageError, match=r"writer has stopped: .*page limit is full"):
            await writer.commit([read_at(4)], 4)
        return list(told)

    gate = Gate()
    journal = SqliteJournal.open(tmp_path / "j", now_s=gate.now_s, page_limit=10)
    told = asyncio.run(scenario())
    assert all(isinstance(error, StorageError) for error in told)
    with opened(tmp_path / "j") as reopened:
        assert list(reopened.replay()) == []


def test_a_seal_that_fails_writes_nothing_and_is_raised_by_its_callers(tmp_path: Path) -> None:
    async def scenario() -> None:
        writer: GroupWriter[int, int] = GroupWriter(journal, seal=lambda _: Seal((), ()))
        with pytest.raises(Bug, match="one receipt for each batch"):
            await writer.commit([read_at(1)], 1)
        with pytest.raises(StorageError, match="stopped"):
            await writer.commit([read_at(2)], 2)

    with opened(tmp_path / "j") as journal:
        asyncio.run(scenario())
        assert journal.last_sequence == 0


def test_closing_writes_what_waits_and_refuses_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        writer = GroupWriter(journal, seal=notes_sealed)
        waiting = asyncio.create_task(writer.commit([read_at(1)], 1))
        await asyncio.sleep(0)
        await writer.aclose()
        assert (await waiting).sequence == 1
        with pytest.raises(StorageError, match="it was closed"):
            await writer.commit([read_at(2)], 2)

    with opened(tmp_path / "j") as journal:
        asyncio.run(scenario())
        assert journal.last_sequence == 2
