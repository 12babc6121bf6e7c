"""A building's four numbers from its past: what the thermostat saw, and what it switched."""

from collections.abc import Sequence

import numpy as np

from gridplus.failures import InputError, invariant
from gridplus.planner.devices import Building
from gridplus.units import HOUR_S, PPM

LEAST_INTERVALS = 96
WH_PER_KWH = 1_000


def fit_building(
    indoor_mc: Sequence[int],
    outdoor_mc: Sequence[int],
    *,
    heat_wh: Sequence[int],
    cool_wh: Sequence[int],
    length_s: int,
) -> Building:
    """The first-order building that explains a past best, by least squares.

    `indoor_mc` are temperatures at the beginnings of intervals of `length_s`, and one more at the
    end of the last; the others have one entry for each interval. A device that never ran has no
    effect. Raises InputError for a past that is too short or that no building could have.
    """
    count = len(outdoor_mc)
    invariant(
        len(indoor_mc) == count + 1 and len(heat_wh) == len(cool_wh) == count,
        "each interval has its weather, its heat and its cold",
    )
    if count < LEAST_INTERVALS:
        raise InputError(f"a building is fitted from {LEAST_INTERVALS} intervals or more")
    hours = length_s / HOUR_S
    indoor, outdoor = np.array(indoor_mc, np.float64), np.array(outdoor_mc, np.float64)
    causes = np.stack(
        [
            (outdoor - indoor[:-1]) * hours,
            np.full(count, hours),
            np.array(heat_wh) / WH_PER_KWH,
            -np.array(cool_wh) / WH_PER_KWH,
        ],
        axis=1,
    )
    (loss, gain, heat, cool), *_ = np.linalg.lstsq(causes, np.diff(indoor), rcond=None)
    if not 0 < loss <= 1:
        raise InputError(
            f"in this past the house loses {loss:.1%} of the difference to outdoors in an hour, "
            "which no building does; give a longer past, with nights in which nothing ran"
        )
    if min(heat, cool) < 0:
        raise InputError("in this past heating cools or cooling heats; check the columns")
    return Building(max(1, round(loss * PPM)), round(gain), round(heat), round(cool))
