"""Plan by the plan that also rates the bill: planned cost is billed cost, to the µBOLT.

Where a plan prices each interval by itself its prices are the objective, and that is all. One that
looks at the month (tiers, demand, banked energy) is planned at the prices of the next Wh; then its
own course says what the next Wh really costs as the month goes on, and it is planned again. The
best by the exact bill is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.planner.ahead import Ahead, State
from gridplus.planner.home import Home
from gridplus.planner.home_plan import HomePlan
from gridplus.planner.optimum import plan_home
from gridplus.tariff import Plan as TariffPlan
from gridplus.tariff import Tally, energy_prices, peaks_ahead, rate
from gridplus.units import Interval

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Terms:
    """The agreed plan, the prices of its index for every day of a horizon (none for a plan without
    one), and where the bills stand when it begins."""

    plan: TariffPlan
    prices: Sequence[PriceVersion] = ()
    before: Tally = Tally()  # noqa: RUF009 - immutable

    def prices_for(self, interval: Interval) -> PriceVersion | None:
        """Raises InputError for an interval without prices."""
        if self.plan.index is None:
            return None
        for prices in self.prices:
            if prices.covers(interval):
                return prices
        raise InputError(f"there are no {self.plan.index.market} prices for {interval}")

    def next_wh(self, interval: Interval, before: Tally) -> tuple[int, int]:
        """(import, export) in aBOLT for one more Wh in `interval`, where the bills stand."""
        prices = self.prices_for(interval)
        (price,) = energy_prices(self.plan, prices, intervals=(interval,), before=before)
        return price


@dataclass(frozen=True, slots=True)
class BilledPlan:
    """A plan, and the tallies before and after what it does: their differences are the bill, to the
    last aBOLT, of a home that does just that."""

    plan: HomePlan
    before: Tally
    after: Tally

    @property
    def charged_ubolt(self) -> int:
        return self.after.spent_ubolt - self.before.spent_ubolt

    @property
    def credited_ubolt(self) -> int:
        return self.after.earned_ubolt - self.before.earned_ubolt

    @property
    def bill_abolt(self) -> int:
        """Charges less credits, exactly."""
        charged = self.after.charges_abolt - self.before.charges_abolt
        return charged - (self.after.credits_abolt - self.before.credits_abolt)


def priced(ahead: Ahead, terms: Terms) -> Ahead:
    """The same at the prices of the next Wh and with the demand charges of `terms`.

    Raises InputError when the plan cannot rate an interval.
    """
    intervals = [Interval(ahead.start_of(i), ahead.length_s) for i in range(ahead.count)]
    prices = [terms.next_wh(interval, terms.before) for interval in intervals]
    peaks = peaks_ahead(terms.plan, intervals, before=terms.before)
    return replace(ahead, prices=prices, peaks=peaks)


def plan_billed(
    home: Home, ahead: Ahead, *, terms: Terms, state: State, last: HomePlan | None = None
) -> BilledPlan:
    """The plan for a home on `terms`; prices and demand charges that `ahead` has are not looked at.

    Raises InputError as `plan_home` and `priced` do.
    """
    ahead = priced(ahead, terms)
    best, prices_then = _billed(plan_home(home, ahead, state=state, last=last), terms)
    for _ in range(ROUNDS - 1):
        if not terms.plan.stepwise or prices_then == ahead.prices:
            break
        ahead = replace(ahead, prices=prices_then)
        found, prices_then = _billed(plan_home(home, ahead, state=state, last=last), terms)
        best = min(best, found, key=_badness)
    return best


def _badness(billed: BilledPlan) -> tuple[int, int]:
    undone = sum(unmet.missing for unmet in billed.plan.unmet)
    return undone, billed.bill_abolt + billed.plan.wear_abolt


def _billed(plan: HomePlan, terms: Terms) -> tuple[BilledPlan, list[tuple[int, int]]]:
    """The plan with its bill, and what the next Wh costs in each of its intervals."""
    tally, next_wh = terms.before, []
    for i, flow in enumerate(plan.flows):
        interval = Interval(plan.start_s + i * plan.length_s, plan.length_s)
        next_wh.append(terms.next_wh(interval, tally))
        read = IntervalRead(interval, flow.import_wh, flow.export_wh, 0, 0)
        tally = rate(terms.plan, terms.prices_for(interval), read=read, before=tally).after
    return BilledPlan(plan, terms.before, tally), next_wh
