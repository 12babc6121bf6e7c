"""What a retailer asks of a home, as its timeline has it: an ask may be followed, or not."""

from dataclasses import dataclass, replace
from enum import IntEnum

from gridplus.digest import keccak256
from gridplus.planner import format_cents
from gridplus.signals import Json, Timeline
from gridplus.signals.requests import (
    Edition,
    Span,
    demand_requests,
    edition_of,
    emergencies,
    import_limits,
)
from gridplus.tariff import PaidRequest
from gridplus.units import ABOLT_PER_PBOLT, format_utc, utc_from_s
from gridplus.wallet import Domain, PublishedAsk, attestation_digest

SIGNATURE = "GRIDPLUS_SIGNATURE"
_MICRO = 1_000_000
_UNNAMED = Edition("", 0)


class Signal(IntEnum):
    """Kinds of signals, to each of which an owner consents on its own. The number is signed."""

    PRICE = 1
    ALERT = 2
    LIMIT = 3
    REQUEST = 4

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Signal.PRICE: "prices",
    Signal.ALERT: "grid emergencies",
    Signal.LIMIT: "limits of what the home takes",
    Signal.REQUEST: "paid requests to use less",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """In `span` the retailer asks for less. `text` is for people; a limit has `limit_w`, a request
    `reward_abolt` per Wh below `baseline`. `version_us` is when the event was last written,
    `edition` which ask of the retailer's it says that it is."""

    signal: Signal
    span: Span
    event_id: str
    version_us: int
    text: str
    limit_w: int | None = None
    reward_abolt: int = 0
    baseline: str = ""
    edition: Edition = _UNNAMED

    @property
    def cited(self) -> str:
        """The event and its version, as a log has it."""
        return f"{self.event_id} of {format_utc(utc_from_s(self.version_us // _MICRO))}"

    def holds_at(self, at_s: int) -> bool:
        return self.span.start_s <= at_s < self.span.end_s


def asks_of(timeline: Timeline, *, from_s: int, until_s: int) -> tuple[Ask, ...]:
    """What is asked in [from_s, until_s): alerts, limits, requests. What a newer or more urgent
    event replaces, or was cancelled, is not there."""

    def version(event_id: str) -> int:
        return timeline.events[event_id].written_us

    def edition(event_id: str) -> Edition:
        return edition_of(timeline.events[event_id].body or {}) or _UNNAMED

    found = []
    for alert in emergencies(timeline, from_s=from_s, until_s=until_s):
        who = (alert.event_id, version(alert.event_id), alert.text)
        found.append(Ask(Signal.ALERT, alert.span, *who, edition=edition(alert.event_id)))
    for limit in import_limits(timeline, from_s=from_s, until_s=until_s):
        text = f"take at most {limit.import_w} W"
        who = (limit.event_id, version(limit.event_id), text)
        of = edition(limit.event_id)
        found.append(Ask(Signal.LIMIT, limit.span, *who, limit_w=limit.import_w, edition=of))
    for request in demand_requests(timeline, from_s=from_s, until_s=until_s):
        reward_abolt = request.reward_ubolt_per_mwh * ABOLT_PER_PBOLT
        text = f"use less for {format_cents(reward_abolt)} a kWh"
        who = (request.event_id, version(request.event_id), text)
        ask = Ask(Signal.REQUEST, request.span, *who, edition=edition(request.event_id))
        found.append(replace(ask, reward_abolt=reward_abolt, baseline=request.baseline))
    return tuple(found)


def paid_request(ask: Ask, signature: bytes = bytes(64)) -> PaidRequest:
    """What a request promises, as a bill settles it. Raises InputError for one that could not be
    settled: a baseline that nobody can reckon, hours that are no quarter hours."""
    reward = ask.reward_abolt // ABOLT_PER_PBOLT
    span, edition = ask.span, ask.edition
    when = (span.start_s, span.end_s)
    return PaidRequest(edition.name, edition.version, *when, reward, ask.baseline, signature)


def ask_digest(domain: Domain, ask: Ask) -> bytes:
    """What the publisher signs, in the anchor's domain: the amount is watts, or the reward in
    µBOLT/MWh; the text, an alert's words or a request's baseline, by its hash. Raises InputError
    as `paid_request`."""
    if ask.signal is Signal.REQUEST:
        return paid_request(ask).digest(domain)
    name, text = keccak256(ask.edition.name.encode()), ask.text if ask.limit_w is None else ""
    when, amount = (ask.span.start_s, ask.span.end_s), ask.limit_w or 0
    of = (name, ask.edition.version, ask.signal, *when, amount, keccak256(text.encode()))
    return attestation_digest(domain, PublishedAsk(*of))


def with_signature(body: dict[str, Json], signature: bytes) -> dict[str, Json]:
    """The event with the publisher's signature in its one interval."""
    (payload,) = _payloads(body)
    payload.append({"type": SIGNATURE, "values": [f"0x{signature.hex()}"]})
    return body


def signature_of(body: dict[str, Json]) -> bytes:
    """The publisher's signature in an event; empty where there is none."""
    for payload in (each for payloads in _payloads(body) for each in payloads):
        if isinstance(payload, dict) and payload.get("type") == SIGNATURE:
            values = payload.get("values")
            said = values[0] if isinstance(values, list) and values else None
            try:
                return bytes.fromhex(str(said).removeprefix("0x"))
            except ValueError:
                return b""
    return b""


def _payloads(body: dict[str, Json]) -> list[list[Json]]:
    """Those of each interval."""
    intervals = body.get("intervals")
    found = [
        interval.get("payloads")
        for interval in (intervals if isinstance(intervals, list) else [])
        if isinstance(interval, dict)
    ]
    return [payloads for payloads in found if isinstance(payloads, list)]
