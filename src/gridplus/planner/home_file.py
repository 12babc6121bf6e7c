"""A home's file: what stands in it and what its owner wants, for the agent and for nobody else.

TOML; docs/planner.md has every field. What cannot be read, or contradicts itself, is refused with
the line, or the two lines, in which it stands.
"""

import tomllib
from dataclasses import fields
from decimal import Decimal
from itertools import combinations

from gridplus.failures import InputError
from gridplus.planner.battery import Battery
from gridplus.planner.devices import (
    DAY_MIN,
    Appliance,
    Band,
    Building,
    Car,
    Climate,
    Habit,
    HotWater,
    Site,
    Wish,
)
from gridplus.planner.home import Home
from gridplus.planner.toml_table import Table, TomlLines

FORMAT = "gridplus.home/1"
MAX_BYTES = 65_536
_FIELDS = (
    "format", "solar", "end_of_day_wh", "order", "battery", "car", "climate", "water",
    "appliances", "site",
)  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_SETS = {"every day": range(7), "weekdays": range(5), "weekends": range(5, 7)}
_BATTERY = tuple(field.name for field in fields(Battery))


def parse_home(data: bytes, *, what: str) -> Home:
    """A TOML file of a home. Raises InputError that names `what`, the line, the field, the mend."""
    try:
        if len(data) > MAX_BYTES:
            raise InputError(f"has more than {MAX_BYTES} bytes")
        text = data.decode()
        document = tomllib.loads(text, parse_float=Decimal)
    except InputError as error:
        raise InputError(f"{what}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is not TOML: {error}") from None
    try:
        return _home(Table(document, (), lines=TomlLines(text)))
    except InputError as error:
        raise InputError(f"{what}: {error}") from None


def _home(root: Table) -> Home:
    root.known(*_FIELDS)
    if root.get("format") != FORMAT:
        root.fail("format", f'is {root.get("format")!r}; write format = "{FORMAT}"')
    solar, site = root.flag("solar"), _site(root)
    car = _car(root)
    battery_table, battery = root.table("battery"), None
    end_wh = root.count("end_of_day_wh", None if battery_table else 0)
    if battery_table is not None:
        battery_table.known(*_BATTERY)
        battery = _battery(battery_table)
        _check_end(root, battery_table, battery=battery, end_wh=end_wh)
    devices = _climate(root), _water(root), _appliances(root)
    order = _order(root)
    return root.make(lambda: Home(battery, end_wh, solar, car, *devices, site, order))


def _check_end(root: Table, table: Table, *, battery: Battery, end_wh: int) -> None:
    why = (
        f"it lies between the battery's reserve_wh ({battery.reserve_wh}) and capacity_wh "
        f"({battery.capacity_wh})"
    )
    if end_wh < battery.reserve_wh:
        root.contradicts("end_of_day_wh", table, there="reserve_wh", why=why)
    if end_wh > battery.capacity_wh:
        root.contradicts("end_of_day_wh", table, there="capacity_wh", why=why)


def _battery(table: Table) -> Battery:
    values = {name: table.count(name) for name in _BATTERY}
    if 0 < values["capacity_wh"] <= values["reserve_wh"]:
        why = "reserve_wh is from 0 to less than capacity_wh"
        table.contradicts("reserve_wh", table, there="capacity_wh", why=why)
    return table.make(lambda: Battery(**values))


def _site(root: Table) -> Site:
    table = root.table("site")
    if table is None:
        return Site()
    table.known("import_w", "export_w", "curtail")
    curtail = table.flag("curtail", default=False)
    if curtail and root.get("solar") is False:
        table.contradicts("curtail", root, there="solar", why="there is no sun to hold back")
    limits = [table.count(name) if table.has(name) else None for name in ("import_w", "export_w")]
    return table.make(lambda: Site(limits[0], limits[1], curtail))


def _car(root: Table) -> Car | None:
    table = root.table("car")
    if table is None:
        return None
    table.known(*_BATTERY, "least_charge_w", "discharge_w", "stays")
    battery = _battery(table)
    least_w, discharge_w = table.count("least_charge_w", 0), table.count("discharge_w", 0)
    if least_w > battery.power_w:
        table.contradicts("least_charge_w", table, there="power_w", why="it could never charge")
    stays = table.tables("stays")
    habits = tuple(_habit(stay, table, battery=battery) for stay in stays)
    for (one, first), (two, second) in combinations(zip(stays, habits, strict=True), 2):
        if _overlap(first, second):
            two.contradicts("from", one, there="from", why="the car cannot come while it is there")
    return table.make(lambda: Car(battery, least_w, discharge_w, habits))


def _habit(table: Table, car: Table, *, battery: Battery) -> Habit:
    table.known("days", "from", "until", "ready_by", "arrives_with_wh", "ready_with_wh")
    arrives_wh, ready_wh = table.count("arrives_with_wh"), table.count("ready_with_wh")
    for name, wh in (("arrives_with_wh", arrives_wh), ("ready_with_wh", ready_wh)):
        if wh > battery.capacity_wh:
            table.contradicts(name, car, there="capacity_wh", why="the car cannot hold so much")
    times = {name: table.minute(name) for name in ("from", "until")}
    times["ready_by"] = table.minute("ready_by") if table.has("ready_by") else times["until"]
    stay_min = (times["until"] - times["from"]) % DAY_MIN or DAY_MIN
    if ((times["ready_by"] - times["from"]) % DAY_MIN or DAY_MIN) > stay_min:
        table.contradicts("ready_by", table, there="until", why="the car has left by then")
    days, order = _days(table), (times["from"], times["until"], times["ready_by"])
    return table.make(lambda: Habit(days, *order, arrives_wh, ready_wh))


def _overlap(one: Habit, two: Habit) -> bool:
    """Whether a stay of one habit begins within a stay of the other, in any week."""
    week_min = 7 * DAY_MIN
    for day, other in ((a, b) for a in one.days for b in two.days):
        apart = (other * DAY_MIN + two.from_min - day * DAY_MIN - one.from_min) % week_min
        if apart < one.stay_min or week_min - apart < two.stay_min:
            return True
    return False


def _days(table: Table) -> frozenset[int]:
    value = table.get("days") or "every day"
    if isinstance(value, str) and value in _DAY_SETS:
        return frozenset(_DAY_SETS[value])
    if not isinstance(value, list) or not value or not all(day in _DAYS for day in value):
        table.fail("days", f"is {value!r}; write 'every day', 'weekdays', 'weekends', ['monday']")
    return frozenset(_DAYS.index(day) for day in value)


def _climate(root: Table) -> Climate | None:
    table = root.table("climate")
    if table is None:
        return None
    gains = ("gain_c", "heat_c_per_kwh", "cool_c_per_kwh")
    table.known("power_w", "loss_ppm", *gains, "comfort")
    loss_ppm, degrees = table.count("loss_ppm"), [table.milli(name, 0) for name in gains]
    building = table.make(lambda: Building(loss_ppm, *degrees))
    if not building.heat_mc_per_kwh and not building.cool_mc_per_kwh:
        table.fail("heat_c_per_kwh", "and cool_c_per_kwh are both 0; it neither heats nor cools")
    comfort = table.tables("comfort")
    bands = tuple(_band(item) for item in comfort)
    for (one, first), (two, second) in combinations(zip(comfort, bands, strict=True), 2):
        if first.holds_at(second.from_min) or second.holds_at(first.from_min):
            two.contradicts(
                "hours", one, there="hours", why="each hour has one comfort band at most"
            )
    power_w = table.count("power_w")
    return table.make(lambda: Climate(building, power_w, bands))


def _band(table: Table) -> Band:
    table.known("hours", "low_c", "high_c")
    first, last = table.span("hours")
    low_mc, high_mc = table.milli("low_c"), table.milli("high_c")
    if low_mc > high_mc:
        table.contradicts("low_c", table, there="high_c", why="low_c is not above high_c")
    return table.make(lambda: Band(first, last, low_mc, high_mc))


def _water(root: Table) -> HotWater | None:
    table = root.table("water")
    if table is None:
        return None
    numbers = ("capacity_wh", "least_wh", "power_w", "gain_ppm", "loss_w")
    table.known(*numbers, "draws_wh")
    draws = table.get("draws_wh")
    if not isinstance(draws, list) or not all(type(wh) is int for wh in draws):
        table.fail("draws_wh", "is not a list of 24 whole numbers, one for each hour of the day")
    values = {name: table.count(name) for name in numbers}
    if 0 < values["capacity_wh"] < values["least_wh"]:
        table.contradicts("least_wh", table, there="capacity_wh", why="the tank holds no more")
    return table.make(lambda: HotWater(**values, draws_wh=tuple(draws)))


def _appliances(root: Table) -> tuple[Appliance, ...]:
    tables = root.tables("appliances")
    found = tuple(_appliance(table) for table in tables)
    for (one, first), (two, second) in combinations(zip(tables, found, strict=True), 2):
        if first.name == second.name:
            two.contradicts("name", one, there="name", why="each appliance has a name of its own")
    return found


def _appliance(table: Table) -> Appliance:
    table.known("name", "energy_wh", "run_min", "window")
    name, (first, last) = table.get("name"), table.span("window")
    if not isinstance(name, str):
        table.fail("name", f"is {name!r}; write a short text")
    run_min = table.count("run_min")
    if run_min > ((last - first) % DAY_MIN or DAY_MIN):
        table.contradicts(
            "run_min", table, there="window", why="it could not be done in its window"
        )
    energy_wh = table.count("energy_wh")
    return table.make(lambda: Appliance(name, energy_wh, run_min, first, last))


def _order(root: Table) -> tuple[Wish, ...]:
    """The wishes named, then the others in their usual order."""
    value = root.get("order") or []
    names = {wish.name.lower(): wish for wish in Wish}
    if not isinstance(value, list) or not all(name in names for name in value):
        root.fail("order", f"is {value!r}; known wishes are {', '.join(names)}")
    named = [names[name] for name in value]
    if len(set(named)) < len(named):
        root.fail("order", "names a wish twice")
    return (*named, *(wish for wish in Wish if wish not in named))
