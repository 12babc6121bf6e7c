"""A box's meter and devices as files of its folder, for whatever driver the home has.

`meter.csv` grows by a row a quarter hour, in any format of meter files. `devices.json` is what a
driver says of the devices; `told.json` is what the agent tells them to do in the interval that has
begun. Whoever writes a file puts it in place whole, or appends whole lines.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gridplus.agent.meter_file import FileMeter
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError, invariant
from gridplus.files import read_file, write_file
from gridplus.meter import IntervalRead
from gridplus.planner import UWH_PER_WH, Energies, Home, Rule, State, usual_stays
from gridplus.tariff import Fields
from gridplus.units import Interval

METER_FILE: Final = "meter.csv"
DEVICES_FILE: Final = "devices.json"
TOLD_FILE: Final = "told.json"
TOLD_FORMAT: Final = "gridplus.told/1"
_DEVICES_LIMIT: Final = 10_000
_MOST_WH: Final = 1_000_000


class BoxDevices:
    """See `devices.HomeDevices`. `zone` is that of the home's habits."""

    def __init__(self, folder: Path, home: Home, *, zone: str, meter: Path | None = None) -> None:
        self.meter_path = meter or folder / METER_FILE
        self._folder = folder
        self._home = home
        self._zone = zone
        self._seen: tuple[int, int] | None = None
        self._meter: FileMeter | None = None
        self._rule: Rule | None = None
        self._wanted_wh: Mapping[str, int] = {}

    def look(self, since: IntervalRead | None) -> FileMeter | None:
        """The meter's file if it says something new since the last look. Raises InputError,
        StorageError."""
        try:
            now = self.meter_path.stat()
        except FileNotFoundError:
            return None
        if (now.st_size, now.st_mtime_ns) == self._seen:
            return None
        whole, _, _begun = read_file(self.meter_path).rpartition(b"\n")
        self._seen = now.st_size, now.st_mtime_ns
        if not whole:
            return None
        self._meter = FileMeter([whole], what=str(self.meter_path), since=since)
        return self._meter

    @property
    def stored_uwh(self) -> int:
        return self._says("battery_wh") * UWH_PER_WH

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        if self._meter is None:
            raise InputError(f"{self.meter_path} says nothing yet")
        return self._meter.past(start_s, end_s)

    def follow(self, rule: Rule) -> None:
        self._rule = rule

    def read(self, start_s: int) -> IntervalRead:
        invariant(self._meter is not None, "a read is asked for once the meter has said it")
        return self._meter.read(start_s)  # type: ignore[union-attr]

    def standing(self, now_s: int, end_s: int) -> State:
        home = self._home
        stays = (
            ()
            if home.car is None
            else usual_stays(home.car, start_s=now_s, end_s=end_s, zone=self._zone)
        )
        return State(
            None if home.battery is None else self.stored_uwh,
            tuple(stay for stay in stays if stay.from_s >= now_s),
            water_wh=None if home.water is None else self._says("water_wh"),
            waiting=self._waiting(),
        )

    def _waiting(self) -> frozenset[str]:
        """The appliances that are loaded and have not run yet."""
        if not self._home.appliances:
            return frozenset()
        fields = self._fields()
        if not fields.has("waiting"):
            return frozenset()
        return frozenset(fields.texts("waiting", limit=len(self._home.appliances)))

    def outdoor_mc(self, start_s: int) -> int:
        raise InputError("a box knows no weather: its heat pump is left to its thermostat")

    def run(self, wanted_wh: Mapping[str, int]) -> None:
        self._wanted_wh = wanted_wh

    def tell(self, interval: Interval, *, why: Mapping[str, str]) -> None:
        """Put down what was decided for `interval`. Raises StorageError."""
        rule, wanted_wh = self._rule, self._wanted_wh
        self._rule, self._wanted_wh = None, {}
        told: dict[str, Document] = {
            "format": TOLD_FORMAT,
            "start_s": interval.start_s,
            "length_s": interval.length_s,
            "take_wh": {**wanted_wh},
            "why": {**why},
        }
        if rule is not None:
            told["battery_uwh"] = {name: getattr(rule, name) for name in rule._fields}
        write_file(self._folder / TOLD_FILE, canonical_json(told) + b"\n")

    def _says(self, field: str) -> int:
        return self._fields().integer(field, high=_MOST_WH)

    def _fields(self) -> Fields:
        path = self._folder / DEVICES_FILE
        if not path.exists():
            raise InputError(f"{path} is not there: nothing is known of the devices")
        document = parse_document(read_file(path), limit=_DEVICES_LIMIT, what=str(path))
        return Fields({"devices": document}, str(path)).object("devices")
