"""What a home has used and made, as far as its newest file tells.

    start_s,load_wh,solar_wh
    1613282400,312,0

A row per settlement interval, named by its start in seconds since 1970. A bad row is reported with
file, line and reason and left out; the good rows go on, and the same quarter hour of the day before
stands for one that is missing.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridplus.failures import InputError
from gridplus.meter import energy_limit_wh
from gridplus.planner import Energies
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval, format_utc, utc_from_s

COLUMNS = ["start_s", "load_wh", "solar_wh"]
KEPT_S = 35 * 86_400
"""More than any forecast looks back."""
_DAY_S = 86_400
_WHOLE = re.compile(r"[0-9]{1,10}", re.ASCII)
_Energy = tuple[int, int]
"""Wh of load, Wh of solar."""


@dataclass(frozen=True, slots=True)
class History:
    """Wh per settlement interval, oldest first; the last one ends at `end_s`."""

    end_s: int
    load_wh: Energies
    solar_wh: Energies
    faults: tuple[str, ...]


def parse_history(data: bytes, *, what: str, until_s: int) -> History:
    """The rows that were over at `until_s`, of the last 35 days; later ones are not looked at.

    A file without a row is a home without a past. Raises InputError when it is no such table.
    """
    known: dict[int, _Energy] = {}
    lines: dict[int, int] = {}
    faults: list[str] = []
    for line, fields in _rows(data, what):
        try:
            start_s, energy = _parse_row(fields)
            if not until_s - KEPT_S <= start_s <= until_s - SETTLEMENT_INTERVAL_S:
                continue
            if (first := lines.setdefault(start_s, line)) != line:
                known.pop(start_s, None)
                raise InputError(f"line {first} has the same start; neither is used")
            known[start_s] = energy
        except InputError as error:
            faults.append(f"{what}, line {line}: {error}")
    end_s = max(known, default=until_s - SETTLEMENT_INTERVAL_S) + SETTLEMENT_INTERVAL_S
    faults += _fill(known, what=what)
    energies = np.array([known[at] for at in sorted(known)], np.int64).reshape(-1, 2)
    return History(end_s, energies[:, 0], energies[:, 1], tuple(faults))


def _fill(known: dict[int, _Energy], *, what: str) -> Iterator[str]:
    span = range(min(known, default=0), max(known, default=0), SETTLEMENT_INTERVAL_S)
    missing = [at for at in span if at not in known]
    for at in missing:
        known[at] = known.get(at - _DAY_S, (0, 0))
    if missing:
        first = format_utc(utc_from_s(missing[0]))
        yield f"{what}: {len(missing)} intervals from {first} on are missing; the day before stands"


def _rows(data: bytes, what: str) -> Iterator[tuple[int, list[str]]]:
    try:
        reader = csv.reader(data.decode("utf-8-sig").splitlines(), strict=True)
        if (header := next(reader, [])) != COLUMNS:
            raise InputError(f"{what} begins with {','.join(header)!r}, not {','.join(COLUMNS)!r}")
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{what} is not comma-separated UTF-8 text: {error}") from None


def _parse_row(fields: list[str]) -> tuple[int, _Energy]:
    if len(fields) != len(COLUMNS):
        raise InputError(f"{len(fields)} fields instead of {len(COLUMNS)}")
    for name, text in zip(COLUMNS, fields, strict=True):
        if not _WHOLE.fullmatch(text):
            raise InputError(f"{name} is {text!r}, not a whole number from 0")
    start_s, load_wh, solar_wh = (int(text) for text in fields)
    limit_wh = energy_limit_wh(Interval(start_s, SETTLEMENT_INTERVAL_S))
    if max(load_wh, solar_wh) > limit_wh:
        raise InputError(f"more than {limit_wh} Wh, the most a home can move in 15 minutes")
    return start_s, (load_wh, solar_wh)
