"""What a run of the demo is asked for, and the values of its street."""

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from gridplus.demo.street_data import home_numbers, require_days
from gridplus.failures import InputError
from gridplus.units import UBOLT_PER_BOLT


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Raises InputError for days without data and for homes that do not exist."""

    first_day: date
    days: int
    homes: int
    seed: int
    fast: bool
    out: Path
    rtm: Path | None = None
    rtm_point: str | None = None

    def __post_init__(self) -> None:
        require_days(self.first_day, self.days)
        if not 1 <= self.homes <= len(home_numbers()):
            raise InputError(f"--homes is from 1 to {len(home_numbers())}, not {self.homes}")
        if not 0 <= self.seed < 1 << 63:
            raise InputError(f"--seed is a whole number from 0, not {self.seed}")
        if self.rtm is not None and not self.rtm.is_file():
            raise InputError(f"--rtm: there is no file {self.rtm}")

    @property
    def operating_days(self) -> tuple[date, ...]:
        return require_days(self.first_day, self.days)

    @property
    def home_names(self) -> tuple[str, ...]:
        return tuple(home_name(number) for number in home_numbers()[: self.homes])


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


def home_name(number: int) -> str:
    """3 -> 'home-03'."""
    return f"home-{number:02d}"


def street_terms() -> StreetTerms:
    """The bundled values."""
    return StreetTerms(**tomllib.loads(bundled("street.toml").decode()))


def bundled(name: str) -> bytes:
    """A file that is shipped in `demo/data`."""
    return (files("gridplus.demo") / "data" / name).read_bytes()
