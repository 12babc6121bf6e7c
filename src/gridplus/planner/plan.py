"""The cheapest plan for one battery, exactly, by dynamic programming over convex functions.

Let V(s) be the least cost of the rest of the horizon when s µWh are stored. Import is never
cheaper than export, so an interval's cost is convex in what the battery does, and V is convex
and piecewise linear. One step back in time is an infimal convolution (Rockafellar, Convex
Analysis, section 5): merge the interval's segments into V's by slope, then cut what lies outside
the battery. A few dozen segments suffice, and every number is an integer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gridplus.failures import InputError, invariant
from gridplus.planner.battery import UWH_PER_WH, Battery
from gridplus.planner.convex import Four, FutureCost
from gridplus.planner.rule import Rule, Step, respond
from gridplus.units import PPM, SETTLEMENT_INTERVAL_S

SCALE = UWH_PER_WH * PPM
"""A slope is aBOLT per stored µWh x SCALE x charge_ppm, which makes every slope an integer."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a plan is made for: one entry for each interval of `length_s` seconds, in order.

    `prices` are marginal (import, export) prices in aBOLT per Wh; `net_load_wh` is load less
    solar, without the battery, negative where the home would feed in. Raises InputError unless
    import >= export >= 0 everywhere: otherwise the problem is not convex.
    """

    prices: Sequence[tuple[int, int]]
    net_load_wh: Sequence[int]
    length_s: int = SETTLEMENT_INTERVAL_S

    def __post_init__(self) -> None:
        invariant(len(self.prices) == len(self.net_load_wh), "each interval has price and load")
        for i, (import_abolt, export_abolt) in enumerate(self.prices):
            if not import_abolt >= export_abolt >= 0:
                raise InputError(
                    f"interval {i}: importing costs {import_abolt} and exporting earns "
                    f"{export_abolt} aBOLT/Wh; a battery is planned for import >= export >= 0"
                )


@dataclass(frozen=True, slots=True)
class Plan:
    """What the battery shall do, and what that is expected to cost.

    `bound_abolt` proves how good it is: no course of this battery that ends at least as full
    costs less under this outlook. The wishes unmet at the end are listed with what is missing.
    """

    rules: tuple[Rule, ...]
    steps: tuple[Step, ...]
    bill_abolt: int
    wear_abolt: int
    bound_abolt: int
    end_short_uwh: int
    reserve_short_uwh: int

    @property
    def cost_abolt(self) -> int:
        return self.bill_abolt + self.wear_abolt


def plan_battery(battery: Battery, outlook: Outlook, *, stored_uwh: int, end_wh: int) -> Plan:
    """The plan of least bill plus wear that ends with at least `end_wh` stored, if it can.

    Among equals it is the one that does least, latest. Charge and discharge are whole Wh, so
    `cost_abolt` may exceed `bound_abolt`, by less than intervals x 1 Wh x the dearest import.
    Energy above `end_wh` is worth nothing at the end. A battery below its reserve is charged up
    to it at once.
    """
    invariant(0 <= stored_uwh <= battery.capacity_uwh, "a battery holds from nothing to capacity")
    invariant(0 <= end_wh <= battery.capacity_wh, "an end charge fits into the battery")
    floors_uwh = _floors_uwh(battery, outlook, stored_uwh=stored_uwh)
    end_uwh = end_wh * UWH_PER_WH
    wish = 1 + SCALE * max((price for price, _ in outlook.prices), default=0)
    future = _after_the_end(battery, floors_uwh[-1], end_uwh=end_uwh, wish=wish)
    rules = _rules(battery, outlook, future=future, floors_uwh=floors_uwh)
    future.raise_low(stored_uwh)
    steps = tuple(_walk(battery, outlook, rules=rules, stored_uwh=stored_uwh))
    last_uwh = steps[-1].stored_uwh if steps else stored_uwh
    end_short_uwh = max(0, end_uwh - last_uwh)
    least = future.low_cost - wish * end_short_uwh
    return Plan(
        rules=rules,
        steps=steps,
        bill_abolt=bill_abolt(outlook, [step.import_wh - step.export_wh for step in steps]),
        wear_abolt=battery.wear_abolt_per_wh * sum(step.discharge_wh for step in steps),
        bound_abolt=bill_abolt(outlook, outlook.net_load_wh)
        + least // (SCALE * battery.charge_ppm),
        end_short_uwh=end_short_uwh,
        reserve_short_uwh=max(0, battery.reserve_uwh - last_uwh),
    )


def bill_abolt(outlook: Outlook, net_wh: Sequence[int]) -> int:
    """What `net_wh`, positive for import, negative for export, costs at the outlook's prices."""
    return sum(
        wh * (price[0] if wh > 0 else price[1])
        for price, wh in zip(outlook.prices, net_wh, strict=True)
    )


def _floors_uwh(battery: Battery, outlook: Outlook, *, stored_uwh: int) -> list[int]:
    """The least that may be stored at each boundary: the reserve, or, for a battery that starts
    below it, what charging at full power reaches on the way there.
    """
    full_uwh = battery.limit_wh(outlook.length_s) * battery.charge_ppm
    return [
        min(battery.reserve_uwh, stored_uwh + i * full_uwh) for i in range(len(outlook.prices) + 1)
    ]


def _after_the_end(battery: Battery, low_uwh: int, *, end_uwh: int, wish: int) -> FutureCost:
    """Each µWh missing from the end charge costs `wish`, more than any interval can gain."""
    missing_uwh = max(0, end_uwh - low_uwh)
    return FutureCost(
        low_uwh,
        wish * missing_uwh,
        slopes=[-wish, 0],
        widths=[missing_uwh, battery.capacity_uwh - low_uwh - missing_uwh],
    )


def _rules(
    battery: Battery, outlook: Outlook, *, future: FutureCost, floors_uwh: Sequence[int]
) -> tuple[Rule, ...]:
    """Walk `future` from the end of the horizon to its start, reading a rule at each interval."""
    limit_wh = battery.limit_wh(outlook.length_s)
    charge_uwh, drain_uwh = limit_wh * battery.charge_ppm, battery.drain_uwh(limit_wh)
    rules = []
    back = zip(
        reversed(outlook.prices),
        reversed(outlook.net_load_wh),
        reversed(floors_uwh[:-1]),
        strict=True,
    )
    for price, net_wh, low_uwh in back:
        slopes = _break_even(battery, price)
        rules.append(Rule(*future.levels(slopes)))
        sun_uwh = min(-net_wh, limit_wh) * battery.charge_ppm if net_wh < 0 else 0
        home_uwh = battery.drain_uwh(min(net_wh, limit_wh)) if net_wh > 0 else 0
        widths = (charge_uwh - sun_uwh, sun_uwh, home_uwh, drain_uwh - home_uwh)
        future.step_back(slopes, widths, low_uwh=low_uwh)
    return tuple(reversed(rules))


def _break_even(battery: Battery, price: tuple[int, int]) -> Four:
    """The slopes of V at which the four moves of an interval are worth nothing."""
    import_abolt, export_abolt = price
    both_ppm = battery.charge_ppm * battery.discharge_ppm
    wear = battery.wear_abolt_per_wh
    return (
        -import_abolt * SCALE,
        -export_abolt * SCALE,
        (wear - import_abolt) * both_ppm,
        (wear - export_abolt) * both_ppm,
    )


def _walk(
    battery: Battery, outlook: Outlook, *, rules: Sequence[Rule], stored_uwh: int
) -> Iterator[Step]:
    length_s = outlook.length_s
    for net_wh, rule in zip(outlook.net_load_wh, rules, strict=True):
        step = respond(battery, rule, net_load_wh=net_wh, stored_uwh=stored_uwh, length_s=length_s)
        stored_uwh = step.stored_uwh
        yield step
