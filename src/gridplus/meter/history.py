"""Every version of a meter's reads, and the view of them at any instant.

What is learned comes in batches: an import's new values, the estimates of one rule, an edit. A
batch is never changed; of two that speak of one interval the later counts. A view at an instant is
made of the batches known by then: for each interval the TDSP's newest version, and the Smart
Agent's where the TDSP has said nothing.
"""

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from gridplus.failures import InputError
from gridplus.meter.metered import MeterRead, Quality, Source
from gridplus.meter.reads import Column, Columns, Reads

_BATCH_LIMIT = 1 << 30
_HEAD = struct.Struct(">I")
_FORMAT = "gridplus.reads/1"


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Reads that became known together: `rule` is empty for what the source itself said, else the
    name of the estimating rule or the reason of the edit; `origin` names the file or the editor."""

    source: Source
    rule: str
    origin: str
    reads: Reads

    def to_bytes(self) -> bytes:
        """A JSON head, then the columns as little-endian 64-bit integers, compressed."""
        head = {
            "format": _FORMAT,
            "source": self.source.name,
            "rule": self.rule,
            "origin": self.origin,
            "count": len(self.reads),
        }
        text = json.dumps(head, ensure_ascii=False).encode()
        columns = b"".join(column.astype("<i8").tobytes() for column in self.reads.columns())
        return _HEAD.pack(len(text)) + text + zlib.compress(columns, 1)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises InputError for bytes that `to_bytes` does not write."""
        try:
            (size,) = _HEAD.unpack_from(data)
            head = json.loads(data[_HEAD.size : _HEAD.size + size])
            packer = zlib.decompressobj()
            columns = packer.decompress(data[_HEAD.size + size :], _BATCH_LIMIT)
            width = len(fields(Reads))
            table = np.frombuffer(columns, dtype="<i8").astype(np.int64).reshape(width, -1)
            source, rule, origin = Source[head["source"]], str(head["rule"]), str(head["origin"])
            if head["format"] != _FORMAT or table.shape[1] != head["count"] or not packer.eof:
                raise ValueError("head and columns do not agree")
        except (ValueError, KeyError, TypeError, struct.error, zlib.error, RecursionError) as error:
            raise InputError(f"a batch of reads is damaged: {error}") from None
        return cls(source, rule, origin, Reads(*table))


@dataclass(frozen=True, slots=True, eq=False)
class Versions(Columns):
    """Newest versions, a row an interval and source; `batch` is the place in the history."""

    start_s: Column
    length_s: Column
    import_wh: Column
    export_wh: Column
    quality: Column
    revised_s: Column
    source: Column
    version: Column
    batch: Column

    @property
    def end_s(self) -> Column:
        return self.start_s + self.length_s

    def reads_of(self, source: Source) -> Reads:
        """One source's reads."""
        mine = self.taken(self.source == source)
        nowhere = np.zeros_like(mine.start_s)
        return Reads(
            mine.start_s, mine.length_s, mine.import_wh, mine.export_wh, mine.quality,
            mine.revised_s, nowhere,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class History:
    """A meter's batches in order, each with the second since when it is known."""

    batches: tuple[tuple[int, Batch], ...] = ()

    def after(self, batches: Iterable[Batch], *, known_at_s: int) -> "History":
        return History((*self.batches, *((known_at_s, batch) for batch in batches)))

    def newest(self, *, as_of_s: int | None = None, said: bool = False) -> Versions:
        """The newest version of every interval, of each source; with `said` only what the sources
        themselves said, without estimates and edits of ours."""
        return _newest(
            [
                (place, batch)
                for place, (known_at_s, batch) in enumerate(self.batches)
                if (as_of_s is None or known_at_s <= as_of_s) and not (said and batch.rule)
            ]
        )

    def view(self, *, as_of_s: int | None = None) -> tuple[MeterRead, ...]:
        """What was billable at `as_of_s` (now, without it): in order of time, without overlap."""
        versions = _billable(self.newest(as_of_s=as_of_s))
        return tuple(self._rows(versions))

    def _rows(self, versions: Versions) -> Iterator[MeterRead]:
        for row in zip(*(column.tolist() for column in versions.columns()), strict=True):
            start_s, length_s, import_wh, export_wh, quality, _, source, version, place = row
            known_at_s, batch = self.batches[place]
            yield MeterRead(
                start_s, length_s, import_wh, export_wh, Quality(quality), Source(source),
                version, known_at_s, batch.rule,
            )  # fmt: skip


def _newest(batches: Sequence[tuple[int, Batch]]) -> Versions:
    if not batches:
        return Versions(*(np.zeros(0, np.int64) for _ in fields(Versions)))
    given = [
        np.concatenate(columns)
        for columns in zip(*(b.reads.columns() for _, b in batches), strict=True)
    ]
    sizes = [len(batch.reads) for _, batch in batches]
    place = np.repeat(np.array([place for place, _ in batches], np.int64), sizes)
    source = np.repeat(np.array([batch.source for _, batch in batches], np.int64), sizes)
    order = np.lexsort((place, given[0], source))
    columns = [column[order] for column in (*given[:6], source)]
    changed = (np.diff(columns[0]) != 0) | (np.diff(columns[6]) != 0)
    last = np.append(np.flatnonzero(changed), len(order) - 1)
    version = np.diff(np.append(-1, last))
    newest = [column[last] for column in columns]
    newest += [version, place[order][last]]
    return Versions(*newest)


def _billable(versions: Versions) -> Versions:
    """The TDSP's reads, and the agent's that none of them touches, in order of time."""
    settled = versions.taken(versions.source == Source.TDSP)
    own = versions.taken(versions.source == Source.AGENT)
    before = np.searchsorted(settled.start_s, own.end_s, side="left")
    ends = np.append(0, settled.end_s)
    free = ends[before] <= own.start_s
    merged = [
        np.concatenate(pair)
        for pair in zip(settled.columns(), own.taken(free).columns(), strict=True)
    ]
    both = Versions(*merged)
    return both.taken(np.argsort(both.start_s, kind="stable"))
