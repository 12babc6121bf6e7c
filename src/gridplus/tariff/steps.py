"""The stepwise components of a plan, together: the local month, what each remembers, its lines."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridplus.failures import InputError
from gridplus.meter import IntervalRead
from gridplus.tariff.components import MarkupWaiver, Use
from gridplus.tariff.given import NOTHING_GIVEN, Given
from gridplus.tariff.line import Line
from gridplus.tariff.moment import Moment
from gridplus.tariff.plan import Plan
from gridplus.tariff.rates import Rates
from gridplus.tariff.tally import Memory, MonthToDate, Tally
from gridplus.units import ABOLT_PER_PBOLT

MOST_TURNS = 36
"""Nothing remembers more months than this, so a longer pause forgets the same."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The lines of all stepwise components in one interval, and the month after it."""

    charges: tuple[Line, ...]
    returns: tuple[Line, ...]
    credits: tuple[Line, ...]
    month: MonthToDate


def require_taken(plan: Plan, given: Given) -> None:
    """Raise InputError for a fact that no component of the plan takes."""
    if given.waived_wh and plan.find(MarkupWaiver) is None:
        raise InputError(f"plan {plan.id} has no 'markup_waiver' to take kWh credits")


def step_all(plan: Plan, rates: Rates, *, read: IntervalRead, before: Tally, given: Given) -> Steps:
    """Raises InputError when a component cannot rate the read."""
    month = month_at(plan, rates.moment, before=before)
    memory = dict(month.memory)
    use = _use(rates, month, read=read, given=given)
    effects = [(part, part.step(use, memory.get(part.name, ()))) for part in plan.stepwise]
    memory |= {part.name: effect.memory for part, effect in effects}
    after = MonthToDate(
        month.month,
        month.since_s,
        month.import_wh + read.import_wh,
        month.export_wh + read.export_wh,
        _in_order(memory),
    )
    return Steps(
        charges=tuple(line for _, effect in effects for line in effect.charges),
        returns=tuple(line for _, effect in effects for line in effect.returns),
        credits=tuple(line for _, effect in effects for line in effect.credits),
        month=after,
    )


def marginal_price(plan: Plan, rates: Rates, *, before: Tally) -> tuple[int, int]:
    """(import, export) in aBOLT per Wh of the next Wh, where the month stands."""
    month = month_at(plan, rates.moment, before=before)
    memory = dict(month.memory)
    read = IntervalRead(rates.moment.interval, 0, 0, 0, 0)
    use = _use(rates, month, read=read, given=NOTHING_GIVEN)
    import_abolt, export_abolt = rates.import_abolt_per_wh, rates.export_abolt_per_wh
    for part in plan.stepwise:
        found = part.marginal(use, memory.get(part.name, ()))
        import_abolt += (found.import_charge - found.import_return) * rates.tax.gross_up_ppm
        export_abolt += found.export_return * rates.tax.gross_up_ppm
        export_abolt += found.export_credit * ABOLT_PER_PBOLT
    return import_abolt, export_abolt


def _use(rates: Rates, month: MonthToDate, *, read: IntervalRead, given: Given) -> Use:
    whole = month.since_s == rates.moment.month_bounds_s[0]
    return Use(read, rates.moment, rates.prices, month.import_wh, whole, given)


def month_at(plan: Plan, moment: Moment, *, before: Tally) -> MonthToDate:
    """The month as it stands when `moment` begins: opened, turned if it is a later one.

    What another plan's component remembered is kept: a change of plans loses nobody's bank.
    """
    last = before.month
    if last is None:
        return MonthToDate(moment.month, moment.interval.start_s, 0, 0)
    if last.month == moment.month:
        return last
    memory = dict(last.memory)
    for part in plan.stepwise:
        for _ in range(min(moment.month - last.month, MOST_TURNS)):
            memory[part.name] = part.turn(memory.get(part.name, ()))
    return MonthToDate(moment.month, moment.interval.start_s, 0, 0, _in_order(memory))


def _in_order(memory: Mapping[str, Memory]) -> tuple[tuple[str, Memory], ...]:
    return tuple(sorted((name, numbers) for name, numbers in memory.items() if numbers))
