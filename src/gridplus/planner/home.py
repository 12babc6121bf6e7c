"""A home's file: what stands in it and what its owner wants, for the agent and for nobody else."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from gridplus.failures import InputError
from gridplus.planner.battery import Battery, parse_battery, parse_count

FORMAT = "gridplus.home/1"
_FIELDS = ("format", "solar", "end_of_day_wh", "battery")


@dataclass(frozen=True, slots=True)
class Home:
    """The battery, what it should hold at midnight, and whether there are solar panels.

    Raises InputError when the end-of-day charge does not lie between reserve and capacity.
    """

    battery: Battery
    end_of_day_wh: int
    solar: bool

    def __post_init__(self) -> None:
        if not self.battery.reserve_wh <= self.end_of_day_wh <= self.battery.capacity_wh:
            raise InputError(
                f"end_of_day_wh is {self.end_of_day_wh}; it lies between the battery's "
                f"reserve_wh ({self.battery.reserve_wh}) and capacity_wh "
                f"({self.battery.capacity_wh})"
            )


def parse_home(data: bytes, *, what: str) -> Home:
    """A TOML file with `format`, `solar`, `end_of_day_wh` and a `[battery]` table.

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
    return Home(parse_battery(battery), parse_count(table, "end_of_day_wh"), solar)
