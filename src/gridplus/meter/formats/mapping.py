"""Which column of a CSV means what: a small TOML file, or the names of our own plain CSV.

[start]                         # or [end], when rows are named by the end of their interval
column = "local_start"
format = "%Y-%m-%d %H:%M:%S"    # as strptime; without it ISO 8601
zone = "Australia/Sydney"       # for times without an offset
[import]
column = "GC_kw"
unit = "kW"                     # Wh, kWh, MWh, or mean power in W, kW
[export]
column = "GG_kw"
unit = "kW"
[quality]
column = "status"
actual = ["A"]
estimated = ["E"]
[table]
minutes = 30                    # without it, the commonest distance of two rows
meter = "nmi"                   # the column that names the meter
delimiter = ";"
decimal = ","
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gridplus.failures import InputError
from gridplus.meter.gather import UWH_PER, parse_zone
from gridplus.meter.metered import Quality
from gridplus.units import DAY_S, HOUR_S

MAPPING_LIMIT = 16_384
POWER_UNITS = {"W": UWH_PER["Wh"], "kW": UWH_PER["kWh"]}
"""µWh in an hour of one of each unit of power."""
UNITS = (*UWH_PER, *POWER_UNITS)
_TABLES = {
    "start": {"column", "format", "zone"},
    "end": {"column", "format", "zone"},
    "import": {"column", "unit"},
    "export": {"column", "unit"},
    "quality": {"column", "actual", "estimated", "edited"},
    "table": {"minutes", "meter", "delimiter", "decimal"},
}
_PLAIN = {"wh": "Wh", "kwh": "kWh"}


@dataclass(frozen=True, slots=True)
class Amount:
    """A column of energy or mean power."""

    column: str
    unit: str

    def uwh_per_unit(self, length_s: int) -> int:
        """µWh in one of the unit over `length_s`, which is a multiple of 60 s."""
        if self.unit in UWH_PER:
            return UWH_PER[self.unit]
        return POWER_UNITS[self.unit] * length_s // HOUR_S


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """What each column means. `length_s` None is learned from the rows, unless `length` names a
    column of seconds; `at_end` says that rows are named by the end of their interval."""

    time: str
    imported: Amount
    exported: Amount | None = None
    time_format: str | None = None
    zone: str | None = None
    at_end: bool = False
    length_s: int | None = None
    length: str | None = None
    meter: str | None = None
    quality: str | None = None
    qualities: Mapping[str, Quality] = field(default_factory=dict)
    delimiter: str = ","
    decimal: str = "."

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it names."""
        amounts = [amount.column for amount in (self.imported, self.exported) if amount]
        others = (self.time, self.length, self.meter, self.quality)
        return (*amounts, *(name for name in others if name is not None))


def plain_mapping(header: list[str], *, what: str) -> CsvMapping:
    """The mapping of our own CSV: `interval_start_utc`; one of import_kwh, import_wh, kwh, wh; and,
    where they are, export_kwh or export_wh, seconds, meter, quality.

    Raises InputError when a column is missing or two could be meant.
    """
    imports = [n for n in header if n in ("import_kwh", "import_wh", *_PLAIN)]
    exports = [n for n in header if n in ("export_kwh", "export_wh")]
    if "interval_start_utc" not in header or len(imports) != 1 or len(exports) > 1:
        raise InputError(
            f"{what} needs a column interval_start_utc, one of import_kwh, import_wh, kwh, wh, and "
            f"at most one of export_kwh, export_wh; its columns are {', '.join(header)[:200]}. "
            "For other columns write a mapping file"
        )
    return CsvMapping(
        time="interval_start_utc",
        imported=_plain_amount(imports[0]),
        exported=_plain_amount(exports[0]) if exports else None,
        length="seconds" if "seconds" in header else None,
        meter="meter" if "meter" in header else None,
        quality="quality" if "quality" in header else None,
        qualities={quality.name: quality for quality in Quality},
    )


def _plain_amount(column: str) -> Amount:
    return Amount(column, _PLAIN[column.rpartition("_")[2]])


def parse_mapping(data: bytes, *, what: str) -> CsvMapping:
    """Raises InputError that names the entry which is missing, unknown or wrong."""
    if len(data) > MAPPING_LIMIT:
        raise InputError(f"{what} has {len(data)} bytes; at most {MAPPING_LIMIT} are accepted")
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is not TOML: {error}") from None
    tables = _Tables(what, document)
    if ("start" in document) == ("end" in document):
        raise InputError(f"{what} needs one of [start] and [end]")
    time = "start" if "start" in document else "end"
    minutes = tables.integer("table", "minutes")
    zone = tables.text_or_none(time, "zone")
    if zone is not None:
        parse_zone(zone)
    return CsvMapping(
        time=tables.text(time, "column"),
        imported=tables.amount("import"),
        exported=tables.amount("export") if "export" in document else None,
        time_format=tables.text_or_none(time, "format"),
        zone=zone,
        at_end=time == "end",
        length_s=None if minutes is None else 60 * minutes,
        meter=tables.text_or_none("table", "meter"),
        quality=tables.text("quality", "column") if "quality" in document else None,
        qualities=tables.qualities(),
        delimiter=tables.character("delimiter", ","),
        decimal=tables.character("decimal", "."),
    )


class _Tables:
    """The tables of a mapping file, each value checked as it is taken."""

    def __init__(self, what: str, document: dict[str, Any]) -> None:
        self._what = what
        self._document = document
        for name, table in document.items():
            if name not in _TABLES or not isinstance(table, dict):
                raise InputError(f"{what}: [{name}] is none of {', '.join(_TABLES)}")
            for key in table:
                if key not in _TABLES[name]:
                    raise InputError(f"{what}: [{name}] {key} is none of {sorted(_TABLES[name])}")

    def _value(self, table: str, key: str) -> object:
        return self._document.get(table, {}).get(key)

    def text_or_none(self, table: str, key: str) -> str | None:
        value = self._value(table, key)
        if value is not None and not (isinstance(value, str) and value):
            raise InputError(f"{self._what}: [{table}] {key} is not a text")
        return value

    def text(self, table: str, key: str) -> str:
        value = self.text_or_none(table, key)
        if value is None:
            raise InputError(f"{self._what}: [{table}] needs {key}")
        return value

    def character(self, key: str, default: str) -> str:
        value = self.text_or_none("table", key) or default
        if len(value) != 1 or not value.isascii() or value in '"\r\n':
            raise InputError(f"{self._what}: [table] {key} is one character")
        return value

    def integer(self, table: str, key: str) -> int | None:
        value = self._value(table, key)
        if value is None:
            return None
        if not isinstance(value, int) or not 1 <= value <= DAY_S // 60:
            raise InputError(f"{self._what}: [{table}] {key} is 1 to 1440")
        return value

    def amount(self, table: str) -> Amount:
        unit = self.text(table, "unit")
        if unit not in UNITS:
            raise InputError(f"{self._what}: [{table}] unit {unit!r} is none of {', '.join(UNITS)}")
        return Amount(self.text(table, "column"), unit)

    def qualities(self) -> dict[str, Quality]:
        found: dict[str, Quality] = {}
        for quality in Quality:
            words = self._value("quality", quality.name.lower())
            for word in words if isinstance(words, list) else []:
                found[str(word)] = quality
        return found
