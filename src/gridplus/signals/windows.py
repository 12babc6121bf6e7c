"""When the intervals of an event hold: half-open windows [start, end), in seconds since 1970.

Source: OpenADR 3.1.0 User Guide, "Event and Interval Timing": defaults and their inheritance,
'now' (0001-01-01), infinity (P9999Y), event.duration that cuts or repeats, randomizeStart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gridplus.failures import InputError
from gridplus.signals.span import FOREVER_S, Duration, parse_duration, parse_instant, parse_stamp
from gridplus.signals.text import Json

PPM = 1_000_000
MOST_WINDOWS = 20_000
"""A year of half hours, and more than any event needs."""
_ZERO = Duration(0, 0)
Payloads = dict[str, list[Json]]


@dataclass(frozen=True, slots=True)
class Window:
    """One interval of an event, where it falls; `payloads` are its values by type."""

    start_s: int
    end_s: int
    interval_id: int
    payloads: Payloads


def windows_of(
    event: dict[str, Json], *, from_s: int, until_s: int, draw_ppm: int = 0
) -> tuple[Window, ...]:
    """The event's windows that touch [from_s, until_s), in the order of its intervals.

    `draw_ppm`, from -1,000,000 to 1,000,000, is this client's lot for randomizeStart. Raises
    InputError for times that cannot be read or more windows than MOST_WINDOWS.
    """
    once = list(_once(event, draw_ppm=draw_ppm))
    if not once:
        return ()
    start_s = min(window.start_s for window in once)
    span_s = max(window.end_s for window in once) - start_s
    limit_s = _limit_s(event, start_s)
    found: list[Window] = []
    shift_s = 0
    if limit_s is not None and span_s > 0 and from_s > start_s:
        shift_s = min(from_s - start_s, limit_s - start_s) // span_s * span_s
    while True:
        for window in once:
            moved = _moved(window, shift_s, limit_s=limit_s)
            if moved.start_s < min(moved.end_s, until_s) and moved.end_s > from_s:
                found.append(moved)
        shift_s += span_s
        if limit_s is None or span_s <= 0 or start_s + shift_s >= min(limit_s, until_s):
            return tuple(found)
        if len(found) > MOST_WINDOWS:
            raise InputError(f"an event repeats itself over {MOST_WINDOWS} times")


def life_of(event: dict[str, Json]) -> tuple[int, int]:
    """From when until when an event is active; (0, FOREVER_S) when its times cannot be read.

    An event without any times stays active: a report may be asked for without an interval.
    """
    try:
        once = list(_once(event, draw_ppm=0))
        if not once:
            period = _object(event.get("intervalPeriod"))
            start_s = _start(period, event)
            length = _duration(period, "duration") or _duration(event, "duration")
            return (start_s, length.after(start_s)) if length else (start_s, FOREVER_S)
        start_s = min(window.start_s for window in once)
        limit_s = _limit_s(event, start_s)
        return start_s, limit_s or max(window.end_s for window in once)
    except InputError:
        return 0, FOREVER_S


def _once(event: dict[str, Json], *, draw_ppm: int) -> Iterator[Window]:
    """The intervals one after the other, before event.duration cuts or repeats them."""
    base = _object(event.get("intervalPeriod"))
    shift_s = _shift(base, draw_ppm)
    cursor_s: int | None = None
    intervals = event.get("intervals")
    for item in intervals if isinstance(intervals, list) else []:
        interval = _object(item)
        period = _object(interval.get("intervalPeriod"))
        if "randomizeStart" in period:
            shift_s = _shift(period, draw_ppm)
        given = period.get("start")
        start_s = parse_instant(given) if isinstance(given, str) else None
        if start_s is None:
            start_s = _start(base, event) if cursor_s is None else cursor_s
        length = _duration(period, "duration") or _duration(base, "duration") or _ZERO
        cursor_s = length.after(start_s)
        number = interval.get("id")
        yield Window(
            start_s + shift_s,
            min(cursor_s + shift_s, FOREVER_S),
            number if isinstance(number, int) else 0,
            _payloads(interval.get("payloads")),
        )


def _start(period: dict[str, Json], event: dict[str, Json]) -> int:
    """The event's own start; 'now' is when it was last written."""
    given = period.get("start")
    start_s = parse_instant(given) if isinstance(given, str) else None
    if start_s is not None:
        return start_s
    written = event.get("modificationDateTime")
    return parse_stamp(written) // 1_000_000 if isinstance(written, str) else 0


def _limit_s(event: dict[str, Json], start_s: int) -> int | None:
    length = _duration(event, "duration")
    return None if length is None else length.after(start_s)


def _moved(window: Window, shift_s: int, *, limit_s: int | None) -> Window:
    end_s = min(window.end_s + shift_s, FOREVER_S if limit_s is None else limit_s)
    return Window(window.start_s + shift_s, end_s, window.interval_id, window.payloads)


def _shift(period: dict[str, Json], draw_ppm: int) -> int:
    spread = _duration(period, "randomizeStart")
    return 0 if spread is None else (spread.after(0) * draw_ppm) // PPM


def _duration(owner: dict[str, Json], name: str) -> Duration | None:
    text = owner.get(name)
    return parse_duration(text) if isinstance(text, str) else None


def _payloads(value: Json) -> Payloads:
    found: Payloads = {}
    for item in value if isinstance(value, list) else []:
        payload = _object(item)
        kind, values = payload.get("type"), payload.get("values")
        if isinstance(kind, str) and isinstance(values, list):
            found[kind] = values
    return found


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
