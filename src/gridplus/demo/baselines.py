"""What the same homes would have paid: without control, and on a flat plan."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridplus.demo.device import Measured
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff import Plan, Tally, rate
from gridplus.units import WH_PER_MWH, mul_div_down, share_by_largest_remainder


@dataclass(frozen=True, slots=True)
class Uncontrolled:
    """A home whose battery never moved: net bill after each interval (µBOLT), and Wh taken."""

    net_ubolt: tuple[int, ...]
    import_wh: int


@dataclass(frozen=True, slots=True)
class Flat:
    """One price per kWh taken, export unpaid: the same revenue from the street without control."""

    price_ubolt_per_mwh: int
    homes_ubolt: tuple[int, ...]


def without_control(
    plan: Plan, days: Sequence[tuple[PriceVersion, Sequence[Measured]]]
) -> Uncontrolled:
    """The same needs and sun, rated by the same plan, with no battery in between: the car charges
    when it comes, a thermostat keeps the band."""
    total, net_ubolt, import_wh = Tally(), list[int](), 0
    for prices, measured in days:
        for was in measured:
            net_wh = was.alone_wh - was.solar_wh
            taken_wh, fed_wh = max(net_wh, 0), max(-net_wh, 0)
            import_wh += taken_wh
            read = IntervalRead(was.read.interval, taken_wh, fed_wh, taken_wh, fed_wh)
            total = rate(plan, prices, read=read, before=total).after
            net_ubolt.append(total.spent_ubolt - total.earned_ubolt)
    return Uncontrolled(tuple(net_ubolt), import_wh)


def flat_plan(street: Sequence[Uncontrolled]) -> Flat:
    """Share the street's net bill without control by energy taken; a negative one is nothing."""
    revenue_ubolt = max(0, sum(home.net_ubolt[-1] for home in street))
    taken_wh = [home.import_wh for home in street]
    homes_ubolt = share_by_largest_remainder(revenue_ubolt, taken_wh)
    price = mul_div_down(revenue_ubolt, WH_PER_MWH, divisor=max(1, sum(taken_wh)))
    return Flat(price, tuple(homes_ubolt))
