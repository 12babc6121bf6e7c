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
SCENARIO_DAYS = 7
NOW_FADE = 0.93
"""How much of the difference between now and a day ago lasts from one interval to the next."""
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


def forecast_scenarios(
    load_wh: Energies, solar_wh: Energies, *, count: int
) -> tuple[tuple[int, ...], ...]:
    """Net loads that may come, each as likely as the others: the load of each of the last days,
    brought to what is used just now, less the expected solar.

    Arrays as for `forecast_net_load`. At least one, at most `SCENARIO_DAYS`.
    """
    invariant(load_wh.shape == solar_wh.shape == (len(load_wh),), "load and solar go together")
    days = _days(load_wh, SCENARIO_DAYS)
    solar, fading = _solar(solar_wh, count=count), NOW_FADE ** np.arange(1, count + 1)
    now_wh = int(load_wh[-1]) if len(load_wh) else 0
    found = []
    for back in range(1, len(days) + 1):
        place = len(load_wh) - 1 - back * PER_DAY
        then_wh = int(load_wh[place]) if place >= 0 else now_wh
        load = np.resize(days[-back], count) + (now_wh - then_wh) * fading
        whole: list[int] = np.rint(np.maximum(load, 0) - solar).astype(np.int64).tolist()
        found.append(tuple(whole))
    return tuple(found)


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
