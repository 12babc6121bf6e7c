"""Demand charges as a planner meets them: which power is free still, and which windows count."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gridplus.tariff.components import DemandCharge
from gridplus.tariff.components.demand import PBOLT_PER_UBOLT_W_PER_KW
from gridplus.tariff.moment import Moment, moment_of
from gridplus.tariff.plan import Plan
from gridplus.tariff.steps import month_at
from gridplus.tariff.tally import Tally
from gridplus.units import PPM, Interval


@dataclass(frozen=True, slots=True)
class Peak:
    """A demand charge in one local month of a horizon: `price_abolt_per_w`, taxes in, for each W by
    which the highest average over a window of `window_s` passes `free_w`.

    `windows` are the places, in the horizon, of the intervals of each window that counts;
    `before_wh` was taken in the first one before the horizon begins.
    """

    price_abolt_per_w: int
    window_s: int
    free_w: int
    before_wh: int
    windows: tuple[tuple[int, ...], ...]


def peaks_ahead(plan: Plan, intervals: Sequence[Interval], *, before: Tally) -> tuple[Peak, ...]:
    """The plan's demand charges over `intervals`, where the month stands at `before`.

    A later month of the horizon begins with the ratchet of the peaks known now.
    """
    moments = [moment_of(interval, plan.time_zone, index=None) for interval in intervals]
    months = [list(group) for _, group in groupby(range(len(moments)), lambda i: moments[i].month)]
    charges = [part for part in plan.components if isinstance(part, DemandCharge)]
    peaks = (
        _peak(plan, charge, moments=moments, places=places, before=before)
        for charge in charges
        for places in months
    )
    return tuple(peak for peak in peaks if peak.windows)


def _peak(
    plan: Plan,
    charge: DemandCharge,
    *,
    moments: Sequence[Moment],
    places: Sequence[int],
    before: Tally,
) -> Peak:
    first = moments[places[0]]
    memory = dict(month_at(plan, first, before=before).memory)
    open_s, open_wh, billed_w, _, *past_w = memory.get(charge.name, ()) or (0, 0, 0, 0)
    floor_w = max(past_w[: charge.ratchet_months], default=0) * charge.ratchet_ppm // PPM
    window_s, windows = charge.window_s, []
    for _, group in groupby(places, lambda i: moments[i].interval.start_s // window_s):
        window = list(group)
        while window and charge.cell_of(moments[window[-1]]) not in charge.cells:
            window.pop()  # what is taken after the last hour that counts does not count
        if window:
            windows.append(tuple(window))
    start_s = first.interval.start_s
    is_open = open_s == start_s - start_s % window_s and windows and windows[0][0] == places[0]
    gross_up_ppm = plan.tax_on(first.day).gross_up_ppm
    return Peak(
        charge.price_ubolt_per_kw * PBOLT_PER_UBOLT_W_PER_KW * gross_up_ppm,
        window_s,
        max(billed_w, floor_w),
        open_wh if is_open else 0,
        tuple(windows),
    )
