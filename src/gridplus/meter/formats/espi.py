"""Green Button (NAESB ESPI, Atom): what a feed's entries mean, as reads.

Start times are UTC, whatever the feed says of its clocks; its LocalTimeParameters tell where a
local day begins. Where series of one meter and direction cover the same time, the shortest interval
counts. Energy is uom 72 (Wh) times a power of ten; other units, other commodities and other flows
are passed over with a note. Net flow (direction 4) is import above zero and export below.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.meter.file import MeterFile, RegisterRead
from gridplus.meter.formats.espi_feed import ABSENT, Entry, parse_feed
from gridplus.meter.formats.local_time import NO_CHANGE, LocalTime, local_time_of, zone_of
from gridplus.meter.formats.options import Options
from gridplus.meter.gather import Gathered, parse_zone
from gridplus.meter.metered import Direction, Quality, Source
from gridplus.meter.series import UWH_PER_WH

WATT_HOURS = 72
ELECTRICITY = (0, 1, 2)
FORWARD, NET, REVERSE = 1, 4, 19
_REGISTERS = (1, 3)
"""AccumulationKind bulkQuantity and cumulative: where a register stands."""
_DELTAS = (0, 4)
_QUALITIES = {
    **dict.fromkeys((ABSENT, 0, 14, 17, 18, 19), Quality.ACTUAL),
    **dict.fromkeys((8, 9, 10, 11, 12, 13, 15, 16), Quality.ESTIMATED),
    7: Quality.EDITED,
}
"""QualityOfReading. What is questionable, derived, projected or mixed is no actual read."""


class Covered:
    """Stretches of time, and whether another one meets any of them."""

    def __init__(self) -> None:
        self._added: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, span: tuple[int, int]) -> None:
        """Any number of spans, in any order, before the next question."""
        self._added.append(span)

    def meets(self, start_s: int, end_s: int) -> bool:
        """Whether [start_s, end_s) overlaps a span that was added."""
        if self._added:
            self._merge()
        place = bisect_left(self._starts, end_s)
        return place > 0 and self._ends[place - 1] > start_s

    def _merge(self) -> None:
        spans = sorted([*zip(self._starts, self._ends, strict=True), *self._added])
        self._added, self._starts, self._ends = [], [], []
        for start_s, end_s in spans:
            if self._ends and start_s <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end_s)
            else:
                self._starts.append(start_s)
                self._ends.append(end_s)


@dataclass(frozen=True, slots=True)
class _Series:
    """The readings of one IntervalBlock entry and how to read them."""

    meter: str
    block: Entry
    direction: int
    register: bool
    length_s: int
    power: int
    quality: int

    @property
    def span(self) -> tuple[int, int]:
        """From the first start to the last end; (0, 0) for a block without readings."""
        starts, lengths_s = self.block.readings[0::5], self.block.readings[1::5]
        if not starts:
            return 0, 0
        longest_s = max(*lengths_s, self.length_s)
        return min(starts), max(starts) + max(longest_s, 0)


def parse_espi(pieces: Iterable[bytes], *, what: str, options: Options) -> MeterFile:
    """Every usage point's reads. Raises InputError when the bytes are no feed, when nothing in it
    is electricity by the interval, or when `options.zone` contradicts the feed's own clock."""
    gathered = Gathered(what)
    entries = parse_feed(pieces, gathered.problems)
    zone = _zone(entries, gathered, options=options)
    found = list(_series(entries, gathered, options=options))
    for series in found:
        if series.register:
            _take_registers(gathered, series)
    by_length = sorted((s for s in found if not s.register), key=lambda s: s.length_s)
    covered: dict[tuple[str, int], Covered] = {}
    coarse = 0
    for _, group in groupby(by_length, key=lambda s: s.length_s):
        of_length = list(group)
        for series in of_length:
            finer = covered.setdefault((series.meter, series.direction), Covered())
            coarse += _take_reads(gathered, series, finer=finer)
        for series in of_length:
            covered[series.meter, series.direction].add(series.span)
    gathered.note(coarse, "readings are passed over: finer ones of the same time are there")
    return gathered.finish("espi", source=Source.TDSP, zone=zone)


def _series(entries: list[Entry], gathered: Gathered, *, options: Options) -> Iterator[_Series]:
    """What each block holds; a block whose kind is not ours is noted."""
    feed = _Links(entries)
    passed: dict[str, int] = {}
    for place, block in enumerate(entries):
        if block.kind != "IntervalBlock":
            continue
        try:
            found = _read_type(feed.reading_type(place), feed.meter(place, options), block=block)
        except InputError as error:
            gathered.problems.add(block.line, str(error))
            continue
        if isinstance(found, str):
            passed[found] = passed.get(found, 0) + 1
        else:
            yield found
    for why, count in passed.items():
        gathered.note(count, f"blocks are passed over: {why}")


class _Links:
    """Which meter and which type a block belongs to: by its links, else by what stands before."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._by_href = {(e.kind, e.href): e for e in entries if e.href}
        self._before: list[dict[str, Entry]] = []
        last: dict[str, Entry] = {}
        for entry in entries:
            if entry.kind != "IntervalBlock":
                last = {**last, entry.kind: entry}
            self._before.append(last)
        self._last = last

    def meter(self, place: int, options: Options) -> str:
        """The usage point's own name, or the user's. Raises InputError for one of several."""
        points = {href for kind, href in self._by_href if kind == "UsagePoint"}
        reading = self._meter_reading(place)
        hrefs = [] if reading is None else [reading.href]
        hrefs += [self._entries[place].href, *self._entries[place].links.get("up", ())]
        for href in hrefs:
            _, found, after = href.partition("UsagePoint/")
            if found and after.partition("/")[0]:
                if options.meter and len(points) < 2:
                    return options.meter
                return after.partition("/")[0]
        if options.meter is None:
            return "meter"
        return options.meter

    def reading_type(self, place: int) -> Entry:
        """Raises InputError for a block without a ReadingType."""
        reading = self._meter_reading(place)
        related = [] if reading is None else reading.links.get("related", [])
        for href in related:
            found = self._by_href.get(("ReadingType", href))
            if found is not None:
                return found
        near = self._before[place].get("ReadingType") or self._last.get("ReadingType")
        if near is None:
            raise InputError("an IntervalBlock without a ReadingType: its unit is unknown")
        return near

    def _meter_reading(self, place: int) -> Entry | None:
        block = self._entries[place]
        for href in (block.href, *block.links.get("up", ())):
            parts = href.split("/")
            for end in range(len(parts), 0, -1):
                found = self._by_href.get(("MeterReading", "/".join(parts[:end])))
                if found is not None:
                    return found
        return self._before[place].get("MeterReading")


def _read_type(kind: Entry, meter: str, *, block: Entry) -> _Series | str:
    """How to read `block`, or why it is not ours."""
    uom = kind.integer("uom", WATT_HOURS)
    commodity = kind.integer("commodity", ELECTRICITY[1])
    direction = kind.integer("flowDirection", FORWARD)
    accumulation = kind.integer("accumulationBehaviour", _DELTAS[1])
    if uom != WATT_HOURS:
        return f"their unit (uom {uom}) is not Wh"
    if commodity not in ELECTRICITY:
        return f"their commodity ({commodity}) is not electricity"
    if direction not in (0, FORWARD, NET, REVERSE):
        return f"their flow direction ({direction}) is neither to nor from the home"
    if accumulation not in (*_REGISTERS, *_DELTAS):
        return f"their accumulation ({accumulation}) is neither an interval's nor a register's"
    power = kind.integer("powerOfTenMultiplier", 0)
    if abs(power) > 12:
        raise InputError(f"the power of ten {power} is none of ESPI's")
    length_s = kind.integer("intervalLength", ABSENT)
    quality = kind.integer("defaultQuality", ABSENT)
    register = accumulation in _REGISTERS
    return _Series(meter, block, direction or FORWARD, register, length_s, power, quality)


def _rows(series: _Series) -> Iterator[tuple[int, int, int, int, int]]:
    """(start_s, length_s, µWh, quality, line)."""
    flat = series.block.readings
    power = series.power + 6
    for place in range(0, len(flat), 5):
        start_s, length_s, value, quality, line = flat[place : place + 5]
        energy_uwh = value * 10**power if power >= 0 else _scaled(value, power)
        yield (
            start_s,
            series.length_s if length_s == ABSENT else length_s,
            max(min(energy_uwh, 10**18), -(10**18)),
            series.quality if quality == ABSENT else quality,
            line,
        )


def _take_reads(gathered: Gathered, series: _Series, *, finer: "Covered") -> int:
    """Gather the readings that nothing finer covers; returns how many are covered."""
    passed = 0
    sides = []
    if series.direction != REVERSE:
        sides.append((gathered.rows(series.meter, Direction.IMPORT), 1))
    if series.direction != FORWARD:
        sign = -1 if series.direction == NET else 1
        sides.append((gathered.rows(series.meter, Direction.EXPORT), sign))
    for start_s, length_s, energy_uwh, quality, line in _rows(series):
        if finer.meets(start_s, start_s + length_s):
            passed += 1
            continue
        known = _QUALITIES.get(quality)
        if known is None:
            gathered.problems.add(line, f"{quality} is no quality of ESPI")
            continue
        for rows, sign in sides:
            value = sign * energy_uwh
            value = max(value, 0) if series.direction == NET else value
            rows.extend((start_s, length_s, value, known, 0, line))
    return passed


def _take_registers(gathered: Gathered, series: _Series) -> None:
    direction = Direction.EXPORT if series.direction == REVERSE else Direction.IMPORT
    registers = gathered.registers.setdefault(series.meter, [])
    for start_s, _, energy_uwh, _, _ in _rows(series):
        registers.append(RegisterRead(start_s, direction, energy_uwh // UWH_PER_WH))


def _scaled(value: int, power: int) -> int:
    return int(Decimal(value).scaleb(power).to_integral_value(ROUND_HALF_UP))


def _zone(entries: list[Entry], gathered: Gathered, *, options: Options) -> ZoneInfo:
    said = next((entry for entry in entries if entry.kind == "LocalTimeParameters"), None)
    if said is None:
        if options.zone is None:
            gathered.notes.append(f"{gathered.what}: says nothing of its zone; days are UTC's")
        return parse_zone(options.zone or "UTC")
    local = LocalTime(
        said.integer("tzOffset", 0),
        said.integer("dstOffset", 0),
        _rule(said, "dstStartRule"),
        _rule(said, "dstEndRule"),
    )
    if local.dst_offset_s == 0 or NO_CHANGE in (local.dst_start, local.dst_end):
        local = LocalTime(local.offset_s)
    starts = (block.readings[0] for block in entries if block.readings)
    first_s = min(max(next(starts, 0), 0), 1 << 32)
    year = datetime.fromtimestamp(first_s, UTC).year
    if options.zone is None:
        return zone_of(local, year)
    zone = parse_zone(options.zone)
    if local_time_of(zone, year).offset_s != local.offset_s:
        raise InputError(
            f"{gathered.what} is of a zone {local.offset_s} s from UTC; {options.zone} is not"
        )
    return zone


def _rule(entry: Entry, name: str) -> int:
    text = entry.values.get(name, "FFFFFFFF")
    try:
        found = int(text, 16)
    except ValueError:
        found = -1
    if not 0 <= found <= NO_CHANGE:
        raise InputError(f"{name} {text[:20]!r} is not eight hexadecimal digits")
    return found
