"""A column of numbers over time from a CSV: what a home uses, what its panels make, the weather."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from gridplus.failures import InputError
from gridplus.rows import parse_table
from gridplus.units import HOUR_S, parse_utc_s, share_by_largest_remainder

STEPS_S = (300, 900, 1_800, HOUR_S)
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,12})?", re.ASCII)
ENERGY = {"Wh": 1, "kWh": 1_000}
DEGREES = {"°C": 1_000}


@dataclass(frozen=True, slots=True)
class Series:
    """Whole units by UTC start second, each for `step_s`; `faults` say which rows were left out."""

    what: str
    step_s: int
    values: Mapping[int, int]
    faults: tuple[str, ...]

    def shared(self, length_s: int) -> dict[int, int]:
        """Energies of intervals of `length_s`: longer rows in equal parts, shorter ones summed.
        An interval of which a part is missing is left out."""
        if self.step_s >= length_s:
            return {
                at + place * length_s: part
                for at, value in self.values.items()
                for place, part in enumerate(self._parts(value, length_s))
            }
        found: dict[int, list[int]] = {}
        for at, value in self.values.items():
            found.setdefault(at - at % length_s, []).append(value)
        whole = length_s // self.step_s
        return {at: sum(parts) for at, parts in found.items() if len(parts) == whole}

    def held(self, length_s: int) -> dict[int, int]:
        """Values that hold over each row, by the starts of intervals of `length_s`."""
        count = max(1, self.step_s // length_s)
        return {
            at + place * length_s: value
            for at, value in self.values.items()
            for place in range(count)
        }

    def _parts(self, value: int, length_s: int) -> list[int]:
        return share_by_largest_remainder(value, [1] * (self.step_s // length_s))


def read_series(data: bytes, units: Mapping[str, int], *, what: str) -> Series:
    """The column whose heading ends with one of `units`, by the column of UTC starts.

    Energies are not below zero. Raises InputError when there is not one such column, no good row,
    or rows are not 5, 15, 30 or 60 minutes apart.
    """
    header, rows = parse_table(data, what=what)
    starts = [at for at, name in enumerate(header) if "start" in name.lower()]
    columns = [(at, unit) for at, name in enumerate(header) for unit in units if _ends(name, unit)]
    if len(starts) != 1 or len(columns) != 1:
        raise InputError(
            f"{what}: write a column interval_start_utc and one whose heading ends with "
            f"{' or '.join(units)}; it has {', '.join(header)}"
        )
    value_at, unit = columns[0]
    values, faults = dict[int, int](), list[str]()
    for line, fields in rows:
        try:
            if len(fields) != len(header):
                raise InputError(f"{len(fields)} fields instead of {len(header)}")
            start_s = parse_utc_s(fields[starts[0]])
            value = parse_decimal(fields[value_at], units[unit], what=header[value_at])
            if value < 0 and units is ENERGY:
                raise InputError(f"{header[value_at]} is below zero: {fields[value_at]}")
            if values.setdefault(start_s, value) != value:
                raise InputError(f"{fields[starts[0]]} stands twice; the first is used")
        except InputError as error:
            faults.append(f"{what}, line {line}: {error}")
    step_s = _step_s(sorted(values), what=what)
    faults += [f"{what}: a row is not on the grid of {step_s} s" for at in values if at % step_s]
    on_grid = {at: value for at, value in values.items() if at % step_s == 0}
    return Series(what, step_s, on_grid, tuple(faults))


def parse_decimal(text: str, unit: int, *, what: str) -> int:
    """'1.25' x 1000 -> 1250, to the nearest whole. Raises InputError, for 'nan' and '1e3' too."""
    if not _NUMBER.fullmatch(text):
        raise InputError(f"{what}: {text!r} is not a number like 1.25")
    return round(Decimal(text) * unit)


def _ends(name: str, unit: str) -> bool:
    *_, last = re.split(r"[\s_]+", name.strip().lower())
    return last.strip("()[]") == unit.lower()


def _step_s(starts: list[int], *, what: str) -> int:
    distances = Counter(after - before for before, after in pairwise(starts))
    step_s = distances.most_common(1)[0][0] if distances else 0
    if step_s not in STEPS_S:
        raise InputError(f"{what}: rows are {step_s} s apart, not 5, 15, 30 or 60 minutes")
    return step_s
