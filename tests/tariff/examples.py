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
