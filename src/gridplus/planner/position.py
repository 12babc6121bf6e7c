"""What a street will take from the grid tomorrow, as far as its past tells."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridplus.planner.battery import UWH_PER_WH
from gridplus.planner.forecast import Energies, forecast_net_load
from gridplus.planner.home import Home
from gridplus.planner.plan import Outlook, plan_battery


@dataclass(frozen=True, slots=True)
class HomePast:
    """A home and its past: int arrays of load and solar in Wh per settlement interval, oldest
    first, the last one just over.
    """

    home: Home
    load_wh: Energies
    solar_wh: Energies


def forecast_street(
    street: Sequence[HomePast],
    past_prices: Sequence[tuple[int, int]],
    *,
    count: int,
    ahead: int = 0,
) -> tuple[int, ...]:
    """Net Wh (positive: taken from the grid) of the whole street in each of `count` intervals.

    `past_prices` are the marginal (import, export) prices in aBOLT per Wh of the newest day that
    is known, which stand for the coming day's; `ahead` intervals lie between the last read and
    the first one forecast. Each battery is planned as its agent would, from and to its
    end-of-day charge. A day of another length than the past one repeats or drops its end.
    """
    prices = [past_prices[i % len(past_prices)] for i in range(count)]
    total_wh = [0] * count
    for past in street:
        net_wh = forecast_net_load(past.load_wh, past.solar_wh, count=ahead + count)[ahead:]
        for i, wh in enumerate(_with_battery(past.home, Outlook(prices, net_wh))):
            total_wh[i] += wh
    return tuple(total_wh)


def _with_battery(home: Home, outlook: Outlook) -> Sequence[int]:
    """Net Wh of a home whose battery, where it has one, does as planned."""
    if home.battery is None:
        return outlook.net_load_wh
    end_wh = home.end_of_day_wh
    stored_uwh = end_wh * UWH_PER_WH
    plan = plan_battery(home.battery, outlook, stored_uwh=stored_uwh, end_wh=end_wh)
    return [step.import_wh - step.export_wh for step in plan.steps]
