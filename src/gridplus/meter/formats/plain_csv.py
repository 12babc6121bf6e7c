"""Plain CSV, ours or anybody's with a mapping: a row an interval, import and perhaps export.

    meter,interval_start_utc,seconds,import_wh,export_wh,quality
    home,2022-03-01T06:00Z,900,145,0,ACTUAL

Times carry their zone, or the mapping names the zone of local times: the hour that the clocks
repeat is then told by the order of its rows, and the hour that they skip has no row, or an empty or
a zero one. A row of a local day lasts to the next local midnight.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice, pairwise
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.meter.file import MeterFile
from gridplus.meter.formats.mapping import Amount, CsvMapping, plain_mapping
from gridplus.meter.formats.options import Options
from gridplus.meter.gather import Gathered, parse_uwh, parse_zone
from gridplus.meter.metered import LONGEST_S, Direction, Quality, Source
from gridplus.rows import Row, parse_table
from gridplus.units import HOUR_S, SETTLEMENT_INTERVAL_S, parse_utc_s, require_utc

_ROWS_TO_LEARN_FROM = 1_000
_SHORTEST_DAY_S = 23 * HOUR_S


def parse_plain_csv(pieces: Iterable[bytes], *, what: str, options: Options) -> MeterFile:
    """Every meter's reads. Raises InputError when the file is no such table or no row is good."""
    delimiter = "," if options.mapping is None else options.mapping.delimiter
    header, rows = parse_table(pieces, what=what, delimiter=delimiter)
    mapping = options.mapping or plain_mapping(header, what=what)
    missing = [name for name in mapping.columns if header.count(name) != 1]
    if missing:
        raise InputError(
            f"{what} needs one column {', '.join(missing)}; its columns are {', '.join(header)}"
        )
    table = _Table(header, mapping, gathered=Gathered(what), options=options)
    for line, fields in table.learn(rows):
        try:
            table.take(line, fields)
        except InputError as error:
            table.gathered.problems.add(line, str(error))
    table.gathered.note(
        table.skipped, "rows are of the hour that the clocks skip, and hold nothing"
    )
    return table.gathered.finish("csv", source=Source.TDSP, zone=table.zone)


class _Table:
    def __init__(
        self, header: list[str], mapping: CsvMapping, *, gathered: Gathered, options: Options
    ) -> None:
        self.gathered = gathered
        self.skipped = 0
        self.zone = parse_zone(options.zone or mapping.zone or "UTC")
        self._local = options.zone is not None or mapping.zone is not None
        self._mapping = mapping
        self._width = len(header)
        self._place = {name: header.index(name) for name in mapping.columns}
        self._meter = options.meter or "meter"
        self._length_s = mapping.length_s
        self._seen: Counter[tuple[str, datetime]] = Counter()

    def learn(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The same rows, once the first thousand have told their length, if nothing else does."""
        if self._length_s is not None or self._mapping.length is not None:
            return rows
        head = list(islice(rows, _ROWS_TO_LEARN_FROM))
        starts: set[int] = set()
        for _, fields in head:
            try:
                at_s = self._time_s(fields, "")
                starts |= set() if at_s is None else {at_s}
            except (InputError, IndexError):
                continue
        self._seen.clear()
        distances = Counter(b - a for a, b in pairwise(sorted(starts)))
        if distances:
            self._length_s = min(distances, key=lambda length: (-distances[length], length))
        else:
            self._length_s = SETTLEMENT_INTERVAL_S if starts and min(starts) % HOUR_S else HOUR_S
        return chain(head, rows)

    def take(self, line: int, fields: list[str]) -> None:
        """Raises InputError with the reason for a bad row."""
        if len(fields) != self._width:
            raise InputError(f"{len(fields)} fields instead of {self._width}")
        mapping = self._mapping
        meter = self._meter if mapping.meter is None else fields[self._place[mapping.meter]]
        at_s = self._time_s(fields, meter)
        if at_s is None:
            if any(fields[self._place[a.column]].strip("0.,") for a in self._amounts()):
                raise InputError("the clocks skip this hour, yet it has a value")
            self.skipped += 1
            return
        start_s, length_s = self._stretch(at_s, fields)
        quality = self._quality(fields)
        energies = [
            parse_uwh(
                fields[self._place[amount.column]].replace(mapping.decimal, "."),
                amount.uwh_per_unit(length_s),
            )
            for amount in self._amounts()
        ]
        for direction, energy_uwh in zip(Direction, energies, strict=False):
            self.gathered.rows(meter, direction).extend(
                (start_s, length_s, energy_uwh, quality, 0, line)
            )

    def _amounts(self) -> list[Amount]:
        amounts = (self._mapping.imported, self._mapping.exported)
        return [amount for amount in amounts if amount is not None]

    def _quality(self, fields: list[str]) -> Quality:
        if self._mapping.quality is None:
            return Quality.ACTUAL
        word = fields[self._place[self._mapping.quality]]
        quality = self._mapping.qualities.get(word)
        if quality is None:
            raise InputError(f"{word[:40]!r} is no quality that is known here")
        return quality

    def _stretch(self, at_s: int, fields: list[str]) -> tuple[int, int]:
        """(start_s, length_s) of a row that is named by the instant `at_s`."""
        length_s = self._length_s or 0
        if self._mapping.length is not None:
            text = fields[self._place[self._mapping.length]]
            if not (text.isascii() and text.isdigit() and len(text) <= 6):
                raise InputError(f"{text[:40]!r} is not a length in seconds")
            length_s = int(text)
        elif _SHORTEST_DAY_S <= length_s <= LONGEST_S:
            return _local_day(at_s, self.zone, at_end=self._mapping.at_end)
        start_s = at_s - length_s if self._mapping.at_end else at_s
        grid_s = min(length_s, SETTLEMENT_INTERVAL_S)
        if length_s <= 0 or length_s % 60 or start_s % grid_s:
            raise InputError(f"the start is not on the grid of {grid_s} s")
        return start_s, length_s

    def _time_s(self, fields: list[str], meter: str) -> int | None:
        """The instant that names a row; None in the hour that the clocks skip."""
        text, pattern = fields[self._place[self._mapping.time]], self._mapping.time_format
        if pattern is None and not self._local:
            return parse_utc_s(text)
        moment = _parse_time(text, pattern)
        if moment.tzinfo is not None or not self._local:
            return int(require_utc(moment).timestamp())
        first_s, second_s = _instants(moment, self.zone)
        if first_s > second_s:
            return None
        if first_s < second_s:
            self._seen[meter, moment] += 1
        return second_s if self._seen[meter, moment] > 1 else first_s


def _parse_time(text: str, pattern: str | None) -> datetime:
    try:
        if pattern is None:
            moment = datetime.fromisoformat(text)
        else:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - its zone follows
    except ValueError:
        shown = pattern or "2022-03-01T06:00Z"
        raise InputError(f"{text[:40]!r} is not a time like {shown}") from None
    if moment.microsecond:
        raise InputError(f"{text[:40]} is not a whole second")
    return moment


def _instants(wall: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """A local time as the first and the second instant that it may be; the first is the later one
    when the clocks skip it."""
    try:
        first, second = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    except (ValueError, OverflowError):
        raise InputError(f"{wall} is no instant of {zone}") from None
    return int(first), int(second)


@lru_cache(maxsize=4_096)
def _local_day(at_s: int, zone: ZoneInfo, *, at_end: bool) -> tuple[int, int]:
    """(start_s, length_s) of the local day that begins, or ends, at `at_s`."""
    wall = datetime.fromtimestamp(at_s, zone)
    if wall.hour or wall.minute or wall.second:
        raise InputError(f"a day begins at local midnight, not at {wall:%H:%M}")
    day = wall.date() - timedelta(1) if at_end else wall.date()
    start_s, end_s = (_midnight_s(d, zone) for d in (day, day + timedelta(1)))
    return start_s, end_s - start_s


def _midnight_s(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
