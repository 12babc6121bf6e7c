"""Hourly energy as four settlement intervals.

An hourly meter does not say when in the hour the energy flowed. We spread it evenly in whole Wh:
each quarter gets a fourth, and the remainder of 0 to 3 Wh goes one by one to the earliest quarters
(the largest-remainder method with equal weights). The four always sum to the hour.
"""

from gridplus.units import share_by_largest_remainder

QUARTERS = 4


def split_hour(energy_wh: int) -> tuple[int, ...]:
    """Four amounts (Wh, >= 0) that differ by at most 1 and sum to `energy_wh` (>= 0)."""
    return tuple(share_by_largest_remainder(energy_wh, [1] * QUARTERS))
