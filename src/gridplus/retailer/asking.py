"""What the back office asks of homes through its VTN: alerts, limits, paid requests to use less.

A home decides whether it follows. What is asked carries the publisher's signature, so that nobody
else can ask in the retailer's name; it can be revised and cancelled.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from gridplus.control import Ask, asks_of
from gridplus.control.asks import ask_digest, with_signature
from gridplus.failures import InputError
from gridplus.retailer.announcing import Announcer
from gridplus.signals import Json, Kind
from gridplus.signals.requests import (
    DemandRequest,
    Edition,
    Span,
    emergency_event,
    limit_event,
    request_event,
)
from gridplus.signals.timeline import Timeline
from gridplus.tariff import Fields, PaidRequest

MOST_TARGETS = 100
_FAR_S = 1 << 39
_STAMP: dict[str, Json] = {"id": "draft", "modificationDateTime": "2000-01-01T00:00:00Z"}


@dataclass(frozen=True, slots=True)
class AskOrder:
    """`make` writes the event for a program. No `targets`: all homes are asked; `event_id` is the
    event that this revises."""

    kind: str
    make: Callable[[str, Edition], dict[str, Json]]
    targets: tuple[str, ...]
    event_id: str | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Raises InputError that names the field."""
        kind = fields.text("kind")
        span = Span(fields.integer("start_s", high=_FAR_S), fields.integer("end_s", high=_FAR_S))
        make = _maker(kind, fields, span=span)
        make("program", Edition(kind))
        order = cls(
            kind,
            make,
            tuple(fields.texts("targets", limit=MOST_TARGETS)),
            fields.text("revises") if fields.has("revises") else None,
        )
        fields.close()
        return order


@dataclass(frozen=True, slots=True)
class AskDesk:
    """`program` is the name of the program that homes listen to."""

    announcer: Announcer
    program: str

    async def ask(self, order: AskOrder) -> str:
        """Publish or revise; the event's id. Raises InputError for an event that is not there,
        StorageError."""
        edition = Edition(f"{order.kind} {secrets.token_hex(8)}")
        if order.event_id is not None:
            before = self._require(order.event_id).edition
            edition = Edition(before.name, before.version + 1)
        body = order.make(await self.announcer.program(self.program), edition)
        digest = ask_digest(self.announcer.domain, _drafted(body))
        body = with_signature(body, self.announcer.sign(digest))
        body["targets"] = list[Json](order.targets)
        if order.event_id is None:
            return await self.announcer.write("POST", ("events",), body=body)
        return await self.announcer.write("PUT", ("events", order.event_id), body=body)

    async def cancel(self, event_id: str) -> str:
        """The event is gone; homes hear of it as they would of any other news."""
        self._require(event_id)
        return await self.announcer.write("DELETE", ("events", event_id), body={})

    def asked(self) -> tuple[Ask, ...]:
        """Everything that is asked and not cancelled."""
        timeline = Timeline("office")
        for held in self.announcer.desk.vtn.held[Kind.EVENT].values():
            timeline = timeline.hear(held.body)
        return tuple(
            ask
            for event_id in timeline.events
            for ask in asks_of(timeline.only(event_id), from_s=0, until_s=_FAR_S)
        )

    def _require(self, event_id: str) -> Ask:
        found = next((ask for ask in self.asked() if ask.event_id == event_id), None)
        if found is None:
            raise InputError(f"{event_id!r} is nothing that is asked; the list says what is")
        return found


def _drafted(body: dict[str, Json]) -> Ask:
    (ask,) = asks_of(Timeline("").hear(body | _STAMP), from_s=0, until_s=_FAR_S)
    return ask


def _maker(kind: str, fields: Fields, *, span: Span) -> Callable[[str, Edition], dict[str, Json]]:
    if kind == "alert":
        text = fields.text("text")
        return lambda program, edition: emergency_event(program, span, text=text, edition=edition)
    if kind == "limit":
        import_w = fields.integer("import_w")
        return lambda program, edition: limit_event(
            program, span, import_w=import_w, edition=edition
        )
    if kind != "request":
        fields.fail("kind", "must be alert, limit or request")
    level, baseline = fields.integer("level", high=3), fields.text("baseline")
    request = DemandRequest(span, level, baseline, fields.integer("reward_ubolt_per_mwh"))
    _require_settled(request)
    return lambda program, edition: request_event(program, request, edition=edition)


def _require_settled(request: DemandRequest) -> None:
    """Raises InputError for a promise that no bill could keep."""
    span, reward = request.span, request.reward_ubolt_per_mwh
    PaidRequest("request", 1, span.start_s, span.end_s, reward, request.baseline)
