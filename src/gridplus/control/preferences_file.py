"""An owner's preferences as a file of TOML: docs/control.md has every field.

What cannot be read, or contradicts itself, is refused with the line, or the two lines, in which it
stands.
"""

import tomllib
from decimal import Decimal
from itertools import combinations

from gridplus.control.orders import DEVICES
from gridplus.control.preferences import ABOLT_PER_CENT, Preferences, Quiet
from gridplus.failures import InputError
from gridplus.planner import Band
from gridplus.planner.toml_table import Table, TomlLines

FORMAT = "gridplus.preferences/1"
MAX_BYTES = 65_536
MOST_CENTS = 100_000
_FIELDS = (
    "format", "never_pay_more_than_cents", "off_limits", "battery", "car", "comfort", "quiet",
    "requests", "alerts",
)  # fmt: skip


def parse_preferences(data: bytes, *, what: str) -> Preferences:
    """Raises InputError that names `what`, the line or lines, the field, the mend."""
    try:
        if len(data) > MAX_BYTES:
            raise InputError(f"has more than {MAX_BYTES} bytes")
        text = data.decode()
        document = tomllib.loads(text, parse_float=Decimal)
        return _preferences(Table(document, (), lines=TomlLines(text)))
    except InputError as error:
        raise InputError(f"{what}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is not TOML: {error}") from None


def _preferences(root: Table) -> Preferences:
    root.known(*_FIELDS)
    if root.get("format") != FORMAT:
        root.fail("format", f'is {root.get("format")!r}; write format = "{FORMAT}"')
    off_limits = _devices(root, "off_limits") if root.has("off_limits") else frozenset[str]()
    quiet = tuple(_quiet(table) for table in root.tables("quiet"))
    ready_min, ready_wh = _car(root, off_limits, quiet=quiet)
    return Preferences(
        _reserve(root, off_limits),
        _cents(root, "never_pay_more_than_cents"),
        _comfort(root, off_limits),
        ready_min,
        ready_wh,
        quiet,
        off_limits,
        _least_reward(root),
        _alert(root),
    )


def _reserve(root: Table, off_limits: frozenset[str]) -> int | None:
    table = root.table("battery")
    if table is None:
        return None
    table.known("reserve_wh")
    if "battery" in off_limits:
        why = "a battery that is not touched keeps no reserve by itself"
        table.contradicts("reserve_wh", root, there="off_limits", why=why)
    reserve_wh = table.count("reserve_wh")
    if not 0 <= reserve_wh <= 10**9:
        table.fail("reserve_wh", f"is {reserve_wh}; write what it keeps for an outage, in Wh")
    return reserve_wh


def _car(
    root: Table, off_limits: frozenset[str], *, quiet: tuple[Quiet, ...]
) -> tuple[int | None, int | None]:
    table = root.table("car")
    if table is None:
        return None, None
    table.known("ready_by", "ready_with_wh")
    if "car" in off_limits:
        why = "a car that is not touched cannot be made ready"
        table.contradicts("ready_by", root, there="off_limits", why=why)
    for place, each in enumerate(quiet):
        if "car" in each.devices and each.from_min == each.until_min:
            silent = root.tables("quiet")[place]
            why = "a car that is quiet all day is never ready"
            table.contradicts("ready_by", silent, there="hours", why=why)
    ready_wh = table.count("ready_with_wh")
    if not 0 <= ready_wh <= 10**9:
        table.fail("ready_with_wh", f"is {ready_wh}; write what it shall hold, in Wh")
    return table.minute("ready_by"), ready_wh


def _comfort(root: Table, off_limits: frozenset[str]) -> tuple[Band, ...]:
    tables = root.tables("comfort")
    bands = tuple(_band(table) for table in tables)
    if tables and "climate" in off_limits:
        why = "a thermostat that is not touched cannot be set"
        tables[0].contradicts("hours", root, there="off_limits", why=why)
    for (one, first), (two, second) in combinations(zip(tables, bands, strict=True), 2):
        if first.holds_at(second.from_min) or second.holds_at(first.from_min):
            why = "each hour has one comfort band at most"
            two.contradicts("hours", one, there="hours", why=why)
    return bands


def _band(table: Table) -> Band:
    table.known("hours", "low_c", "high_c")
    first, last = table.span("hours")
    low_mc, high_mc = table.milli("low_c"), table.milli("high_c")
    if low_mc > high_mc:
        table.contradicts("low_c", table, there="high_c", why="low_c is not above high_c")
    return table.make(lambda: Band(first, last, low_mc, high_mc))


def _quiet(table: Table) -> Quiet:
    table.known("hours", "devices")
    return Quiet(*table.span("hours"), _devices(table, "devices"))


def _least_reward(root: Table) -> int | None:
    """None: no request is joined."""
    table = root.table("requests")
    if table is None:
        return None
    table.known("join", "least_reward_cents")
    join = table.flag("join")
    if not join and table.has("least_reward_cents"):
        why = "what is not joined needs no reward"
        table.contradicts("least_reward_cents", table, there="join", why=why)
    return (_cents(table, "least_reward_cents") or 0) if join else None


def _alert(root: Table) -> int:
    table = root.table("alerts")
    if table is None:
        return Preferences().alert_abolt
    table.known("worth_cents")
    return _cents(table, "worth_cents") or 0


def _cents(table: Table, name: str) -> int | None:
    """aBOLT per Wh of so many cents a kWh."""
    if not table.has(name):
        return None
    value = table.get(name)
    known = isinstance(value, int | Decimal) and not isinstance(value, bool)
    cents = Decimal(value) if known and isinstance(value, int | Decimal) else Decimal("NaN")
    if not cents.is_finite() or not 0 <= cents <= MOST_CENTS:
        table.fail(name, f"is {value}; write cents a kWh, from 0 to {MOST_CENTS}")
    return int(cents * ABOLT_PER_CENT)


def _devices(table: Table, name: str) -> frozenset[str]:
    value = table.get(name)
    if not isinstance(value, list) or not all(each in DEVICES for each in value):
        table.fail(name, f"is {value!r}; write a list of {', '.join(DEVICES)}")
    return frozenset(value)
