"""The stepwise components that are rated in columns: the formulas of their `step`, for many rows.

What depends on the month's use follows from cumulative sums. A component that is not here is
refused by name, and its plan is rated interval by interval.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gridplus.failures import InputError
from gridplus.tariff.batch.asked import Asked
from gridplus.tariff.batch.columns import Integers
from gridplus.tariff.components import (
    BlockAndIndex,
    MinimumUseFee,
    OwnUseFirst,
    Stepwise,
    Tiers,
    UsageCredit,
)
from gridplus.tariff.line import Code
from gridplus.tariff.moment import PBOLT_PER_UBOLT
from gridplus.tariff.plan import Plan

Amounts = dict[Code, Integers]


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a day: what the plan asks, what was taken and fed in (rows x intervals), the
    month's use with each interval in it. `whole_month`: rows whose month was billed from its first
    interval."""

    asked: Asked
    import_wh: Integers
    export_wh: Integers
    used_wh: Integers
    whole_month: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Parts:
    """pBOLT by code (rows x intervals): charges, what gives them back with their taxes, credits."""

    charges: Amounts = field(default_factory=dict)
    returns: Amounts = field(default_factory=dict)
    credits: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Most:
    """Bounds of one part for the proof: µBOLT/MWh for a Wh that flows, pBOLT a day besides."""

    price: int = 0
    flat_pbolt: int = 0


def _tiers(part: Tiers, block: Block) -> Parts:
    amount, from_wh, begin_wh = np.zeros_like(block.used_wh), 0, block.used_wh - block.import_wh
    for tier in part.tiers:
        reached = [np.clip(at, from_wh, tier.up_to_wh) for at in (begin_wh, block.used_wh)]
        amount += (reached[1] - reached[0]) * tier.price
        from_wh = tier.up_to_wh
    return Parts(charges={Code.ENERGY: amount})


def _block(_part: BlockAndIndex, block: Block) -> Parts:
    over_wh = block.import_wh - block.asked.bought_wh
    return Parts(
        charges={Code.ENERGY: np.maximum(over_wh, 0) * block.asked.index},
        credits={Code.BLOCK_CREDIT: np.maximum(-over_wh, 0) * block.asked.index},
    )


def _usage_credit(part: UsageCredit, block: Block) -> Parts:
    before_wh = block.used_wh - block.import_wh
    crosses = (before_wh <= part.above_wh) & (block.used_wh > part.above_wh)
    amount = crosses * np.int64(part.credit_ubolt * PBOLT_PER_UBOLT)
    return Parts(returns={Code.USAGE_CREDIT: amount})


def _minimum_use(part: MinimumUseFee, block: Block) -> Parts:
    amount = np.zeros_like(block.used_wh)
    if block.asked.last.ends_month:
        due = block.whole_month & (block.used_wh[:, -1] < part.below_wh)
        amount[:, -1] = due * np.int64(part.fee_ubolt * PBOLT_PER_UBOLT)
    return Parts(charges={Code.MINIMUM_USE: amount})


def _own_use(part: OwnUseFirst, block: Block) -> Parts:
    own_wh = np.minimum(block.import_wh, block.export_wh)
    return Parts(
        returns={Code.OWN_USE: own_wh * block.asked.energy_price},
        credits={Code.EXPORT: (block.export_wh - own_wh) * np.int64(part.price)},
    )


def _most_block(_part: BlockAndIndex, asked: Asked) -> Most:
    left = zip(asked.bought_wh.tolist(), asked.index.tolist(), strict=True)
    return Most(int(asked.index.max()), sum(wh * price for wh, price in left))


_STEPS: dict[type[Stepwise], tuple[Callable[..., Parts], Callable[..., Most]]] = {
    Tiers: (_tiers, lambda part, _: Most(max(tier.price for tier in part.tiers))),
    BlockAndIndex: (_block, _most_block),
    UsageCredit: (_usage_credit, lambda part, _: Most(0, part.credit_ubolt * PBOLT_PER_UBOLT)),
    MinimumUseFee: (_minimum_use, lambda part, _: Most(0, part.fee_ubolt * PBOLT_PER_UBOLT)),
    OwnUseFirst: (_own_use, lambda part, at: Most(part.price + int(at.energy_price.max()))),
}


def require_batch(plan: Plan) -> None:
    """Raise InputError that names the components that are not rated in columns."""
    left = [part.name for part in plan.stepwise if type(part) not in _STEPS]
    if left:
        names = ", ".join(repr(name) for name in left)
        raise InputError(f"plan {plan.id}: {names} not rated in columns; rate interval by interval")


def step_parts(plan: Plan, block: Block) -> Parts:
    into = Parts()
    for part in plan.stepwise:
        found = _STEPS[type(part)][0](part, block)
        into.charges.update(found.charges)
        into.returns.update(found.returns)
        into.credits.update(found.credits)
    return into


def most_of(plan: Plan, asked: Asked) -> list[Most]:
    return [_STEPS[type(part)][1](part, asked) for part in plan.stepwise]
