"""The Smart Agent's reads beside the TDSP's, by local day.

Two intervals agree when they differ by at most 10 Wh or 2 %, whichever is more. A day on which
intervals disagree is a DISPUTE. It is TAMPER when the agent's import of the day is short by more
than a twentieth, and short in three of four intervals: honest errors go both ways.
"""

from collections.abc import Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from gridplus.meter.days import day_openings
from gridplus.meter.reads import Reads
from gridplus.meter.vee.findings import Check, Finding
from gridplus.meter.vee.validation import places_of

TOLERANCE_WH = 10
TOLERANCE_DIVISOR = 50
TAMPER_DIVISOR = 20


def compare(agent: Reads, tdsp: Reads, *, zone: ZoneInfo) -> Iterator[Finding]:
    """A finding for each local day on which they disagree, over the intervals that both read."""
    at = places_of(tdsp, agent.start_s, lengths_s=agent.length_s)
    mine, theirs = agent.taken(at >= 0), tdsp.taken(at[at >= 0])
    import_more = mine.import_wh - theirs.import_wh
    export_more = mine.export_wh - theirs.export_wh
    import_limit = np.maximum(TOLERANCE_WH, theirs.import_wh // TOLERANCE_DIVISOR)
    export_limit = np.maximum(TOLERANCE_WH, theirs.export_wh // TOLERANCE_DIVISOR)
    apart = (np.abs(import_more) > import_limit) | (np.abs(export_more) > export_limit)
    opening = day_openings(mine.start_s, zone)
    edges = [0, *(np.flatnonzero(np.diff(opening)) + 1).tolist(), len(mine)]
    for first, end in pairwise(edges):
        if not apart[first:end].any():
            continue
        import_wh, export_wh = import_more[first:end], export_more[first:end]
        short_wh = -int(import_wh.sum())
        short = short_wh * TAMPER_DIVISOR > int(theirs.import_wh[first:end].sum())
        often = 4 * int((import_wh < 0).sum()) >= 3 * (end - first)
        start_s = int(mine.start_s[first])
        length_s = int(mine.start_s[end - 1] + mine.length_s[end - 1]) - start_s
        yield Finding(
            Check.TAMPER if short and often else Check.DISPUTE,
            start_s,
            length_s,
            f"{int(apart[first:end].sum())} of {end - first} intervals, agent's import "
            f"{-short_wh:+} Wh, export {int(export_wh.sum()):+} Wh",
        )
