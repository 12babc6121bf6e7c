"""Meter reads that are kept: a journal whose facts are batches of reads, a subject a meter.

An import is one commit: all of a file, or nothing of it. What was known when is what the journal
had recorded by then; the second of a fact is since when its reads are known.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gridplus.failures import InputError, StorageError
from gridplus.journal import Fact, SqliteJournal
from gridplus.meter import MeterRead
from gridplus.meter.file import MeterFile
from gridplus.meter.history import Batch, History
from gridplus.meter.vee import Intake, edit, take_in
from gridplus.meter.vee.intake import Arrival

READS_LEARNED = "ReadsLearned"


@dataclass(slots=True)
class Import:
    """What one file added, by meter."""

    meters: dict[str, Intake] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """The sum over the meters of a count of `Intake`."""
        return sum(getattr(intake, name) for intake in self.meters.values())


class ReadStore:
    """The reads of many meters in one file. Histories are replayed when they are asked for."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal

    @classmethod
    def open(cls, path: Path, *, now_s: Callable[[], int]) -> Self:
        """Open the store at `path`, or create it. Raises StorageError where it is none."""
        return cls(SqliteJournal.open(path, now_s=now_s))

    def meters(self) -> tuple[str, ...]:
        """Every meter of which something is known."""
        return tuple(sorted({stored.fact.subject.decode() for stored in self._journal.replay()}))

    def history(self, meter: str) -> History:
        """Raises StorageError for a damaged fact or one of another kind."""
        batches = []
        for stored in self._journal.replay(subject=meter.encode()):
            if stored.fact.kind != READS_LEARNED:
                raise StorageError(f"fact {stored.sequence} is {stored.fact.kind}, not of reads")
            try:
                batches.append((stored.recorded_at_s, Batch.parse(stored.fact.body)))
            except InputError as error:
                raise StorageError(f"fact {stored.sequence}: {error}") from None
        return History(tuple(batches))

    def view(self, meter: str, *, as_of_s: int | None = None) -> tuple[MeterRead, ...]:
        """What was billable of `meter` at `as_of_s`; now, without it."""
        return self.history(meter).view(as_of_s=as_of_s)

    def take(self, file: MeterFile) -> Import:
        """Validate, estimate and keep what `file` says anew, in one commit. The same file again
        adds nothing. Reads that cannot be kept are added to the file's problems."""
        taken = Import()
        facts = []
        for meter, reads in file.meters.items():
            registers = file.registers.get(meter, ())
            arrival = Arrival(file.what, file.source, file.zone, reads, registers)
            intake = take_in(arrival, self.history(meter), problems=file.problems)
            taken.meters[meter] = intake
            facts += [_fact(meter, batch) for batch in intake.batches]
        if facts:
            self._journal.append(facts)
        return taken

    def edit(self, meter: str, read: MeterRead, *, reason: str, editor: str) -> None:
        """Keep `read` as what a person says the meter counted.

        Raises InputError when nothing is known of that interval or there is no reason.
        """
        batch = edit(self.history(meter), read, reason=reason, editor=editor)
        self._journal.append([_fact(meter, batch)])

    def find(self, meter: str, start_s: int) -> MeterRead:
        """The billable read that begins at `start_s`. Raises InputError where there is none."""
        for read in self.view(meter):
            if read.start_s == start_s:
                return read
        raise InputError(f"{meter} has no read that begins there")

    def close(self) -> None:
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _fact(meter: str, batch: Batch) -> Fact:
    return Fact(READS_LEARNED, meter.encode(), batch.to_bytes())
