"""A local day of many homes on one plan, rated in columns, exactly.

Every product is bounded before it is made: no row of a day may reach `DAY_LIMIT_PBOLT` by its Wh
times all prices at their highest plus everything flat, or it is refused by number. All that is
added up then stays below 2^63, and numpy never wraps.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.tariff.batch.asked import Asked, Vectors, asked_on
from gridplus.tariff.batch.columns import (
    Exact,
    Flows,
    Integers,
    Standing,
    require_rows,
    require_small,
)
from gridplus.tariff.batch.parts import (
    Amounts,
    Block,
    Parts,
    most_of,
    require_batch,
    step_parts,
)
from gridplus.tariff.line import Code, Side
from gridplus.tariff.plan import Plan
from gridplus.units import ABOLT_PER_PBOLT, PPM

DAY_LIMIT_PBOLT = 1 << 60
"""A million BOLT a day. Charges, both taxes (each at most as much) and what is returned of them,
on top of what stands on the channel (below 2^61), stay below 2^63."""
BLOCK_ROWS = 256
"""Rows worked on together: a column of them stays in the processor's cache."""
Lines = Mapping[Code, Exact]
Grain = Callable[[Integers], Integers]


@dataclass(frozen=True, slots=True)
class RatedDay:
    """`lines`: the day's exact amount a row, by code in the order of a bill. `after`: the tallies
    at the day's end. What they came from: digests of plan and prices (32 bytes each)."""

    day: date
    plan_digest: bytes
    prices_digest: bytes | None
    lines: Lines
    after: Standing


def rate_day(
    plan: Plan, prices: PriceVersion | None, *, flows: Flows, before: Standing
) -> RatedDay:
    """Rate a row for each home, a day after the one before it.

    Raises InputError as `rate` does, for a component that is not rated in columns, and for a row
    so large that int64 could overflow; both are for the exact rater, interval by interval.
    """
    asked, standing = _opened(plan, prices, flows=flows, before=before)
    lines = _joined(_rated(plan, asked, flows=flows, standing=standing, grain=_of_day))
    after = _after(plan, standing, flows=flows, lines=lines)
    digest = None if prices is None or plan.index is None else prices.digest
    return RatedDay(flows.day, plan.digest, digest, lines, after)


def interval_lines(
    plan: Plan, prices: PriceVersion | None, *, flows: Flows, before: Standing
) -> Lines:
    """The same lines interval by interval (rows x intervals). Raises InputError as `rate_day`."""
    asked, standing = _opened(plan, prices, flows=flows, before=before)
    return _joined(_rated(plan, asked, flows=flows, standing=standing, grain=_of_interval))


def _of_day(amounts: Integers) -> Integers:
    total: Integers = amounts.sum(axis=1)
    return total


def _of_interval(amounts: Integers) -> Integers:
    return amounts


def _opened(
    plan: Plan, prices: PriceVersion | None, *, flows: Flows, before: Standing
) -> tuple[Asked, Standing]:
    """What the plan asks on the day, and the tallies in its month; all bounds are proven here."""
    require_batch(plan)
    require_rows(flows, before)
    require_small(before)
    asked = asked_on(plan, prices, flows=flows)
    _require_exact(plan, asked, flows=flows)
    if plan.stepwise:
        start_s = asked.first.interval.start_s
        return asked, before.opened(asked.first.month, start_s=start_s)
    return asked, before


def _require_exact(plan: Plan, asked: Asked, *, flows: Flows) -> None:
    """In Python's integers, which do not wrap."""
    most = most_of(plan, asked)
    priced = (asked.import_prices, asked.import_credits, asked.export_prices)
    price = sum(int(vector.max()) for vectors in priced for vector in vectors.values())
    price += sum(part.price for part in most)
    flat = sum(sum(vector.tolist()) for vector in asked.fixed.values())
    flat += sum(part.flat_pbolt for part in most)
    if flat >= DAY_LIMIT_PBOLT:
        raise InputError(f"plan {plan.id} asks {flat} pBOLT on {flows.day} before anything flows")
    limit_wh = (DAY_LIMIT_PBOLT - 1 - flat) // max(price, 1)
    for column in (flows.import_wh, flows.export_wh):
        if not column.size or int(column.max()) * column.shape[1] <= limit_wh:
            continue
        total_wh = column.sum(axis=1, dtype=np.int64)
        if int(total_wh.max()) > limit_wh:
            row = int(np.argmax(total_wh))
            raise InputError(
                f"{flows.day}, row {row}: {total_wh[row]} Wh could pass int64 under plan {plan.id} "
                f"(safe to {limit_wh}); rate it interval by interval"
            )


def _rated(
    plan: Plan, asked: Asked, *, flows: Flows, standing: Standing, grain: Grain
) -> Iterator[dict[Code, Exact]]:
    """The lines of block after block, each at the grain that was asked for."""
    month_start_s = asked.first.month_bounds_s[0]
    for begin in range(0, len(flows), BLOCK_ROWS):
        rows = slice(begin, begin + BLOCK_ROWS)
        import_wh = flows.import_wh[rows].astype(np.int64)
        export_wh = flows.export_wh[rows].astype(np.int64)
        parts = Parts()
        if plan.stepwise:
            before_wh = standing.import_wh[rows, None]
            used_wh = before_wh + np.cumsum(import_wh, axis=1)
            whole = standing.since_s[rows] == month_start_s
            parts = step_parts(plan, Block(asked, import_wh, export_wh, used_wh, whole))
        homes = np.ones((len(import_wh), 1), dtype=np.int64)
        _add(parts.charges, asked.import_prices, times=import_wh)
        _add(parts.charges, asked.fixed, times=homes)
        _add(parts.credits, asked.export_prices, times=export_wh)
        _add(parts.credits, asked.import_credits, times=import_wh)
        yield _lines(plan, asked, parts=parts, grain=grain)


def _add(amounts: Amounts, vectors: Vectors, *, times: Integers) -> None:
    for code, vector in vectors.items():
        amount = times * vector
        amounts[code] = amounts[code] + amount if code in amounts else amount


def _lines(plan: Plan, asked: Asked, *, parts: Parts, grain: Grain) -> dict[Code, Exact]:
    """Taxes are linear in pBOLT, so those of a day are taken on its sum."""
    charges, returns, credited = (
        {code: grain(amounts) for code, amounts in side.items()}
        for side in (parts.charges, parts.returns, parts.credits)
    )
    lines = {code: _whole(amount) for code, amount in (charges | returns | credited).items()}
    if plan.taxes is not None:
        taxed, tax = _sum(charges), asked.tax
        lines[Code.TAX_PUC] = _share(taxed, ppm=tax.puc_ppm)
        lines[Code.TAX_GROSS_RECEIPTS] = _share(taxed, ppm=tax.gross_receipts_ppm)
        if returns:
            lines[Code.TAX_RETURNED] = _share(_sum(returns), ppm=tax.gross_up_ppm - PPM)
    return lines


def _sum(amounts: Amounts) -> Integers:
    first, *others = amounts.values()
    return sum(others, first)


def _whole(pbolt: Integers) -> Exact:
    return Exact(pbolt, np.zeros_like(pbolt))


def _share(pbolt: Integers, *, ppm: int) -> Exact:
    """pBOLT x ppm aBOLT without a product beyond 2 x `pbolt` or 2e12: `ppm` is at most 2e6."""
    millions, left = np.divmod(pbolt, PPM)
    small = left * ppm
    return Exact(millions * ppm + small // ABOLT_PER_PBOLT, small % ABOLT_PER_PBOLT)


def _joined(blocks: Iterable[Lines]) -> Lines:
    """Blocks below each other, the codes in the order of a bill; every block has the same."""
    each = list(blocks)
    return {
        code: Exact(
            np.concatenate([lines[code].pbolt for lines in each]),
            np.concatenate([lines[code].rest_abolt for lines in each]),
        )
        for code in Code
        if each and code in each[0]
    }


def _after(plan: Plan, standing: Standing, *, flows: Flows, lines: Lines) -> Standing:
    sums = {side: [amount for code, amount in lines.items() if code.side is side] for side in Side}
    after = replace(
        standing,
        charges=Exact.sum_of([standing.charges, *sums[Side.CHARGE]]),
        credits=Exact.sum_of([standing.credits, *sums[Side.CREDIT]]),
    )
    if not plan.stepwise:
        return after
    return replace(
        after,
        import_wh=standing.import_wh + flows.import_wh.sum(axis=1, dtype=np.int64),
        export_wh=standing.export_wh + flows.export_wh.sum(axis=1, dtype=np.int64),
    )
