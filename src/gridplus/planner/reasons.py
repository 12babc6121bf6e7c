"""Why every device does what it does, in words, for each interval of a home's plan.

A sentence only says what can be read off the plan: prices, levels, limits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gridplus.planner.ahead import Ahead
from gridplus.planner.course import Track, site_limits_wh
from gridplus.planner.devices import BATTERY, CAR, CLIMATE, WATER
from gridplus.planner.explain import explain_steps, format_cents, worth_of
from gridplus.planner.home import Home
from gridplus.planner.home_plan import HomePlan
from gridplus.planner.rule import Step
from gridplus.units import HOUR_S

UC_PER_TENTH = 100_000
SOON_S = 6 * HOUR_S
"""How far ahead a dearer hour is looked for that explains heating or cooling before it."""


def reasons(
    home: Home, ahead: Ahead, *, plan: HomePlan, labels: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """The sentences of each interval, one for each device that is there, and one for sun that is
    held back; `labels` are the intervals' times as a person writes them.

    `plan` was made for `home` and `ahead`.
    """
    words = _Words(home, ahead, plan, labels)
    columns = [list(words.of(track)) for track in plan.tracks]
    found: list[tuple[str, ...]] = []
    for i in range(ahead.count):
        here = [
            column[i - track.first]
            for track, column in zip(plan.tracks, columns, strict=True)
            if track.first <= i < track.end
        ]
        found.append((*here, *words.begun(i), *words.held_back(i)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Words:
    """What sentences are made from."""

    home: Home
    ahead: Ahead
    plan: HomePlan
    labels: Sequence[str]

    def of(self, track: Track) -> Iterator[str]:
        if track.device == BATTERY:
            yield from self._battery(track)
        elif track.device == CAR:
            yield from self._car(track)
        elif track.device == CLIMATE:
            yield from self._climate(track)
        elif track.device == WATER:
            yield from self._water(track)

    def price(self, i: int) -> int:
        """What the last Wh taken in interval `i` costs: import, or export that is forgone."""
        taken, fed = self.ahead.prices[i]
        flow = self.plan.flows[i]
        if flow.import_wh:
            return taken
        return 0 if flow.curtailed_wh else fed

    def cents(self, i: int) -> str:
        return format_cents(self.price(i))

    def _battery(self, track: Track) -> Iterator[str]:
        steps, worth = [], []
        for i, move in enumerate(track.moves):
            flow = self.plan.flows[i]
            net_wh = flow.import_wh - flow.export_wh - move.take_wh + move.give_wh
            step = Step(move.take_wh, move.give_wh, move.level, flow.import_wh, flow.export_wh)
            steps.append(step)
            worth.append(worth_of(step, self.ahead.prices[i], net_wh=net_wh))
        said = explain_steps(self.home.require_battery(), steps, worth=worth, labels=self.labels)
        for i, sentence in enumerate(said):
            held = self._held(i) if track.moves[i].give_wh else None
            yield sentence if held is None else f"{sentence}; {held}"

    def _held(self, i: int) -> str | None:
        """What else a battery gives for."""
        import_wh, _ = site_limits_wh(self.home.site, self.ahead.length_s)
        room_wh = len(self.plan.tracks)
        if import_wh is not None and self.plan.flows[i].import_wh >= import_wh - room_wh:
            return "the connection carries no more"
        if any(i in window for peak in self.ahead.peaks for window in peak.windows):
            return "the month's highest power stays down"
        return None

    def _car(self, track: Track) -> Iterator[str]:
        taking = [i for i in range(track.first, track.end) if track.moves[i - track.first].take_wh]
        for i, move in enumerate(track.moves, start=track.first):
            at = self.labels[i]
            later = [j for j in taking if j > i]
            if move.give_wh:
                yield f"car feeds the home at {at}: {self.cents(i)} now"
            elif move.take_wh:
                others = [j for j in range(track.first, track.end) if j not in taking]
                dearest = max(others, key=self.price, default=None)
                if dearest is not None and self.price(dearest) > self.price(i):
                    why = f"{self.cents(dearest)} at {self.labels[dearest]}"
                    yield f"charging the car at {at}: {self.cents(i)} now, {why}"
                else:
                    yield f"charging the car at {at}: it needs the time until it leaves"
            elif later and self.price(min(later, key=self.price)) < self.price(i):
                best = min(later, key=self.price)
                yield f"car waits at {at}: {self.cents(best)} at {self.labels[best]}"
            else:
                yield f"car waits at {at}" if later else f"car rests at {at}"

    def _climate(self, track: Track) -> Iterator[str]:
        for i, move in enumerate(track.moves):
            level = f"{_degrees(move.level)} °C"
            if not move.take_wh:
                yield f"house left alone at {self.labels[i]}: {level}"
                continue
            verb, edge_mc = self._against(i)
            early = edge_mc is None or abs(move.level - edge_mc * 1_000) > UC_PER_TENTH
            dearer = self._dearer_soon(i) if early else None
            if dearer is not None:
                why = f"{self.cents(i)} now, {self.cents(dearer)} at {self.labels[dearer]}; {level}"
            else:
                why = f"to {level}" if early else f"keeps {level}"
            yield f"{verb} at {self.labels[i]}: {why}"

    def _against(self, i: int) -> tuple[str, int | None]:
        """Heating or cooling, and the edge of comfort that it works against."""
        climate, minute = self.home.climate, self.ahead.minutes[i]
        if climate is None:
            return "heating", None
        band = climate.band_at(minute)
        if climate.heats(minute, outdoor_mc=self.ahead.outdoor_mc[i]):
            return "heating", None if band is None else band.low_mc
        return "cooling", None if band is None else band.high_mc

    def _water(self, track: Track) -> Iterator[str]:
        for i, move in enumerate(track.moves):
            at, held = self.labels[i], f"{move.level / 1e9:.1f} kWh of heat"
            dearer = self._dearer_soon(i)
            if not move.take_wh:
                yield f"water left alone at {at}: {held}"
            elif dearer is not None:
                why = f"{self.cents(i)} now, {self.cents(dearer)} at {self.labels[dearer]}"
                yield f"heating water at {at}: {why}"
            else:
                yield f"heating water at {at}: to {held}"

    def _dearer_soon(self, i: int) -> int | None:
        """The dearest interval of the coming hours, where it is dearer than `i`."""
        soon = range(i + 1, min(i + 1 + SOON_S // self.ahead.length_s, self.ahead.count))
        dearest = max(soon, key=self.price, default=i)
        return dearest if self.price(dearest) > self.price(i) else None

    def begun(self, i: int) -> Iterator[str]:
        for name, first in self.plan.begins:
            if first == i:
                yield f"{name} begins at {self.labels[i]}: {self.cents(i)} now"

    def held_back(self, i: int) -> Iterator[str]:
        flow, (_, fed) = self.plan.flows[i], self.ahead.prices[i]
        if flow.curtailed_wh:
            why = "the connection takes no more"
            if fed < 0:
                why = f"feeding in would cost {format_cents(-fed)}"
            yield f"sun held back at {self.labels[i]}: {why}"


def _degrees(level_uc: int) -> str:
    return f"{level_uc / 1_000_000:.1f}"
