"""What a home will use and make, from nothing but what it has used and made.

Time of day is counted back from now in whole days, so a forecast needs no calendar. Chosen by the
cost of following it (`bench/savings.py`), not by its error: docs/planner.md has the comparison.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gridplus.failures import invariant
from gridplus.units import SETTLEMENT_INTERVAL_S

Energies: TypeAlias = npt.NDArray[np.int64]
Expected: TypeAlias = npt.NDArray[np.float64]
PER_DAY = 86_400 // SETTLEMENT_INTERVAL_S
LOAD_DAYS = 28
YESTERDAY_SHARE = 0.5
LOAD_CAUTION = 0.9
"""Charge kept for a load that stays away is lost for the day; an unforeseen one is met anyway."""
SCENARIO_DAYS = 14
LEVEL = 48
"""Intervals over which the use of now is compared with that of a day that has been."""
LEVEL_SHARE = 0.4
"""The power of that comparison with which the whole day's load is brought to today's."""
QUIET_WH = 500
"""As `DARK_WH`, for loads."""
NOW_FADE = 0.8
"""How much of what sets this interval apart from that day's lasts to the next."""
SKY_FADE = 0.985
"""How much of the comparison of today's sky with that day's lasts from one interval to the next."""
SOLAR_DAYS = 14
CLEAR_RANK = 4
"""The fourth brightest of two weeks stands for a clear sky at that time of day."""
SEEN = 16
"""Intervals over which today's sky is compared with the clear one."""
SEEN_FADE = 0.97
"""How much of that comparison lasts from one interval to the next."""
DARK_WH = 400
"""Added on both sides of the comparison, so that dusk and dawn say little about the day."""


def forecast_net_load(load_wh: Energies, solar_wh: Energies, *, count: int) -> tuple[int, ...]:
    """Load less solar in Wh for the next `count` intervals of 15 minutes.

    `load_wh` and `solar_wh` are 1-d and equally long, oldest first; the last entry is the interval
    that has just ended. A past shorter than a day counts as zero where it is missing.
    """
    invariant(load_wh.shape == solar_wh.shape == (len(load_wh),), "load and solar go together")
    net_wh = _load(load_wh, count=count) - _solar(solar_wh, count=count)
    whole: list[int] = np.rint(net_wh).astype(np.int64).tolist()
    return tuple(whole)


def forecast_scenarios(load_wh: Energies, solar_wh: Energies, *, count: int) -> Energies:
    """Net loads that may come, a row of `count` for each of the last days, newest last, each as
    likely as the others: that day's load and sun, brought to what was used and seen just now.

    Arrays as for `forecast_net_load`. At least one row, at most `SCENARIO_DAYS`.
    """
    invariant(load_wh.shape == solar_wh.shape == (len(load_wh),), "load and solar go together")
    load, sun = _with_a_day_before(load_wh), _with_a_day_before(solar_wh)
    days = min(SCENARIO_DAYS, len(load) // PER_DAY - 1)
    ends = len(load) - PER_DAY * np.arange(days, -1, -1)
    busy = _ratio(load, ends, length=LEVEL, least_wh=QUIET_WH)[:, None] ** LEVEL_SHARE
    bright = _ratio(sun, ends, length=SEEN, least_wh=DARK_WH)[:, None]
    ahead = np.arange(count)
    place = ends[:-1, None] + ahead % PER_DAY
    unlike_wh = load[-1] - busy * load[ends[:-1] - 1, None]
    loads = np.maximum(busy * load[place] + unlike_wh * NOW_FADE ** (ahead + 1), 0)
    suns = sun[place] * bright ** (SKY_FADE**ahead)
    whole: Energies = np.rint(loads - suns).astype(np.int64)
    return whole


def _with_a_day_before(past_wh: Energies) -> Energies:
    """What a past of less than a day lacks is zero; a past that is too short to compare the oldest
    scenario's day with the day before it has its first day twice."""
    if len(past_wh) < PER_DAY:
        past_wh = np.concatenate([np.zeros(PER_DAY - len(past_wh), np.int64), past_wh])
    if len(past_wh) >= (SCENARIO_DAYS + 1) * PER_DAY:
        return past_wh
    first = len(past_wh) % PER_DAY
    return np.concatenate([past_wh[first : first + PER_DAY], past_wh[first:]])


def _ratio(past_wh: Energies, ends: Energies, *, length: int, least_wh: int) -> Expected:
    """The sum of the last `length` intervals beside that of those before each of the other ends;
    `least_wh` on both sides, so that little says little."""
    sums = np.concatenate([[0], np.cumsum(np.maximum(past_wh, 0))])
    recent = (sums[ends] - sums[ends - length] + least_wh).astype(np.float64)
    ratio: Expected = recent[-1] / recent[:-1]
    return ratio


def _load(past_wh: Energies, *, count: int) -> Expected:
    """Half yesterday, which keeps the ups and downs of a day; half the mean of four weeks."""
    days = _days(past_wh, LOAD_DAYS)
    expected = YESTERDAY_SHARE * days[-1] + (1 - YESTERDAY_SHARE) * days.mean(axis=0)
    return np.resize(LOAD_CAUTION * expected, count)


def _solar(past_wh: Energies, *, count: int) -> Expected:
    """A clear sky, dimmed as today's was just now; the dimming fades with the hours."""
    days = _days(past_wh, SOLAR_DAYS + 1)
    seen_wh = int(days[-1, -SEEN:].sum())
    clear_wh = int(_clear(days[:-1])[-SEEN:].sum()) if len(days) > 1 else seen_wh
    dimming = (seen_wh + DARK_WH) / (clear_wh + DARK_WH) - 1
    fading = 1 + dimming * SEEN_FADE ** np.arange(count)
    clear: Expected = np.resize(_clear(days[-SOLAR_DAYS:]), count) * fading
    return clear


def _clear(days: Energies) -> Energies:
    clear: Energies = np.sort(days, axis=0)[-min(CLEAR_RANK, len(days))]
    return clear


def _days(past_wh: Energies, most: int) -> Energies:
    """The last whole days, a row each, newest last: column j is j intervals after now's time."""
    whole = min(len(past_wh) // PER_DAY, most)
    if not whole:
        past_wh = np.concatenate([np.zeros(PER_DAY - len(past_wh), np.int64), past_wh])
        whole = 1
    return past_wh[len(past_wh) - whole * PER_DAY :].reshape(whole, PER_DAY)
