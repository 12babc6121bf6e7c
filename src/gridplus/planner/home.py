"""A home's file: what stands in it and what its owner wants, for the agent and for nobody else."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gridplus.failures import InputError
from gridplus.planner.battery import (
    MAX_WEAR_UBOLT_PER_MWH,
    Battery,
    parse_battery,
    parse_count,
)

FORMAT = "gridplus.home/1"
_FIELDS = ("format", "solar", "end_of_day_wh", "caution_ubolt_per_mwh", "battery")


@dataclass(frozen=True, slots=True)
class Home:
    """The battery, what it should hold at midnight, and whether there are solar panels.

    `caution_ubolt_per_mwh` is what a MWh must promise beyond losses and wear before it is worth
    betting on a forecast. Raises InputError when it is out of range, or when the end-of-day charge
    does not lie between reserve and capacity.
    """

    battery: Battery
    end_of_day_wh: int
    solar: bool
    caution_ubolt_per_mwh: int = 0

    def __post_init__(self) -> None:
        if not self.battery.reserve_wh <= self.end_of_day_wh <= self.battery.capacity_wh:
            raise InputError(
                f"end_of_day_wh is {self.end_of_day_wh}; it lies between the battery's "
                f"reserve_wh ({self.battery.reserve_wh}) and capacity_wh "
                f"({self.battery.capacity_wh})"
            )
        if not 0 <= self.caution_ubolt_per_mwh <= MAX_WEAR_UBOLT_PER_MWH:
            raise InputError("caution_ubolt_per_mwh is from 0 to 1e10 (10 $/kWh)")

    @property
    def planned_battery(self) -> Battery:
        """The battery to plan with when the load is a forecast: caution counts as wear."""
        wear_ubolt_per_mwh = self.battery.wear_ubolt_per_mwh + self.caution_ubolt_per_mwh
        return replace(self.battery, wear_ubolt_per_mwh=wear_ubolt_per_mwh)


def parse_home(data: bytes, *, what: str) -> Home:
    """A TOML file with `format`, `solar`, `end_of_day_wh`, a `[battery]` table and, if the owner
    wants any, `caution_ubolt_per_mwh`.

    Raises InputError that names `what`, the field and the mend.
    """
    try:
        return _home(tomllib.loads(data.decode()))
    except InputError as error:
        raise InputError(f"{what}: {error}") from None
    except ValueError as error:
        raise InputError(f"{what} is not TOML: {error}") from None


def _home(table: Mapping[str, object]) -> Home:
    unknown = sorted(set(table) - set(_FIELDS))
    if unknown:
        raise InputError(f"{unknown[0]} is not known; the fields are {', '.join(_FIELDS)}")
    if table.get("format") != FORMAT:
        raise InputError(f'format is {table.get("format")!r}; write format = "{FORMAT}"')
    solar, battery = table.get("solar"), table.get("battery")
    if not isinstance(solar, bool):
        raise InputError(f"solar is {solar!r}; write true or false")
    if not isinstance(battery, dict):
        raise InputError("there is no [battery] table")
    caution = "caution_ubolt_per_mwh"
    return Home(
        parse_battery(battery),
        parse_count(table, "end_of_day_wh"),
        solar,
        parse_count(table, caution) if caution in table else 0,
    )
