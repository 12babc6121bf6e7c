"""Plain meter CSV: a row per hour or quarter hour, named by its UTC start.

    interval_start_utc,import_kwh,export_kwh
    2022-03-01T06:00Z,0.145,0

Import is `import_kwh`, `import_wh`, `kwh` or `wh`; export, where there is any, is `export_kwh` or
`export_wh`. Starts carry their zone (Z or an offset). A bad row is reported with file, line and
reason and left out; the good rows go on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gridplus.failures import InputError
from gridplus.meter.read import energy_limit_wh
from gridplus.meter.split import QUARTERS, split_hour
from gridplus.rows import parse_table
from gridplus.units import HOUR_S, SETTLEMENT_INTERVAL_S, Interval, parse_utc_s

START_COLUMN = "interval_start_utc"
IMPORT_COLUMNS = {"import_kwh": 1_000, "import_wh": 1, "kwh": 1_000, "wh": 1}
EXPORT_COLUMNS = {"export_kwh": 1_000, "export_wh": 1}
"""Column name -> Wh in one of its unit."""
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_Energy = tuple[int, int, int]
"""Line, Wh imported, Wh exported."""


@dataclass(frozen=True, slots=True)
class IntervalEnergy:
    """What a meter counted in one interval, Wh each way."""

    interval: Interval
    import_wh: int
    export_wh: int

    def quarters(self) -> tuple["IntervalEnergy", ...]:
        """The settlement intervals of an hour, by largest remainder; a quarter hour is itself."""
        if self.interval.length_s == SETTLEMENT_INTERVAL_S:
            return (self,)
        parts = self.interval.split(QUARTERS)
        shares = zip(parts, split_hour(self.import_wh), split_hour(self.export_wh), strict=True)
        return tuple(IntervalEnergy(*share) for share in shares)


@dataclass(frozen=True, slots=True)
class MeterFile:
    """The good rows in order of time, and 'file, line: reason' for the others in file order."""

    energies: tuple[IntervalEnergy, ...]
    faults: tuple[str, ...]


def parse_meter_csv(data: bytes, *, what: str) -> MeterFile:
    """Hours, or quarter hours when any row starts off the hour.

    Raises InputError when the file is no such table or no row is good.
    """
    header, rows = parse_table(data, what=what)
    columns = _columns(header, what)
    found: dict[int, _Energy] = {}
    faults: dict[int, str] = {}
    for line, fields in rows:
        try:
            start_s, import_wh, export_wh = columns.parse(fields)
            first_line = found.setdefault(start_s, (line, import_wh, export_wh))[0]
            if first_line != line:
                faults[first_line] = f"line {line} has the same start; neither is used"
                raise InputError(f"line {first_line} has the same start; neither is used")
        except InputError as error:
            faults[line] = str(error)
    length_s = HOUR_S if all(start_s % HOUR_S == 0 for start_s in found) else SETTLEMENT_INTERVAL_S
    energies = list(_energies(found, faults, length_s=length_s))
    reported = tuple(f"{what}, line {line}: {faults[line]}" for line in sorted(faults))
    if not energies:
        raise InputError(f"{what} has no good row" + "".join(f"; {why}" for why in reported[:1]))
    return MeterFile(tuple(energies), reported)


def _energies(
    found: dict[int, _Energy], faults: dict[int, str], *, length_s: int
) -> Iterator[IntervalEnergy]:
    """The rows that fit their interval; the others are added to `faults`."""
    for start_s, (line, import_wh, export_wh) in sorted(found.items()):
        if line in faults:
            continue
        if start_s % length_s:
            faults[line] = "the start is not on a quarter hour"
            continue
        interval = Interval(start_s, length_s)
        limit_wh = energy_limit_wh(interval)
        if max(import_wh, export_wh) > limit_wh:
            faults[line] = f"more than {limit_wh} Wh, the most a home can move in {length_s} s"
            continue
        yield IntervalEnergy(interval, import_wh, export_wh)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a header puts what: (place, Wh in one of its unit)."""

    names: list[str]
    start_place: int
    imported: tuple[int, int]
    exported: tuple[int, int] | None

    def parse(self, fields: list[str]) -> _Energy:
        """Start second, Wh imported, Wh exported. Raises InputError with the reason."""
        if len(fields) != len(self.names):
            raise InputError(f"{len(fields)} fields instead of {len(self.names)}")
        start_s = parse_utc_s(fields[self.start_place])
        import_wh = _parse_wh(fields[self.imported[0]], self.imported[1])
        exported = self.exported
        return start_s, import_wh, _parse_wh(fields[exported[0]], exported[1]) if exported else 0


def _columns(names: list[str], what: str) -> _Columns:
    starts = [place for place, name in enumerate(names) if name == START_COLUMN]
    imports = [(i, IMPORT_COLUMNS[name]) for i, name in enumerate(names) if name in IMPORT_COLUMNS]
    exports = [(i, EXPORT_COLUMNS[name]) for i, name in enumerate(names) if name in EXPORT_COLUMNS]
    if len(starts) != 1 or len(imports) != 1 or len(exports) > 1:
        raise InputError(
            f"{what} needs a column {START_COLUMN}, one of {', '.join(IMPORT_COLUMNS)}, and at "
            f"most one of {', '.join(EXPORT_COLUMNS)}; its columns are {', '.join(names)}"
        )
    return _Columns(names, starts[0], imports[0], exports[0] if exports else None)


def _parse_wh(text: str, wh_per_unit: int) -> int:
    if not _DECIMAL.fullmatch(text):
        raise InputError(f"{text!r} is not an amount of energy, a decimal number from 0")
    energy_wh = Decimal(text) * wh_per_unit
    if energy_wh != int(energy_wh):
        raise InputError(f"{text} is not a whole number of Wh")
    return int(energy_wh)
