"""Local days as columns: which day each instant belongs to, and where the days begin."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from gridplus.meter.reads import Column


def local_midnights(zone: ZoneInfo, *, first_s: int, last_s: int) -> Column:
    """UTC seconds at which the local days begin, from the one that holds `first_s` to the one that
    holds `last_s`."""
    day = datetime.fromtimestamp(first_s, zone).date()
    last = datetime.fromtimestamp(last_s, zone).date()
    found = []
    while day <= last:
        found.append(int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()))
        day += timedelta(1)
    return np.array(found, dtype=np.int64)


def day_openings(start_s: Column, zone: ZoneInfo) -> Column:
    """For each of some ascending instants, the second at which its local day began."""
    if not len(start_s):
        return start_s
    midnights = local_midnights(zone, first_s=int(start_s[0]), last_s=int(start_s[-1]))
    opening: Column = midnights[np.searchsorted(midnights, start_s, side="right") - 1]
    return opening
