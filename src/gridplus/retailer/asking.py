"""What the back office asks of homes through its VTN: alerts, limits, paid requests to use less.

A home decides whether it follows. What is asked carries the publisher's signature, so that nobody
else can ask in the retailer's name; it can be revised and cancelled.
"""

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
    Span,
    emergency_event,
    limit_event,
    request_event,
)
from gridplus.signals.timeline import Timeline
from gridplus.tariff import Fields

MOST_TARGETS = 100
_FAR_S = 1 << 39
_STAMP: dict[str, Json] = {"id": "draft", "modificationDateTime": "2000-01-01T00:00:00Z"}


@dataclass(frozen=True, slots=True)
class AskOrder:
    """`make` writes the event for a program. No `targets`: all homes are asked; `event_id` is the
    event that this revises."""

    make: Callable[[str], dict[str, Json]]
    targets: tuple[str, ...]
    event_id: str | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Raises InputError that names the field."""
        kind = fields.text("kind")
        span = Span(fields.integer("start_s", high=_FAR_S), fields.integer("end_s", high=_FAR_S))
        make = _maker(kind, fields, span=span)
        make("program")
        order = cls(
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
        body = order.make(await self.announcer.program(self.program))
        digest = ask_digest(self.announcer.domain, _drafted(body))
        body = with_signature(body, self.announcer.sign(digest))
        body["targets"] = list[Json](order.targets)
        if order.event_id is None:
            return await self.announcer.write("POST", ("events",), body=body)
        self._require(order.event_id)
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

    def _require(self, event_id: str) -> None:
        if event_id not in {ask.event_id for ask in self.asked()}:
            raise InputError(f"{event_id!r} is nothing that is asked; the list says what is")


def _drafted(body: dict[str, Json]) -> Ask:
    (ask,) = asks_of(Timeline("").hear(body | _STAMP), from_s=0, until_s=_FAR_S)
    return ask


def _maker(kind: str, fields: Fields, *, span: Span) -> Callable[[str], dict[str, Json]]:
    if kind == "alert":
        text = fields.text("text")
        return lambda program: emergency_event(program, span, text=text)
    if kind == "limit":
        import_w = fields.integer("import_w")
        return lambda program: limit_event(program, span, import_w=import_w)
    if kind != "request":
        fields.fail("kind", "must be alert, limit or request")
    level, baseline = fields.integer("level", high=3), fields.text("baseline")
    request = DemandRequest(span, level, baseline, fields.integer("reward_ubolt_per_mwh"))
    return lambda program: request_event(program, request)
