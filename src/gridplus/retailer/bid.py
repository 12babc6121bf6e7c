"""What the retailer buys day-ahead: a forecast of the street, made of what is known at bidding."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.market import Position, PriceVersion, operating_day_intervals
from gridplus.planner import Home, HomePast, forecast_street
from gridplus.retailer.history import History
from gridplus.tariff import Fields, Plan, energy_prices
from gridplus.units import SETTLEMENT_INTERVAL_S

BIDS_CLOSE = time(10)
"""Local, on the day before. Source: ERCOT Nodal Protocols, section 4.5.1."""
NO_INDEX = ((0, 0),)
"""Nothing to gain: where no price is known, batteries are expected to rest."""
_SECONDS_MAX = 1 << 33


def bids_close_s(day: date, zone: str) -> int:
    """When bids for operating day `day` close, in seconds since 1970."""
    closing = datetime.combine(day - timedelta(1), BIDS_CLOSE, ZoneInfo(zone))
    return int(closing.timestamp())


@dataclass(frozen=True, slots=True)
class Bid:
    """A position and what it rests on: the day whose prices stood for the coming day's, None when
    no price was known, and the faults of the homes' files."""

    position: Position
    index_day: date | None
    faults: tuple[str, ...]

    def document(self) -> dict[str, Document]:
        return {
            "settlement_point": self.position.settlement_point,
            "start_s": self.position.start_s,
            "energy_wh": list(self.position.energy_wh),
            "index_day": None if self.index_day is None else self.index_day.isoformat(),
            "faults": list(self.faults),
        }


def bid_from(fields: Fields) -> Bid:
    """The inverse of `Bid.document`. Raises InputError that names the field."""
    point, start_s = fields.text("settlement_point"), fields.integer("start_s", high=_SECONDS_MAX)
    hours, faults = fields.take("energy_wh"), fields.take("faults")
    index_day = fields.take("index_day")
    fields.close()
    if not isinstance(hours, list) or not isinstance(faults, list):
        raise InputError(f"{fields.where}: energy_wh and faults are lists")
    return Bid(
        Position(point, start_s, tuple(wh for wh in hours if isinstance(wh, int))),
        date.fromisoformat(index_day) if isinstance(index_day, str) else None,
        tuple(fault for fault in faults if isinstance(fault, str)),
    )


def make_bid(
    day: date,
    *,
    plan: Plan,
    street: Iterable[tuple[Home, History]],
    index: PriceVersion | None,
) -> Bid:
    """The position that buys what the street is expected to take on `day`.

    `index` are the newest prices known at bidding; every history ends before bids close. Each home
    is forecast from where its own history ends.
    """
    intervals = operating_day_intervals(day, plan.time_zone)
    prices = NO_INDEX if index is None else _index_prices(plan, index)
    total_wh = [0] * len(intervals)
    faults: list[str] = []
    for home, past in street:
        expected = forecast_street(
            [HomePast(home, past.load_wh, past.solar_wh)],
            prices,
            count=len(intervals),
            ahead=(intervals[0].start_s - past.end_s) // SETTLEMENT_INTERVAL_S,
        )
        total_wh = [so_far + wh for so_far, wh in zip(total_wh, expected, strict=True)]
        faults += past.faults
    forecast_wh = dict(zip(intervals, total_wh, strict=True))
    position = Position.from_forecast(plan.settlement_point, forecast_wh)
    return Bid(position, None if index is None else index.operating_day, tuple(faults))


def _index_prices(plan: Plan, index: PriceVersion) -> tuple[tuple[int, int], ...]:
    intervals = operating_day_intervals(index.operating_day, plan.time_zone)
    return energy_prices(plan, index, intervals=intervals)
