"""Events that are not prices: alerts, limits, and requests that a home may decline.

A request to use less says what is paid and against which baseline; the home decides. Source:
OpenADR 3.1.0, event interval payload enumerations; the words that it lacks are private types.
"""

from dataclasses import dataclass
from decimal import Decimal

from gridplus.failures import InputError
from gridplus.signals.span import format_duration, format_stamp
from gridplus.signals.text import Json
from gridplus.signals.timeline import Timeline

EMERGENCY, LIMIT, REQUEST = "ALERT_GRID_EMERGENCY", "IMPORT_CAPACITY_LIMIT", "SIMPLE"
BASELINE, REWARD = "GRIDPLUS_BASELINE", "GRIDPLUS_REWARD"
VERSION = "GRIDPLUS_VERSION"
PRIORITIES = {EMERGENCY: 0, LIMIT: 10, REQUEST: 20}
MICRO = 1_000_000
_TEXT_LIMIT = 128


@dataclass(frozen=True, slots=True)
class Span:
    """Half open, seconds since 1970."""

    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Edition:
    """Which ask of the retailer's an event is, whatever id the VTN gives it: its name, and how
    often it was written."""

    name: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class DemandRequest:
    """Use less than `baseline` (the name of how it is reckoned) in `span`; each kWh less earns
    `reward_ubolt_per_mwh` / 1000. `level` is 1 to 3, as SIMPLE has it."""

    span: Span
    level: int
    baseline: str
    reward_ubolt_per_mwh: int
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Emergency:
    """The grid is about to fail; `text` is for people."""

    span: Span
    text: str
    event_id: str


@dataclass(frozen=True, slots=True)
class ImportLimit:
    """A site takes at most `import_w` from the grid."""

    span: Span
    import_w: int
    event_id: str


def emergency_event(program_id: str, span: Span, *, text: str, edition: Edition) -> dict[str, Json]:
    """The grid is about to fail; `text` is for people."""
    if not 0 < len(text) <= _TEXT_LIMIT:
        raise InputError(f"an alert says 1 to {_TEXT_LIMIT} characters")
    return _event(program_id, span, edition=edition, payloads=[(EMERGENCY, text)])


def limit_event(program_id: str, span: Span, *, import_w: int, edition: Edition) -> dict[str, Json]:
    """A site takes at most `import_w` from the grid."""
    payloads: list[tuple[str, Json]] = [(LIMIT, Decimal(import_w) / 1_000)]
    event = _event(program_id, span, edition=edition, payloads=payloads)
    event["payloadDescriptors"] = [_descriptor(LIMIT, "KW")]
    return event


def request_event(program_id: str, request: DemandRequest, *, edition: Edition) -> dict[str, Json]:
    """The event that asks, with what it asks to be told in return."""
    reward = Decimal(request.reward_ubolt_per_mwh) / (1_000 * MICRO)
    payloads: list[tuple[str, Json]] = [
        (REQUEST, request.level),
        (BASELINE, request.baseline),
        (REWARD, reward),
    ]
    event = _event(program_id, request.span, edition=edition, payloads=payloads)
    event["payloadDescriptors"] = [_descriptor(REWARD, "KWH")]
    event["reportDescriptors"] = [
        {"payloadType": kind, "units": "KWH"} for kind in ("USAGE", "BASELINE")
    ]
    return event


def edition_of(body: dict[str, Json]) -> Edition | None:
    """Which ask an event says that it is; None for one that does not say."""
    name, intervals = body.get("eventName"), body.get("intervals")
    for interval in intervals if isinstance(intervals, list) else []:
        payloads = interval.get("payloads") if isinstance(interval, dict) else None
        for payload in payloads if isinstance(payloads, list) else []:
            if isinstance(payload, dict) and payload.get("type") == VERSION:
                match payload.get("values"):
                    case [int(version)] if isinstance(name, str) and 0 < version < 1 << 32:
                        return Edition(name, version)
    return None


def demand_requests(timeline: Timeline, *, from_s: int, until_s: int) -> tuple[DemandRequest, ...]:
    """The requests that hold in [from_s, until_s), each as its own event says; without baseline or
    reward it is none."""
    found = []
    for stretch in timeline.stretches(REQUEST, from_s=from_s, until_s=until_s):
        span = Span(stretch.start_s, stretch.end_s)
        only = timeline.only(stretch.event_id)
        said = {
            kind: only.stretches(kind, from_s=span.start_s, until_s=span.end_s)
            for kind in (BASELINE, REWARD)
        }
        if not (said[BASELINE] and said[REWARD]) or type(stretch.value) is not int:
            continue
        baseline, reward = said[BASELINE][0].value, said[REWARD][0].value
        if isinstance(baseline, str) and isinstance(reward, int | Decimal) and stretch.value > 0:
            ubolt = int(Decimal(reward) * 1_000 * MICRO)
            found.append(DemandRequest(span, stretch.value, baseline, ubolt, stretch.event_id))
    return tuple(found)


def import_limits(timeline: Timeline, *, from_s: int, until_s: int) -> tuple[ImportLimit, ...]:
    """When a site may take how many watts at most."""
    return tuple(
        ImportLimit(
            Span(stretch.start_s, stretch.end_s),
            int(Decimal(stretch.value) * 1_000),
            stretch.event_id,
        )
        for stretch in timeline.stretches(LIMIT, from_s=from_s, until_s=until_s)
        if isinstance(stretch.value, int | Decimal) and stretch.value >= 0
    )


def emergencies(timeline: Timeline, *, from_s: int, until_s: int) -> tuple[Emergency, ...]:
    """What is said of an emergency, and for when."""
    return tuple(
        Emergency(
            Span(stretch.start_s, stretch.end_s), str(stretch.value)[:_TEXT_LIMIT], stretch.event_id
        )
        for stretch in timeline.stretches(EMERGENCY, from_s=from_s, until_s=until_s)
    )


def _event(
    program_id: str, span: Span, *, edition: Edition, payloads: list[tuple[str, Json]]
) -> dict[str, Json]:
    """The first payload says of what kind it is."""
    if not 0 <= span.start_s < span.end_s:
        raise InputError(f"an event from {span.start_s} to {span.end_s} holds at no time")
    return {
        "programID": program_id,
        "eventName": edition.name,
        "priority": PRIORITIES[payloads[0][0]],
        "intervalPeriod": {
            "start": format_stamp(span.start_s * MICRO),
            "duration": format_duration(span.end_s - span.start_s),
        },
        "intervals": [
            {
                "id": 0,
                "payloads": [
                    {"type": name, "values": [value]}
                    for name, value in (*payloads, (VERSION, edition.version))
                ],
            }
        ],
    }


def _descriptor(kind: str, units: str) -> Json:
    return {
        "objectType": "EVENT_PAYLOAD_DESCRIPTOR",
        "payloadType": kind,
        "units": units,
        "currency": "USD",
    }
