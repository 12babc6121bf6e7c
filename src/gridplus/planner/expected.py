"""A battery's rule for a load that nobody knows yet, by stochastic dynamic programming.

V_k(s) is the least cost of the rest of the horizon when s is stored and future k comes; one step
back in time merges an interval's moves into the slopes of V_k, as in plan.py. Between two steps a
future may turn into any other: a small part of each V_k is replaced by the mean of all. So the rule
that is read from the mean neither trusts one forecast nor believes that tomorrow tells all.

The slopes stand on even cells of the battery, which makes a step a sort; quarter hours at the same
prices are one step, for their moves cost the same. Their sums over time stay whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from gridplus.failures import InputError, invariant
from gridplus.planner.battery import UWH_PER_WH, Battery
from gridplus.planner.forecast import Energies
from gridplus.planner.rule import Rule
from gridplus.units import PPM, SETTLEMENT_INTERVAL_S

CELLS = 90
"""A battery of 6.4 kWh in cells of 64 Wh."""
NEAR = 12
"""So many intervals are walked one by one."""
TOGETHER = 4
"""After them so many at one price make a step: in between a full battery is not noticed."""
STAYS = 0.97
"""How much of a future is still itself after a quarter of an hour."""
Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Prospect:
    """What may come in the intervals of `length_s` from now on: marginal (import, export) prices in
    aBOLT per Wh, and in each row of `nets_wh` a net load as likely as the others. The first column
    is the interval that begins now.

    Raises InputError unless import >= export >= 0 everywhere.
    """

    prices: Sequence[tuple[int, int]]
    nets_wh: Energies
    length_s: int = SETTLEMENT_INTERVAL_S

    def __post_init__(self) -> None:
        invariant(
            self.nets_wh.ndim == 2 and self.nets_wh.shape[1] == len(self.prices) > 0,
            "each future has a net load for each price",
        )
        if not all(taken >= fed >= 0 for taken, fed in self.prices):
            raise InputError("a battery is planned for import >= export >= 0")


@dataclass(frozen=True, slots=True)
class Expected:
    """The rule of least mean cost for the interval that begins now, and what stored energy is worth
    after it: `worth` in aBOLT per stored Wh, cell by cell of `cell_wh` from `low_wh` up."""

    rule: Rule
    worth: Floats
    low_wh: float
    cell_wh: float

    def worth_abolt(self, stored_uwh: int) -> int:
        """What the next Wh above a level of `stored_uwh` is worth later, in aBOLT."""
        cell = int((stored_uwh / UWH_PER_WH - self.low_wh) / self.cell_wh)
        return int(self.worth[min(max(cell, 0), len(self.worth) - 1)])


def expected_rule(battery: Battery, prospect: Prospect, *, end_wh: int) -> Expected:
    """What to do in the first interval so that the mean cost over all futures is least, ending with
    at least `end_wh` stored. A battery below its reserve is charged up to it at once."""
    walk = _Walk(battery, prospect, end_wh=end_wh)
    slopes = walk.mean_slopes()
    grid, sun, home, export = walk.break_even(prospect.prices[0])
    edges = (
        np.searchsorted(slopes, (grid, sun), side="left").tolist()
        + np.searchsorted(slopes, (home, export), side="right").tolist()
    )
    levels = [
        min(battery.capacity_uwh, round((walk.low_wh + edge * walk.cell_wh) * UWH_PER_WH))
        for edge in edges
    ]
    return Expected(Rule(*levels), -slopes, walk.low_wh, walk.cell_wh)


class _Walk:
    """V's slopes, a row for each future, walked from the end of the horizon to now.

    The cells begin at the reserve, and one begins where the wished end charge is reached.
    """

    def __init__(self, battery: Battery, prospect: Prospect, *, end_wh: int) -> None:
        self._battery, self._prospect = battery, prospect
        self.low_wh = float(battery.reserve_wh)
        room_wh, wished_wh = battery.capacity_wh - self.low_wh, max(0.0, end_wh - self.low_wh)
        below = max(1, round(CELLS * wished_wh / room_wh)) if wished_wh else 0
        self.cell_wh = wished_wh / below if below else room_wh / CELLS
        self._cells = int(np.ceil(room_wh / self.cell_wh - 1e-9))
        dearest = max(taken for taken, _ in prospect.prices)
        self._wished = np.where(np.arange(self._cells) < below, -4.0 * (1 + dearest), 0.0)

    def break_even(self, price: tuple[int, int]) -> tuple[float, float, float, float]:
        """The slopes of V at which the four moves are worth nothing, dearest charge first."""
        taken, fed = price
        gain, give = self._battery.charge_ppm / PPM, self._battery.discharge_ppm / PPM
        wear = self._battery.wear_abolt_per_wh
        return -taken / gain, -fed / gain, (wear - taken) * give, (wear - fed) * give

    def mean_slopes(self) -> Floats:
        """Of the mean of all V, at the end of the interval that begins now."""
        slopes = np.tile(self._wished, (len(self._prospect.nets_wh), 1))
        for step in reversed(list(self._steps())):
            grid, sun, home, export = self.break_even(step.price)
            charges = np.where(np.arange(step.charge) < step.sun[:, None], sun, grid)
            gives = np.where(np.arange(step.give) < step.home[:, None], home, export)
            mixed = step.stays * slopes + (1 - step.stays) * slopes.mean(axis=0)
            merged = np.sort(np.concatenate([charges, mixed, gives], axis=1), axis=1)
            slopes = merged[:, step.charge : step.charge + self._cells]
        mean: Floats = slopes.mean(axis=0)
        return mean

    def _steps(self) -> "Iterator[_Step]":
        """From the second interval on, up to `TOGETHER` at one price in a step."""
        prices, nets_wh = self._prospect.prices, self._prospect.nets_wh
        begins = [1]
        for i in range(2, len(prices)):
            most = 1 if i <= NEAR else TOGETHER
            if prices[i] != prices[i - 1] or i - begins[-1] >= most:
                begins.append(i)
        if len(prices) < 2:
            return
        battery = self._battery
        limit_wh = battery.limit_wh(self._prospect.length_s)
        gain, drain = battery.charge_ppm / PPM, PPM / battery.discharge_ppm
        suns = self._in_cells(np.clip(-nets_wh, 0, limit_wh), gain, begins=begins)
        homes = self._in_cells(np.clip(nets_wh, 0, limit_wh), drain, begins=begins)
        for at, (first, end) in enumerate(pairwise([*begins, len(prices)])):
            count = end - first
            charge = int(count * limit_wh * gain / self.cell_wh)
            give = int(count * limit_wh * drain / self.cell_wh)
            stays = STAYS ** (count * self._prospect.length_s / SETTLEMENT_INTERVAL_S)
            yield _Step(prices[first], stays, charge, give, suns[:, at], homes[:, at])

    def _in_cells(self, wh: Energies, stored: float, *, begins: Sequence[int]) -> Counts:
        """Whole cells of each step, a Wh being so many `stored`; what rounding leaves of one goes
        to the next."""
        sums = np.cumsum(np.add.reduceat(wh, begins, axis=1), axis=1)
        cells = np.diff(np.rint(sums * (stored / self.cell_wh)), axis=1, prepend=0)
        return cells.astype(np.int64)


class _Step(NamedTuple):
    """Intervals at one price: how much of a future stays itself, the cells that may be charged and
    given, and in each future how many of them from its sun and to its home."""

    price: tuple[int, int]
    stays: float
    charge: int
    give: int
    sun: Counts
    home: Counts
