"""What a plan could not fulfil, with amounts: wishes, and limits of the connection."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gridplus.planner.ahead import Ahead
from gridplus.planner.battery import UWH_PER_WH
from gridplus.planner.course import Course, site_limits_wh
from gridplus.planner.devices import CLIMATE, Site, Wish
from gridplus.planner.home import Home
from gridplus.planner.runs import Run
from gridplus.planner.store import MICRO_PER_MILLI, Store

SITE = "connection"
_LEAST_WH, _LEAST_MC = 1, 10
"""Less than this is what whole Wh round off, and nobody's wish."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """`wish` (None: a limit of the connection) is not met for `device` in `intervals` intervals,
    worst at the end of interval `at`, where `missing` is missing, in `unit` (Wh, or m°C)."""

    wish: Wish | None
    device: str
    missing: int
    unit: str
    at: int
    intervals: int

    @property
    def sentence(self) -> str:
        """For people: what is missing, where."""
        wish = "what the connection can carry" if self.wish is None else self.wish.value
        if self.unit == "m°C":
            amount = f"{self.missing / 1_000:.1f} °C"
        else:
            amount = f"{self.missing / 1_000:.2f} kWh"
        often = "" if self.intervals == 1 else f", {self.intervals} intervals in all"
        verb = "over" if self.wish is None else "short of"
        return f"{self.device}: {amount} {verb} {wish}{often}"


def unmet_of(
    home: Home, ahead: Ahead, *, stores: Sequence[Store], course: Course, runs: Sequence[Run]
) -> tuple[Unmet, ...]:
    """Everything unmet: limits first, then wishes in the home's order of importance."""
    found = [*_over_limits(home.site, ahead, course=course)]
    for store, track in zip(stores, course.tracks, strict=True):
        found += _wishes(store, [move.level for move in track.moves])
    for run in runs:
        if not run.starts:
            name, energy_wh = run.appliance.name, run.appliance.energy_wh
            found.append(Unmet(Wish.APPLIANCE, name, energy_wh, "Wh", 0, 1))
    rank = {wish: place for place, wish in enumerate((None, *home.order))}
    return tuple(sorted(found, key=lambda unmet: rank[unmet.wish]))


def _wishes(store: Store, levels: Sequence[int]) -> Iterator[Unmet]:
    is_house = store.device == CLIMATE
    unit, micro, least = (
        ("m°C", MICRO_PER_MILLI, _LEAST_MC) if is_house else ("Wh", UWH_PER_WH, _LEAST_WH)
    )
    for wish in dict.fromkeys(want.wish for want in store.wants):
        misses = [
            (-(-want.missing(levels[want.at - store.first]) // micro), want.at)
            for want in store.wants
            if want.wish is wish
        ]
        misses = [miss for miss in misses if miss[0] >= least]
        if misses:
            worst, at = max(misses, key=lambda miss: (miss[0], -miss[1]))
            yield Unmet(wish, store.device, worst, unit, at, len(misses))


def _over_limits(site: Site, ahead: Ahead, *, course: Course) -> Iterator[Unmet]:
    import_wh, export_wh = site_limits_wh(site, ahead.length_s)
    for limit_wh, flowed_wh in (
        (import_wh, [flow.import_wh for flow in course.flows]),
        (export_wh, [flow.export_wh for flow in course.flows]),
    ):
        if limit_wh is not None:
            over = [(wh - limit_wh, i) for i, wh in enumerate(flowed_wh) if wh > limit_wh]
            if over:
                worst_wh, at = max(over, key=lambda miss: (miss[0], -miss[1]))
                yield Unmet(None, SITE, worst_wh, "Wh", at, len(over))
