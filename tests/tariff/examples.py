"""A plan and prices for the tests of tariff and verify; the plan is the bundled one, as text."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import gridplus
from gridplus.market import PriceVersion, day_ahead_posting_s, operating_day_bounds
from gridplus.meter import IntervalRead
from gridplus.tariff import Plan, parse_plan
from gridplus.units import HOUR_S, Interval

PLAN_FILE = Path(gridplus.__path__[0]) / "demo" / "data" / "plan-houston-day-ahead.toml"
PLAN_TEXT = PLAN_FILE.read_text()
SPRING, AUTUMN, PLAIN = date(2021, 3, 14), date(2021, 11, 7), date(2021, 7, 4)


def plan_with(*changes: tuple[str, str]) -> Plan:
    """The bundled plan, each (old, new) replaced once in its text."""
    return parse_plan(plan_text_with(*changes), what="plan.toml")


def plan_text_with(*changes: tuple[str, str]) -> bytes:
    text = PLAN_TEXT
    for old, new in changes:
        assert old in text, f"{old!r} is not in the plan"
        text = text.replace(old, new, 1)
    return text.encode()


def prices_of(
    day: date, price: Callable[[int], int] = lambda hour: 20_000_000 + 1_330_000 * hour
) -> PriceVersion:
    """Final day-ahead prices (µBOLT/MWh), `price(hour)` for each hour of the day."""
    start_s, end_s = operating_day_bounds(day)
    return PriceVersion(
        settlement_point="LZ_HOUSTON",
        operating_day=day,
        market="DAM",
        kind="final",
        version=1,
        known_at_s=day_ahead_posting_s(day),
        source="made for a test",
        start_s=start_s,
        step_s=HOUR_S,
        prices_ubolt_per_mwh=tuple(price(hour) for hour in range((end_s - start_s) // HOUR_S)),
    )


def read_of(interval: Interval, import_wh: int, *, export_wh: int = 0) -> IntervalRead:
    """A read whose registers began at zero."""
    return IntervalRead(interval, import_wh, export_wh, import_wh, export_wh)


def plan_of(*components: str, index: str = "", zone: str = "America/Chicago") -> Plan:
    """A plan of the components, each the lines of its table; no tax unless one is given."""
    head = [
        'format = "gridplus.plan/2"', 'id = "made"', "version = 1", 'name = "Made for a test"',
        f'time_zone = "{zone}"', 'jurisdiction = "simulation"', 'customer_class = "residential"',
        'settlement_point = "LZ_HOUSTON"', "effective_from = 2021-01-01", "as_of = 2026-01-31",
    ]  # fmt: skip
    tables = [f"[index]\n{index}"] if index else []
    tables += [f"[[components]]\n{component}" for component in components]
    return parse_plan("\n".join([*head, *tables]).encode(), what="plan.toml")


FIXED = 'kind = "fixed_price"\nprice = "10.00 ¢/kWh"'
ADDER = 'kind = "adder"\nprice = "2.00 ¢/kWh"'
TAXES = """kind = "taxes"
[[components.rows]]
from = 2012-01-01
puc_assessment = "0.1667 %"
gross_receipts = "1.997 %"
source = "made for a test"
"""
FREE_NIGHTS = """kind = "time_of_use"
holidays = "NERC"
periods = [
    { name = "free nights", hours = "20-06", price = "0.00 ¢/kWh" },
    { name = "days", hours = "06-20", days = ["weekdays"], price = "20.00 ¢/kWh" },
    { name = "days off", hours = "06-20", days = ["weekends", "holidays"], price = "15.00 ¢/kWh" },
]"""
TIERS = """kind = "tiers"
tiers = [
    { up_to = "500 kWh", price = "10.00 ¢/kWh" },
    { up_to = "1000 kWh", price = "12.00 ¢/kWh" },
    { price = "14.00 ¢/kWh" },
]"""
BLOCKS = """kind = "block_and_index"
blocks = [
    { power = "1.0 kW", price = "60.00 $/MWh" },
    { power = "0.5 kW", price = "80.00 $/MWh", hours = "14-20", days = ["weekdays"] },
]"""
DEMAND = """kind = "demand_charge"
name = "peak"
window = "30 min"
price = "8.00 $/kW"
hours = "14-20"
ratchet = "60 %"
ratchet_months = 11"""
USAGE_CREDIT = 'kind = "usage_credit"\nabove = "1000 kWh"\ncredit = "125.00 $"'
MINIMUM_USE = 'kind = "minimum_use_fee"\nbelow = "800 kWh"\nfee = "9.95 $"'
NET_METERING = 'kind = "net_metering"'
DAM = 'market = "DAM"'
