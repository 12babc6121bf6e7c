"""Many reads of one meter as columns: what files are parsed into, validated in and stored as.

Columns are int64 arrays of one length. `impossible` bounds each energy, so that no sum over a
century leaves 64 bits.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from gridplus.failures import invariant
from gridplus.meter.metered import MeterRead, Quality, Source

Column: TypeAlias = npt.NDArray[np.int64]


class Columns:
    """A dataclass of int64 arrays of one length: a table whose rows are taken together."""

    __slots__ = ()

    @classmethod
    def of(cls, rows: "Sequence[Sequence[int]] | array[int]") -> Self:
        """From rows with a value for each field, or the values of all rows one after the other."""
        width = len(fields(cls))  # type: ignore[arg-type]
        table = np.array(rows, dtype=np.int64).reshape(-1, width)
        return cls(*(np.ascontiguousarray(column) for column in table.T))

    def columns(self) -> tuple[Column, ...]:
        named = fields(self)  # type: ignore[arg-type]
        return tuple(getattr(self, column.name) for column in named)

    def taken(self, places: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Self:
        """The rows at `places` (numbers, or a mask)."""
        return type(self)(*(column[places] for column in self.columns()))

    def __len__(self) -> int:
        return len(self.columns()[0])


@dataclass(frozen=True, slots=True, eq=False)
class Reads(Columns):
    """Reads of one meter as one source gave them, in order of time and without overlap.

    `quality` holds `Quality`; `revised_s` when the source says it made the value, 0 where it does
    not say; `line` the place in the file, 0 for what was computed.
    """

    start_s: Column
    length_s: Column
    import_wh: Column
    export_wh: Column
    quality: Column
    revised_s: Column
    line: Column

    def __post_init__(self) -> None:
        ends = self.start_s + self.length_s
        invariant(bool(np.all(self.start_s[1:] >= ends[:-1])), "reads follow each other in time")

    def rows(self, source: Source) -> Iterator[MeterRead]:
        """Each as a read in version 1 of which nobody says since when it is known."""
        for start_s, length_s, import_wh, export_wh, quality, *_ in zip(
            *(column.tolist() for column in self.columns()), strict=True
        ):
            yield MeterRead(start_s, length_s, import_wh, export_wh, Quality(quality), source)
