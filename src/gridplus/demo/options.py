"""What a run of the demo is asked for, and the values of its street."""

import tomllib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from gridplus.demo.street_data import (
    SETTLEMENT_POINT,
    HomeSeries,
    home_from_file,
    home_numbers,
    home_series,
    real_time_prices,
    require_days,
)
from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_bounds
from gridplus.signals import BrokerPlace
from gridplus.units import UBOLT_PER_BOLT

PAST_DAYS = 30
"""How far a forecast looks back, and a day."""


@dataclass(frozen=True)
class DemoOptions:
    """Raises InputError for days without data and for homes that do not exist.

    `rtm` and `meter` are files of the user: real-time prices, and the reads of the first home.
    With `restate` the first day's prices are corrected once it is closed. `broker` is an MQTT
    broker over which homes hear of events; without one they poll.
    """

    first_day: date
    days: int
    homes: int
    seed: int
    fast: bool
    out: Path
    rtm: Path | None = None
    rtm_point: str | None = None
    meter: Path | None = None
    restate: bool = False
    broker: str | None = None

    def __post_init__(self) -> None:
        require_days(self.first_day, self.days)
        if not 1 <= self.homes <= len(home_numbers()):
            raise InputError(f"--homes is from 1 to {len(home_numbers())}, not {self.homes}")
        if not 0 <= self.seed < 1 << 63:
            raise InputError(f"--seed is a whole number from 0, not {self.seed}")
        if self.restate and self.days < 2:
            raise InputError(
                "--restate corrects the first day's bills on the second: add --days 2 or more"
            )
        if self.broker is not None:
            BrokerPlace.parse(self.broker)
        for option, path in (("--rtm", self.rtm), ("--meter", self.meter)):
            if path is not None and not path.is_file():
                raise InputError(f"{option}: there is no file {path}")
        for day in self.operating_days:
            self.real_time(day)
        first_s = operating_day_bounds(self.first_day - timedelta(PAST_DAYS))[0]
        last_s = operating_day_bounds(self.operating_days[-1])[1]
        for series in self.street.values():
            series.window(first_s, last_s)

    @property
    def operating_days(self) -> tuple[date, ...]:
        return require_days(self.first_day, self.days)

    def real_time(self, day: date) -> PriceVersion | None:
        """Real-time prices of `day` by the user's file, if there is one; they are for the
        settlement of a day that is over. Raises InputError when the day is not whole in it."""
        if self.rtm is None:
            return None
        point = self.rtm_point or SETTLEMENT_POINT
        prices = real_time_prices(self.rtm, day, settlement_point=point)
        source = f"{prices.source}, {point}"
        return replace(prices, settlement_point=SETTLEMENT_POINT, source=source)

    @cached_property
    def street(self) -> dict[str, HomeSeries]:
        """The homes by name; the first one is the user's own where there is a meter file."""
        numbers = home_numbers()[: self.homes]
        street = {f"home-{number:02d}": home_series(number) for number in numbers}
        if self._metered is not None:
            street[next(iter(street))] = self._metered[0]
        return street

    @property
    def meter_faults(self) -> tuple[str, ...]:
        """Rows of the meter file that were not used: file, line and reason."""
        return () if self._metered is None else self._metered[1]

    @cached_property
    def _metered(self) -> tuple[HomeSeries, tuple[str, ...]] | None:
        return None if self.meter is None else home_from_file(self.meter)


@dataclass(frozen=True, slots=True)
class StreetTerms:
    """`demo/data/street.toml`: money in whole BOLT; what gas and ether are assumed to cost."""

    daily_cap_bolt: int
    deposit_bolt: int
    top_up_below_bolt: int
    pool_bolt: int
    capital_bolt: int
    unsigned_limit_bolt: int
    unposted_limit_bolt: int
    gas_price: str
    ether_price: str

    @property
    def deposit_ubolt(self) -> int:
        return self.deposit_bolt * UBOLT_PER_BOLT

    @property
    def pool_ubolt(self) -> int:
        return self.pool_bolt * UBOLT_PER_BOLT


def street_terms() -> StreetTerms:
    """The bundled values."""
    return StreetTerms(**tomllib.loads(bundled("street.toml").decode()))


def bundled(name: str) -> bytes:
    """A file that is shipped in `demo/data`."""
    return (files("gridplus.demo") / "data" / name).read_bytes()
