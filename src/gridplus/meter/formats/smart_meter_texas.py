"""Smart Meter Texas, 15-minute interval data as CSV: what Texas' wires companies give a customer.

    ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,ESTIMATED_ACTUAL,...
    '10089000000000000,03/12/2022,03/13/2022 08:46:15,23:45,00:00,.138,A,Consumption

Labels are Central Prevailing Time. An ESIID may carry an apostrophe, fields may carry blanks, and
an end of 00:00 is the next day's. On the day the clocks go forward the skipped hour is absent or
stands with empty values; on the day they go back the repeated hour follows itself, and its first
row may say the start 02:00 with the end 01:15: there the end is right. A row of a later
REVISION_DATE replaces that of an earlier one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.meter.file import MeterFile
from gridplus.meter.formats.options import Options
from gridplus.meter.gather import UWH_PER, Gathered, Rows, parse_uwh, parse_zone
from gridplus.meter.metered import Direction, Quality, Source
from gridplus.rows import parse_table
from gridplus.units import DAY_S, SETTLEMENT_INTERVAL_S

COLUMNS = (
    "ESIID",
    "USAGE_DATE",
    "REVISION_DATE",
    "USAGE_START_TIME",
    "USAGE_END_TIME",
    "USAGE_KWH",
    "ESTIMATED_ACTUAL",
    "CONSUMPTION_SURPLUSGENERATION",
)
ZONE = "America/Chicago"
_QUALITIES = {"A": Quality.ACTUAL, "E": Quality.ESTIMATED}
_CHANNELS = {"consumption": Direction.IMPORT, "surplus generation": Direction.EXPORT}
_UWH_PER_KWH = UWH_PER["kWh"]
_Label = tuple[str, str]
_MINUTES = [f"{minute // 60 % 24:02}:{minute % 60:02}" for minute in range(0, 25 * 60, 15)]
_LABELS: tuple[_Label, ...] = tuple(pairwise(_MINUTES[:97]))


def parse_smart_meter_texas(pieces: Iterable[bytes], *, what: str, options: Options) -> MeterFile:
    """Every ESIID's reads. Raises InputError when the file is no such table or has no good row."""
    header, rows = parse_table(pieces, what=what)
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(f"{what} has no column {', '.join(missing)}; it has {', '.join(header)}")
    pick = itemgetter(*(header.index(name) for name in COLUMNS))
    table = _Table(Gathered(what), parse_zone(options.zone or ZONE))
    for line, fields in rows:
        try:
            if len(fields) != len(header):
                raise InputError(f"{len(fields)} fields instead of {len(header)}")
            table.take(line, pick(fields))
        except InputError as error:
            table.gathered.problems.add(line, str(error))
    table.gathered.note(table.skipped, "rows are of the hour that the clocks skip; they are empty")
    return table.gathered.finish("smt", source=Source.TDSP, zone=table.zone)


class _Table:
    """The rows taken so far."""

    def __init__(self, gathered: Gathered, zone: ZoneInfo) -> None:
        self.gathered = gathered
        self.zone = zone
        self.skipped = 0
        self._channels: dict[tuple[str, str], Rows] = {}
        self._seen: Counter[tuple[str, ...]] = Counter()

    def take(self, line: int, fields: tuple[str, ...]) -> None:
        """Raises InputError with the reason for a bad row."""
        esi_id, day, revision, start, end, kwh, quality, channel = fields
        starts = _starts(day, self.zone).get((start, end))
        if starts is None:
            raise InputError(f"{start!r} to {end!r} is no quarter hour of {day}")
        if not starts:
            if kwh:
                raise InputError(f"{day} has no {start}: the clocks skip it, yet it has a value")
            self.skipped += 1
            return
        start_s = starts[0]
        if len(starts) > 1:
            key = (esi_id, channel, day, revision, end)
            self._seen[key] += 1
            if self._seen[key] > len(starts):
                raise InputError(f"the quarter hour to {end} stands a third time")
            start_s = starts[self._seen[key] - 1]
        found = _QUALITIES.get(quality)
        energy_uwh = parse_uwh(kwh, _UWH_PER_KWH)
        if found is None:
            raise InputError(f"{quality!r} is neither A (actual) nor E (estimated)")
        self._rows(esi_id, channel).extend(
            (start_s, SETTLEMENT_INTERVAL_S, energy_uwh, found, _revised_s(revision), line)
        )

    def _rows(self, esi_id: str, channel: str) -> Rows:
        rows = self._channels.get((esi_id, channel))
        if rows is None:
            direction = _CHANNELS.get(channel.lower())
            if direction is None:
                raise InputError(f"{channel!r} is neither Consumption nor Surplus Generation")
            meter = esi_id.strip("' ")
            rows = self._channels[esi_id, channel] = self.gathered.rows(meter, direction)
        return rows


@lru_cache(maxsize=1_024)
def _starts(day: str, zone: ZoneInfo) -> Mapping[_Label, tuple[int, ...]]:
    """The labels of a day MM/DD/YYYY -> UTC start seconds: one, two of the repeated hour, none of
    the hour that the clocks skip."""
    try:
        midnight = datetime.strptime(day, "%m/%d/%Y").replace(tzinfo=zone)
        first_s = int(midnight.timestamp())
        length_s = int((midnight + timedelta(1)).timestamp()) - first_s
    except (ValueError, OverflowError):
        raise InputError(f"{day!r} is not a date MM/DD/YYYY") from None
    if length_s == DAY_S:
        starts = range(first_s, first_s + DAY_S, SETTLEMENT_INTERVAL_S)
        return {label: (start_s,) for label, start_s in zip(_LABELS, starts, strict=True)}
    return _starts_of_change(midnight)


def _starts_of_change(midnight: datetime) -> Mapping[_Label, tuple[int, ...]]:
    found: dict[_Label, tuple[int, ...]] = {}
    for place, label in enumerate(_LABELS):
        wall = midnight + timedelta(seconds=place * SETTLEMENT_INTERVAL_S)
        instants = {int(wall.replace(fold=fold).timestamp()): None for fold in (0, 1)}
        shown = {datetime.fromtimestamp(at_s, wall.tzinfo) for at_s in instants}
        skipped = {moment.replace(tzinfo=None) for moment in shown} != {wall.replace(tzinfo=None)}
        found[label] = () if skipped else tuple(instants)
    repeated = [label for label, starts in found.items() if len(starts) == 2]
    if repeated:
        resumed = repeated[-1][1]
        found[resumed, repeated[0][1]] = found[repeated[0]]
    return found


@lru_cache(maxsize=4_096)
def _revised_s(text: str) -> int:
    """03/13/2022 08:46:15 -> a number that grows with the revision."""
    try:
        moment = datetime.strptime(text, "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise InputError(f"{text!r} is not a revision MM/DD/YYYY hh:mm:ss") from None
    return int(moment.timestamp())
