"""The plan for a home: what every device does, what that costs, what could not be fulfilled."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from gridplus.planner.ahead import Ahead
from gridplus.planner.course import Course, Flow, Move, Track
from gridplus.planner.rule import Rule
from gridplus.planner.store import Store
from gridplus.planner.unmet import Unmet
from gridplus.units import HOUR_S


class Source(Enum):
    """How a plan came about; the value is for people."""

    OPTIMAL = "planned for least cost"
    LAST_PLAN = "time was up: the last good plan goes on"
    SAFE_DEFAULT = "time was up and there is no plan yet: devices do what is safe"


@dataclass(frozen=True, slots=True)
class HomePlan:
    """What every device shall do from `start_s` on, and what that is expected to cost.

    `rules` are for a battery that follows its meter live, one for each interval, none without a
    battery. `begins` has each appliance's name and first interval. Where the plan is OPTIMAL, no
    course that begins the appliances then and leaves as much undone costs less than `bound_abolt`
    (to the solver's tolerance, unless the home is a battery alone).
    """

    start_s: int
    length_s: int
    tracks: tuple[Track, ...]
    fixed_wh: tuple[int, ...]
    flows: tuple[Flow, ...]
    rules: tuple[Rule, ...]
    begins: tuple[tuple[str, int], ...]
    unmet: tuple[Unmet, ...]
    bill_abolt: int
    wear_abolt: int
    bound_abolt: int
    source: Source

    @property
    def cost_abolt(self) -> int:
        return self.bill_abolt + self.wear_abolt

    @property
    def count(self) -> int:
        return len(self.flows)

    def move(self, device: str, i: int) -> Move | None:
        """What `device` does in interval `i`; None while it is away or is not there."""
        moves = (track.at(i) for track in self.tracks if track.device == device)
        return next((move for move in moves if move is not None), None)


def bill_of(ahead: Ahead, flows: Sequence[Flow]) -> int:
    """What `flows` cost at the prices ahead, with what they add to demand charges, in aBOLT."""
    energy = sum(
        flow.import_wh * taken - flow.export_wh * fed
        for flow, (taken, fed) in zip(flows, ahead.prices, strict=True)
    )
    demand = 0
    for peak in ahead.peaks:
        highest_w = peak.free_w
        for place, window in enumerate(peak.windows):
            wh = sum(flows[i].import_wh for i in window) + (0 if place else peak.before_wh)
            highest_w = max(highest_w, wh * HOUR_S // peak.window_s)
        demand += (highest_w - peak.free_w) * peak.price_abolt_per_w
    return energy + demand


def wear_of(stores: Sequence[Store], course: Course) -> int:
    """What the owner counts for the Wh that batteries gave, in aBOLT."""
    return sum(
        store.wear_abolt_per_wh * sum(move.give_wh for move in track.moves)
        for store, track in zip(stores, course.tracks, strict=True)
    )
