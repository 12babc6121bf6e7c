"""What a VEN has heard, and which value holds when: pure, whatever order the news came in.

Each event counts in its newest writing (modificationDateTime); an older one, a duplicate or the
news of an event that was cancelled later changes nothing. Where windows overlap, the lower
priority number wins, then the newer writing, then the id; a window holds from its start up to,
not including, its end. Source: OpenADR 3.1.0 User Guide, "Event Priority" and "Event and Interval
Timing".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.signals.span import parse_stamp
from gridplus.signals.text import Json
from gridplus.signals.windows import PPM, Payloads, Window, windows_of

DIVIDED = frozenset({"PRICE", "EXPORT_PRICE", "GHG"})
"""Types whose values, when there are several, share their interval equally."""
LAST = 1 << 62
"""The priority of an event that names none."""
MOST_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest writing of an event; `body` is None since it was cancelled."""

    event_id: str
    written_us: int
    body: dict[str, Json] | None
    priority: int = LAST


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start_s` up to `end_s` this value of this event holds."""

    start_s: int
    end_s: int
    value: Json
    event_id: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Immutable; `ven` names this VEN, whose lot for random starts follows from it."""

    ven: str
    events: Mapping[str, Heard] = field(default_factory=dict)

    def hear(self, body: dict[str, Json]) -> "Timeline":
        """An event as it was read or announced. Raises InputError for one without id or time."""
        heard = _heard(body)
        known = self.events.get(heard.event_id)
        if known is not None and known.written_us >= heard.written_us:
            return self
        return self._with([heard])

    def cancel(self, event_id: str, *, at_us: int) -> "Timeline":
        """The event was deleted at `at_us`; what was written before that is over."""
        known = self.events.get(event_id)
        if known is not None and known.written_us > at_us:
            return self
        return replace(self, events={**self.events, event_id: Heard(event_id, at_us, None)})

    def hear_all(
        self, bodies: Iterable[dict[str, Json]], *, before: "Timeline | None" = None
    ) -> "Timeline":
        """A complete list of the active events: what it leaves out is cancelled, or over.

        `before` is what was known when the list was asked for: what came by another way since may
        be newer than the list, and stays.
        """
        listed = {heard.event_id: heard for heard in map(_heard, bodies)}
        asked = self.events if before is None else before.events
        news = []
        for known in self.events.values():
            heard = listed.pop(known.event_id, None)
            if heard is None and asked.get(known.event_id) == known:
                news.append(replace(known, body=None))
            elif heard is not None and heard.written_us >= known.written_us:
                news.append(heard)
        return self._with([*news, *listed.values()])

    def only(self, event_id: str) -> "Timeline":
        """The one event of this id, and nothing else."""
        kept = {name: heard for name, heard in self.events.items() if name == event_id}
        return replace(self, events=kept)

    def forget(self, *, before_s: int) -> "Timeline":
        """Without the events, and the cancellations, of which nothing holds after `before_s`."""
        kept = {
            heard.event_id: heard
            for heard in self.events.values()
            if self._holds_after(heard, before_s)
        }
        return replace(self, events=kept)

    def stretches(self, kind: str, *, from_s: int, until_s: int) -> tuple[Stretch, ...]:
        """Which value of payload type `kind` holds when in [from_s, until_s), in order of time.

        Stretches never overlap; where nothing holds there is a gap. Events whose times cannot be
        read hold nowhere.
        """
        claims = sorted(self._claims(kind, from_s=from_s, until_s=until_s), key=lambda c: c[:3])
        taken: list[Stretch] = []
        for _priority, _newness, _event, stretch in claims:
            taken += list(_gaps(taken, stretch))
            taken.sort(key=lambda each: each.start_s)
        return tuple(taken)

    def _with(self, news: Sequence[Heard]) -> "Timeline":
        events = {**self.events, **{heard.event_id: heard for heard in news}}
        if len(events) > MOST_EVENTS:
            raise InputError(f"over {MOST_EVENTS} events are more than one home acts on")
        return replace(self, events=events)

    def _claims(
        self, kind: str, *, from_s: int, until_s: int
    ) -> Iterator[tuple[int, int, str, Stretch]]:
        for heard in self.events.values():
            for window in self._windows(heard, from_s=from_s, until_s=until_s):
                for stretch in _values(window, kind, event_id=heard.event_id):
                    start_s, end_s = max(stretch.start_s, from_s), min(stretch.end_s, until_s)
                    if start_s < end_s:
                        cut = replace(stretch, start_s=start_s, end_s=end_s)
                        yield heard.priority, -heard.written_us, heard.event_id, cut

    def _windows(self, heard: Heard, *, from_s: int, until_s: int) -> tuple[Window, ...]:
        if heard.body is None:
            return ()
        lot = int.from_bytes(keccak256(f"{self.ven} {heard.event_id}".encode())[:8], "big")
        draw_ppm = lot % (2 * PPM + 1) - PPM
        try:
            return windows_of(heard.body, from_s=from_s, until_s=until_s, draw_ppm=draw_ppm)
        except InputError:
            return ()

    def _holds_after(self, heard: Heard, before_s: int) -> bool:
        if heard.body is None:
            return heard.written_us >= before_s * 1_000_000
        return bool(self._windows(heard, from_s=before_s, until_s=1 << 39))


def _heard(body: dict[str, Json]) -> Heard:
    event_id, written, priority = (
        body.get(name) for name in ("id", "modificationDateTime", "priority")
    )
    if not isinstance(event_id, str) or not isinstance(written, str):
        raise InputError("an event has neither id nor modificationDateTime")
    rank = int(priority) if isinstance(priority, int | Decimal) else LAST
    return Heard(event_id, parse_stamp(written), body, rank)


def _values(window: Window, kind: str, *, event_id: str) -> Iterator[Stretch]:
    payloads: Payloads = window.payloads
    values = payloads.get(kind, [])
    count = len(values) if kind in DIVIDED else min(len(values), 1)
    length_s = window.end_s - window.start_s
    for i in range(count):
        start_s = window.start_s + length_s * i // count
        end_s = window.start_s + length_s * (i + 1) // count
        yield Stretch(start_s, end_s, values[i], event_id)


def _gaps(taken: list[Stretch], wanted: Stretch) -> Iterator[Stretch]:
    """The parts of `wanted` that nobody in `taken` (in order of time) holds."""
    at_s = wanted.start_s
    for other in taken:
        if other.end_s <= at_s or other.start_s >= wanted.end_s:
            continue
        if other.start_s > at_s:
            yield replace(wanted, start_s=at_s, end_s=other.start_s)
        at_s = max(at_s, other.end_s)
    if at_s < wanted.end_s:
        yield replace(wanted, start_s=at_s)
