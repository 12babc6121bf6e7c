"""`gridplus plan --home`: files -> what is ahead of a home, and its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from gridplus.cli.records import PriceBook
from gridplus.cli.series import DEGREES, ENERGY, Series, parse_decimal, read_series
from gridplus.failures import InputError
from gridplus.market.formats.price_csv import parse_price_csv
from gridplus.planner import (
    UWH_PER_WH,
    Ahead,
    Home,
    HomePlan,
    State,
    Stay,
    Terms,
    forecast_net_load,
    parse_home,
    plan_billed,
    plan_home,
    plan_safely,
    priced,
    usual_stays,
)
from gridplus.rows import parse_table
from gridplus.tariff import Plan as TariffPlan
from gridplus.tariff import parse_plan
from gridplus.tariff.moment import local_day
from gridplus.units import (
    DAY_S,
    HOUR_S,
    PPM,
    SETTLEMENT_INTERVAL_S,
    format_utc,
    parse_utc_s,
    utc_from_s,
)

MAX_BYTES = 64_000_000
LOAD_DAYS = 29
T = TypeVar("T")
NOW = ("battery_wh", "car_wh", "indoor_c", "water_wh")
MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Files:
    """What the command was given."""

    home: Path
    load: Path
    prices: Path | None = None
    solar: Path | None = None
    weather: Path | None = None
    terms: Path | None = None
    zone: str = "America/Chicago"
    begins: str | None = None
    hours: int = 24
    now: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A home's plan with what it was made from. `safe` is what the same home does without a plan;
    `billed_ubolt` are charges and credits where a tariff plan was given; `faults` say what was left
    out of the files."""

    home: Home
    ahead: Ahead
    plan: HomePlan
    safe: HomePlan
    billed_ubolt: tuple[int, int] | None
    faults: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """The intervals' local times; with the day when there are several."""
        zone, ahead = ZoneInfo(self.ahead.zone), self.ahead
        starts = [datetime.fromtimestamp(ahead.start_of(i), zone) for i in range(ahead.count)]
        several = len({start.date() for start in starts}) > 1
        return [f"{start:%a %H:%M}" if several else f"{start:%H:%M}" for start in starts]


def plan_from_files(files: Files) -> Planned:
    """Raises InputError for what is missing, absurd or contradictory, with file and place."""
    home = parse_home(_bytes(files.home), what=str(files.home))
    reading = _Reading(files)
    try:
        ahead = reading.ahead()
    except InputError as error:
        told = [*reading.faults[:MOST_FAULTS], str(error)]  # a hole is where a row was bad
        raise InputError("\n".join(told)) from None
    state = state_now(home, ahead, said=files.now)
    billed = None
    if reading.tariff is None:
        plan = plan_home(home, ahead, state=state)
    else:
        terms = reading.terms(reading.tariff, ahead)
        ahead = priced(ahead, terms)
        found = plan_billed(home, ahead, terms=terms, state=state)
        plan, billed = found.plan, (found.charged_ubolt, found.credited_ubolt)
    safe = plan_safely(home, ahead, state=state)
    return Planned(home, ahead, plan, safe, billed, tuple(reading.faults))


class _Reading:
    """The files, read; `faults` are their bad rows."""

    def __init__(self, files: Files) -> None:
        self._files, self.faults = files, list[str]()
        terms = files.terms
        self.tariff = None if terms is None else parse_plan(_bytes(terms), what=str(terms))
        self._load_wh = self._energies(files.load)
        self._solar_wh = {} if files.solar is None else self._energies(files.solar)

    def ahead(self) -> Ahead:
        """The horizon; at a tariff plan's prices only once `priced`."""
        files, tariff = self._files, self.tariff
        prices = {} if tariff is not None else self._prices()
        first_s = min(prices or self._load_wh)
        if files.begins is not None:
            first_s = parse_utc_s(files.begins)
        starts = range(first_s, first_s + files.hours * HOUR_S, SETTLEMENT_INTERVAL_S)
        load_wh, solar_wh = self._expected(starts)
        known = [(0, 0)] * len(starts) if tariff else _all(prices, starts, what="prices")
        zone = files.zone if tariff is None else tariff.time_zone
        return Ahead(first_s, zone, known, load_wh, solar_wh, self._outdoor_mc(starts))

    def terms(self, tariff: TariffPlan, ahead: Ahead) -> Terms:
        """The tariff plan with the prices of every day of the horizon."""
        if tariff.index is None:
            return Terms(tariff)
        book = PriceBook(() if self._files.prices is None else (self._files.prices,))
        starts = (ahead.start_of(i) for i in range(ahead.count))
        versions = []
        for day in sorted({local_day(tariff.time_zone, start_s) for start_s in starts}):
            version = book.version(tariff, day)
            if version is None:
                where = f"{tariff.settlement_point} {tariff.index.market}"
                raise InputError(f"no {where} prices of {day}{book.reason(tariff, day)}")
            versions.append(version)
        return Terms(tariff, versions)

    def _prices(self) -> dict[int, tuple[int, int]]:
        """(import, export) in aBOLT per Wh by start; a file without an export column pays none."""
        path = self._files.prices
        if path is None:
            raise InputError("give --prices, or a --plan that needs none")
        data, what = _bytes(path), str(path)
        taken = self._price_column(data, "import", what=what)
        header, _ = parse_table(data, what=what)
        fed: dict[int, int] = {}
        if any("export" in name.lower().split() for name in header):
            fed = self._price_column(data, "export", what=what)
            taken = {at: price for at, price in taken.items() if at in fed}
        return {at: (price * PPM, fed.get(at, 0) * PPM) for at, price in taken.items()}

    def _price_column(self, data: bytes, name: str, *, what: str) -> dict[int, int]:
        """µBOLT/MWh by the start of each quarter hour."""
        found = parse_price_csv(data, what=what, settlement_point=name)
        self.faults += found.faults
        return Series(what, found.step_s, found.prices, ()).held(SETTLEMENT_INTERVAL_S)

    def _energies(self, path: Path) -> dict[int, int]:
        series = read_series(_bytes(path), ENERGY, what=str(path))
        self.faults += series.faults
        return series.shared(SETTLEMENT_INTERVAL_S)

    def _outdoor_mc(self, starts: Sequence[int]) -> Sequence[int]:
        path = self._files.weather
        if path is None:
            return ()
        series = read_series(_bytes(path), DEGREES, what=str(path))
        self.faults += series.faults
        return _all(series.held(SETTLEMENT_INTERVAL_S), starts, what=str(path))

    def _expected(self, starts: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
        """Load and solar as the files have them; forecast where the load's file ends before."""
        what, none = str(self._files.load), dict.fromkeys(starts, 0)
        if starts[0] in self._load_wh or starts[0] - SETTLEMENT_INTERVAL_S not in self._load_wh:
            solar_wh = self._solar_wh or none
            sunny = _all(solar_wh, starts, what=str(self._files.solar))
            return _all(self._load_wh, starts, what=what), sunny
        past = range(starts[0] - LOAD_DAYS * DAY_S, starts[0], SETTLEMENT_INTERVAL_S)
        known = [at for at in past if at in self._load_wh]
        whole = range(known[0], starts[0], SETTLEMENT_INTERVAL_S)
        load_wh = np.array(_all(self._load_wh, whole, what=what), np.int64)
        sun_wh = np.array([self._solar_wh.get(at, 0) for at in whole], np.int64)
        net_wh = forecast_net_load(load_wh, sun_wh, count=len(starts))
        return [max(0, wh) for wh in net_wh], [max(0, -wh) for wh in net_wh]


def state_now(home: Home, ahead: Ahead, *, said: Sequence[str]) -> State:
    """Where the devices stand: as `said` ('indoor_c=21.5'), else the battery at its end-of-day
    charge, the house in the middle of what is comfortable, the tank half full, the car as usual.

    Raises InputError for what is not such a saying.
    """
    now: dict[str, int] = {}
    for text in said:
        name, equals, value = text.partition("=")
        if name not in NOW or not equals:
            raise InputError(f"--now {text}: write one of {', '.join(NOW)}, '=' and a number")
        now[name] = parse_decimal(value, 1_000 if name == "indoor_c" else 1, what=f"--now {text}")
    stays: tuple[Stay, ...] = ()
    if home.car is not None:
        stays = usual_stays(home.car, start_s=ahead.start_s, end_s=ahead.end_s, zone=ahead.zone)
        if "car_wh" in now and stays and stays[0].from_s <= ahead.start_s:
            stays = (replace(stays[0], stored_wh=now["car_wh"]), *stays[1:])
    indoor_mc = water_wh = None
    if home.climate is not None:
        band = home.climate.band_at(ahead.minutes[0]) or home.climate.bands[0]
        indoor_mc = now.get("indoor_c", (band.low_mc + band.high_mc) // 2)
    if home.water is not None:
        water_wh = now.get("water_wh", (home.water.least_wh + home.water.capacity_wh) // 2)
    stored_uwh = now.get("battery_wh", home.end_of_day_wh) * UWH_PER_WH
    return State(stored_uwh, stays, indoor_mc, water_wh)


def _all(known: Mapping[int, T], starts: Sequence[int], *, what: str) -> list[T]:
    """The value of every start. Raises InputError that names the first ones missing."""
    missing = [format_utc(utc_from_s(at)) for at in starts if at not in known]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{what}: nothing for {missing[0]}{more} of {len(starts)} quarter hours")
    return [known[at] for at in starts]


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} has more than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from None
