"""Rating: an interval read, a plan and a price version -> charge lines, exactly.

Energy x price is an exact number of pBOLT; a tax in ppm of it is an exact number of aBOLT. Lines
are exact and are added up exactly for the life of a channel; what is paid is the sum rounded once,
in the customer's favour, so that the error never exceeds 1 µBOLT. The planner's prices come from
the same `Rates`, so a planned cost is the billed cost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff.components import Price, TaxRow
from gridplus.tariff.given import NOTHING_GIVEN, Given
from gridplus.tariff.line import RANK, Code, Line, Side, per_wh
from gridplus.tariff.plan import Plan
from gridplus.tariff.rates import Rates, rates_at
from gridplus.tariff.steps import marginal_price, require_taken, step_all
from gridplus.tariff.tally import Tally
from gridplus.units import (
    ABOLT_PER_PBOLT,
    PPM,
    Interval,
    share_by_largest_remainder,
)


@dataclass(frozen=True, slots=True)
class Rated:
    """The lines of one interval in the order of `Code`, and the tally after it."""

    lines: tuple[Line, ...]
    after: Tally


def rate(
    plan: Plan,
    prices: PriceVersion | None,
    *,
    read: IntervalRead,
    before: Tally,
    given: Given = NOTHING_GIVEN,
) -> Rated:
    """Rate one read. Raises InputError as `rates_at` does, and for a fact that no component takes.

    `before` is the tally after the interval before; the channel's first begins with `Tally()`.
    """
    rates = rates_at(plan, prices, interval=read.interval)
    if given is not NOTHING_GIVEN:
        require_taken(plan, given)
    if plan.stepwise:
        return _rate_stepwise(plan, rates, read=read, before=before, given=given)
    import_wh, export_wh = read.import_wh, read.export_wh
    taxed_pbolt = import_wh * rates.before_tax + rates.fixed_pbolt
    lines = [
        Line(code, import_wh, price, import_wh * price * ABOLT_PER_PBOLT)
        for code, price in rates.import_prices
    ]
    lines += rates.fixed
    if plan.taxes is not None:
        lines += _taxes(taxed_pbolt, rates.tax)
    for code, price in rates.export_prices:
        lines.append(Line(code, export_wh, price, export_wh * price * ABOLT_PER_PBOLT))
    if rates.import_credits:
        lines += _priced(import_wh, rates.import_credits)
    credited_abolt = (
        export_wh * rates.export_abolt_per_wh + import_wh * rates.import_credit_abolt_per_wh
    )
    for line in _rewarded(read, given):
        lines.append(line)
        credited_abolt += line.amount_abolt
    after = Tally(
        before.charges_abolt + taxed_pbolt * rates.gross_up_ppm,
        before.credits_abolt + credited_abolt,
        before.month,
    )
    return Rated(tuple(lines), after)


def energy_prices(
    plan: Plan,
    prices: PriceVersion | None,
    *,
    intervals: Sequence[Interval],
    before: Tally = Tally(),  # noqa: B008 - immutable
) -> tuple[tuple[int, int], ...]:
    """(import, export) in aBOLT per Wh, adders and taxes in: what a planner optimises.

    A plan that prices each interval by itself costs exactly this. For one that looks at the month
    they are the prices of the next Wh where `before` stands; docs/plans.md says what that leaves
    out, and `plan_cost` gives the exact cost of a course. Raises InputError as `rates_at` does.
    """
    each = [rates_at(plan, prices, interval=interval) for interval in intervals]
    if plan.stepwise:
        return tuple(marginal_price(plan, rates, before=before) for rates in each)
    return tuple((rates.import_abolt_per_wh, rates.export_abolt_per_wh) for rates in each)


def plan_cost(
    plan: Plan,
    prices: PriceVersion | None,
    *,
    reads: Iterable[IntervalRead],
    before: Tally,
) -> Tally:
    """The tally after a course of reads, exactly as it would be billed: a planner costs what it
    chose by the difference. Raises InputError as `rate` does."""
    for read in reads:
        before = rate(plan, prices, read=read, before=before).after
    return before


def share_ubolt(lines: Iterable[Line], before: Tally, *, after: Tally) -> dict[Code, int]:
    """What was newly payable between two tallies, shared over its lines by largest remainder.

    `lines` may hold many intervals. Returns µBOLT for every code that occurs, in the order of a
    bill: the charges sum exactly to the rise of `spent`, the credits to the rise of `earned`.
    """
    payable = {
        Side.CHARGE: after.spent_ubolt - before.spent_ubolt,
        Side.CREDIT: after.earned_ubolt - before.earned_ubolt,
    }
    return share_payable(lines, payable)


def share_payable(lines: Iterable[Line], payable: Mapping[Side, int]) -> dict[Code, int]:
    """The same, of amounts (µBOLT) by side that are known already."""
    exact: dict[Code, int] = {}
    for line in lines:
        exact[line.code] = exact.get(line.code, 0) + line.amount_abolt
    shared: dict[Code, int] = {}
    for side, total in payable.items():
        codes = [code for code in Code if code in exact and code.side is side]
        if codes:
            parts = share_by_largest_remainder(total, [exact[code] for code in codes])
            shared.update(zip(codes, parts, strict=True))
    return shared


def _rate_stepwise(
    plan: Plan, rates: Rates, *, read: IntervalRead, before: Tally, given: Given
) -> Rated:
    """The same, with the components that look at the read and the month."""
    steps = step_all(plan, rates, read=read, before=before, given=given)
    tax, import_wh, export_wh = rates.tax, read.import_wh, read.export_wh
    charges = [*_priced(import_wh, rates.import_prices), *rates.fixed, *steps.charges]
    credited = [
        *_priced(export_wh, rates.export_prices),
        *_priced(import_wh, rates.import_credits),
        *steps.returns,
        *steps.credits,
        *_rewarded(read, given),
    ]
    taxed_pbolt = sum(line.amount_abolt for line in charges) // ABOLT_PER_PBOLT
    if plan.taxes is not None:
        charges += _taxes(taxed_pbolt, tax)
        if steps.returns:
            returned_pbolt = sum(line.amount_abolt for line in steps.returns) // ABOLT_PER_PBOLT
            returned = returned_pbolt * (tax.gross_up_ppm - PPM)
            credited.append(Line(Code.TAX_RETURNED, 0, 0, returned))
    after = Tally(
        before.charges_abolt + sum(line.amount_abolt for line in charges),
        before.credits_abolt + sum(line.amount_abolt for line in credited),
        steps.month,
    )
    return Rated(tuple(sorted(charges + credited, key=lambda line: RANK[line.code])), after)


def _rewarded(read: IntervalRead, given: Given) -> tuple[Line, ...]:
    """What a paid request earns under any plan: it is an agreement beside it. No price is reduced,
    so no tax is returned."""
    called = given.called
    if called is None:
        return ()
    less_wh, reward = called.less_wh(read.import_wh), called.reward_ubolt_per_mwh
    return (per_wh(Code.DEMAND_RESPONSE, less_wh, price=reward),)


def _priced(quantity_wh: int, prices: Iterable[Price]) -> list[Line]:
    return [
        Line(code, quantity_wh, price, quantity_wh * price * ABOLT_PER_PBOLT)
        for code, price in prices
    ]


def _taxes(taxed_pbolt: int, tax: TaxRow) -> tuple[Line, Line]:
    return (
        Line(Code.TAX_PUC, 0, 0, taxed_pbolt * tax.puc_ppm),
        Line(Code.TAX_GROSS_RECEIPTS, 0, 0, taxed_pbolt * tax.gross_receipts_ppm),
    )
