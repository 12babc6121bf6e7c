"""Where the counters of a home stood while it was billed: enough to say how old a debt is and what
a day costs, in a few hundred bytes however long the home is served.

The newest intervals have a mark each, older ones one for each hour of the clock, a day back.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from gridplus.units import DAY_S, HOUR_S

NEWEST: Final = 8
"""So many intervals keep a mark of their own."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The counters of the bills (µBOLT) when an interval began."""

    start_s: int
    spent: int
    earned: int


Marks: TypeAlias = tuple[Mark, ...]
"""In order of time."""


def with_mark(marks: Marks, mark: Mark) -> Marks:
    """After one more interval; forgets what nobody will ask."""
    kept = [*marks, mark]
    if len(kept) > NEWEST + 1 and _hour(kept[-NEWEST - 1]) == _hour(kept[-NEWEST - 2]):
        del kept[-NEWEST - 1]
    while len(kept) > 1 and kept[1].start_s <= mark.start_s - DAY_S:
        del kept[0]
    return tuple(kept)


def oldest_unpaid(marks: Marks, paid: int, *, known_s: int | None) -> int | None:
    """When the oldest interval began that `paid` does not cover; to the hour, and never too late.
    Where the marks do not reach back so far, it is as it was `known_s` before."""
    for mark in reversed(marks):
        if mark.spent <= paid:
            return mark.start_s
    return known_s


def day_cost(marks: Marks, *, spent: int, earned: int, end_s: int) -> int:
    """What the 24 hours before `end_s` cost, when the counters stand at `spent` and `earned`; or
    what all intervals did, where there are not so many. Up to an hour too much (µBOLT)."""
    if not marks:
        return 0
    before = [mark for mark in marks if mark.start_s <= end_s - DAY_S]
    since = before[-1] if before else marks[0]
    return max(0, spent - since.spent - (earned - since.earned))


def _hour(mark: Mark) -> int:
    return mark.start_s // HOUR_S
