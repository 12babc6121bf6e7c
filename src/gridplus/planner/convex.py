"""A convex piecewise-linear function of the stored energy, walked backwards in time."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeAlias

Four: TypeAlias = tuple[int, int, int, int]
"""One number for each move of an interval: charge from the grid, charge surplus sun, cover the
home's need, export. Charges come first, and a charge from the grid never costs less than the sun.
"""


class FutureCost:
    """V(s): the least cost of what is still to come when `s` µWh are stored.

    It lives from `low_uwh` up to a fixed high end, costs `low_cost` at its low end, and rises from
    there by `slopes[k]` for each of the next `widths[k]` µWh. Slopes are integers, in a scaled
    unit of the caller's, and never fall.
    """

    def __init__(
        self, low_uwh: int, low_cost: int, *, slopes: Sequence[int], widths: Sequence[int]
    ) -> None:
        self.low_uwh = low_uwh
        self.low_cost = low_cost
        self._slopes = list(slopes)
        self._widths = list(widths)

    def levels(self, slopes: Four) -> Four:
        """Up to which µWh each charge and down to which each discharge is strictly worth it.

        `slopes` are those of V at which the moves break even.
        """
        grid, sun, home, export = slopes
        edges = list(accumulate(self._widths, initial=self.low_uwh))
        return (
            edges[bisect_left(self._slopes, grid)],
            edges[bisect_left(self._slopes, sun)],
            edges[bisect_right(self._slopes, home)],
            edges[bisect_right(self._slopes, export)],
        )

    def step_back(self, slopes: Four, widths: Four, *, low_uwh: int) -> None:
        """V <- the least of cost(x) + V(s + x) over the moves x of one interval.

        `slopes` as for `levels`; `widths` are how many µWh each move shifts at most. The new low
        end is at most one full charge below the present one; the high end stays.
        """
        own_slopes, own_widths = self._slopes, self._widths
        for slope, width in zip(slopes, widths, strict=True):
            if width:
                at = bisect_left(own_slopes, slope)
                own_slopes.insert(at, slope)
                own_widths.insert(at, width)
        self.low_uwh -= widths[0] + widths[1]
        self.low_cost -= slopes[0] * widths[0] + slopes[1] * widths[1]
        self.raise_low(low_uwh)
        self._lower_high(widths[2] + widths[3])

    def raise_low(self, low_uwh: int) -> None:
        """Forget what lies below `low_uwh`."""
        slopes, widths = self._slopes, self._widths
        excess_uwh, cost, gone = low_uwh - self.low_uwh, self.low_cost, 0
        while excess_uwh:
            width = widths[gone]
            if width > excess_uwh:
                cost += slopes[gone] * excess_uwh
                widths[gone] = width - excess_uwh
                break
            cost += slopes[gone] * width
            excess_uwh -= width
            gone += 1
        del slopes[:gone], widths[:gone]
        self.low_uwh, self.low_cost = low_uwh, cost

    def _lower_high(self, excess_uwh: int) -> None:
        slopes, widths = self._slopes, self._widths
        while excess_uwh:
            if widths[-1] > excess_uwh:
                widths[-1] -= excess_uwh
                break
            excess_uwh -= widths.pop()
            slopes.pop()
