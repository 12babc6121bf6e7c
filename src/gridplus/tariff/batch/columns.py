"""Exact amounts, flows and tallies as columns of int64, one row a home.

aBOLT do not fit in 63 bits (that is 9 BOLT), so an amount is two numbers: whole pBOLT, and what is
left of a pBOLT in aBOLT. Whoever multiplies proves first that the pBOLT fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from gridplus.failures import InputError, invariant
from gridplus.tariff.tally import MonthToDate, Tally
from gridplus.units import ABOLT_PER_PBOLT

Integers: TypeAlias = npt.NDArray[np.int64]
WH_LIMIT = 1 << 31
"""No register of a home moves that far in a quarter hour: 2,147 MWh."""
STANDING_LIMIT_PBOLT = 1 << 61
"""Two million BOLT on one channel."""
NO_MONTH = -1


class Exact(NamedTuple):
    """`pbolt` x 1e6 + `rest_abolt` aBOLT, elementwise; 0 <= `rest_abolt` < 1e6."""

    pbolt: Integers
    rest_abolt: Integers

    def abolt(self, *place: int) -> int:
        """One element."""
        return int(self.pbolt[place]) * ABOLT_PER_PBOLT + int(self.rest_abolt[place])

    def total_abolt(self) -> int:
        """The sum of all elements: halves of 32 bits, so that no partial sum can wrap."""
        low = int((self.pbolt & 0xFFFFFFFF).sum()) + (int((self.pbolt >> 32).sum()) << 32)
        return low * ABOLT_PER_PBOLT + int(self.rest_abolt.sum())

    @classmethod
    def of(cls, amounts_abolt: Sequence[int]) -> "Exact":
        """Raises InputError for an amount that is negative or that no channel reaches."""
        for row, amount in enumerate(amounts_abolt):
            if not 0 <= amount < STANDING_LIMIT_PBOLT * ABOLT_PER_PBOLT:
                raise InputError(f"row {row}: {amount} aBOLT do not stand on one channel")
        parts = [divmod(amount, ABOLT_PER_PBOLT) for amount in amounts_abolt]
        table = np.array(parts, dtype=np.int64).reshape(-1, 2)
        return cls(table[:, 0].copy(), table[:, 1].copy())

    @classmethod
    def sum_of(cls, amounts: Sequence["Exact"]) -> "Exact":
        """Elementwise; the caller has proven that the sums fit."""
        rest = sum((part.rest_abolt for part in amounts[1:]), amounts[0].rest_abolt)
        pbolt = sum((part.pbolt for part in amounts[1:]), amounts[0].pbolt)
        return cls(pbolt + rest // ABOLT_PER_PBOLT, rest % ABOLT_PER_PBOLT)


@dataclass(frozen=True, slots=True)
class Flows:
    """What each home took and fed in on the local `day`: rows x 92, 96 or 100 intervals, whole Wh.

    Any integer type. Raises InputError that names the first row that is negative or beyond
    `WH_LIMIT`, or when the two shapes differ.
    """

    day: date
    import_wh: npt.NDArray[np.integer]
    export_wh: npt.NDArray[np.integer]

    def __post_init__(self) -> None:
        if self.import_wh.ndim != 2 or self.import_wh.shape != self.export_wh.shape:
            shapes = f"{self.import_wh.shape} and {self.export_wh.shape}"
            raise InputError(f"{self.day}: import and export of shapes {shapes}; write rows alike")
        for name, column in (("import", self.import_wh), ("export", self.export_wh)):
            if column.dtype.kind not in "iu":
                raise InputError(f"{self.day}: {name} is of {column.dtype}, not of whole Wh")
            if not column.size or (column.min() >= 0 and column.max() < WH_LIMIT):
                continue
            row = int(np.argmax(((column < 0) | (column >= WH_LIMIT)).any(axis=1)))
            raise InputError(f"{self.day}, row {row}: {name} beyond 0 to {WH_LIMIT - 1} Wh")

    def __len__(self) -> int:
        return len(self.import_wh)


@dataclass(frozen=True, slots=True)
class Standing:
    """A tally a row. `month` counts local months from year 0, `NO_MONTH` where none was opened;
    `since_s`, `import_wh` and `export_wh` are that month's, as in `MonthToDate`."""

    charges: Exact
    credits: Exact
    month: Integers
    since_s: Integers
    import_wh: Integers
    export_wh: Integers

    @classmethod
    def opening(cls, rows: int) -> "Standing":
        """New channels."""
        return cls.of([Tally()] * rows)

    @classmethod
    def of(cls, tallies: Sequence[Tally]) -> "Standing":
        """Raises InputError that names a row whose plan remembers more than the month's use."""
        for row, tally in enumerate(tallies):
            if tally.month is not None and tally.month.memory:
                name = tally.month.memory[0][0]
                raise InputError(f"row {row} remembers {name!r}: rate it interval by interval")
        months = [tally.month or MonthToDate(NO_MONTH, 0, 0, 0) for tally in tallies]
        table = np.array(
            [(at.month, at.since_s, at.import_wh, at.export_wh) for at in months], dtype=np.int64
        ).reshape(-1, 4)
        return cls(
            Exact.of([tally.charges_abolt for tally in tallies]),
            Exact.of([tally.credits_abolt for tally in tallies]),
            *(column.copy() for column in table.T),
        )

    def tally(self, row: int) -> Tally:
        """One row as the exact rater knows it."""
        month = None
        if self.month[row] != NO_MONTH:
            month = MonthToDate(
                month=int(self.month[row]),
                since_s=int(self.since_s[row]),
                import_wh=int(self.import_wh[row]),
                export_wh=int(self.export_wh[row]),
            )
        return Tally(self.charges.abolt(row), self.credits.abolt(row), month)

    def take(self, rows: Integers) -> "Standing":
        """Some rows, in the order of `rows`."""
        return Standing.unpacked([column[rows] for column in self.columns])

    def put(self, rows: Integers, newer: "Standing") -> "Standing":
        """The same with `newer` in the place of `rows`, each of them once."""
        columns = [column.copy() for column in self.columns]
        for column, values in zip(columns, newer.columns, strict=True):
            column[rows] = values
        return Standing.unpacked(columns)

    @property
    def columns(self) -> tuple[Integers, ...]:
        others = self.month, self.since_s, self.import_wh, self.export_wh
        return *self.charges, *self.credits, *others

    @classmethod
    def unpacked(cls, columns: Sequence[Integers]) -> "Standing":
        """The inverse of `columns`."""
        return cls(Exact(*columns[:2]), Exact(*columns[2:4]), *columns[4:])

    def opened(self, month: int, *, start_s: int) -> "Standing":
        """As it stands when the local `month` goes on at `start_s`: turned where another ended."""
        same = self.month == month
        return Standing(
            self.charges,
            self.credits,
            np.full_like(self.month, month),
            np.where(same, self.since_s, start_s),
            np.where(same, self.import_wh, 0),
            np.where(same, self.export_wh, 0),
        )

    def __len__(self) -> int:
        return len(self.month)


def require_small(standing: Standing) -> None:
    """Sums and uses so small that a day more cannot pass 63 bits. InputError names the row."""
    amounts = {"charges": standing.charges.pbolt, "credits": standing.credits.pbolt}
    uses = {"import": standing.import_wh, "export": standing.export_wh}
    for name, column in (amounts | uses).items():
        if column.size and not (column.min() >= 0 and column.max() < STANDING_LIMIT_PBOLT):
            row = int(np.argmax((column < 0) | (column >= STANDING_LIMIT_PBOLT)))
            raise InputError(f"row {row}: {name} of {column[row]} do not stand on one channel")


def require_rows(flows: Flows, standing: Standing) -> None:
    invariant(len(flows) == len(standing), "a day has one row for each row of the tallies")
