"""Price events: the retailer says that a price version is published, and which."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Self

from gridplus.digest import Document
from gridplus.tariff import Fields, format_octets
from gridplus.wire.message import Message

EVENTS_A_PAGE = 100
_SECONDS_MAX = 1 << 33


@dataclass(frozen=True, slots=True)
class PriceEvent(Message):
    """`prices` is the digest of the version that holds on `operating_day` under `program`, the id
    of a plan. `sequence` counts a retailer's events from 1."""

    sequence: int
    program: str
    operating_day: date
    prices: bytes
    published_at_s: int
    KIND: ClassVar[str] = "gridplus.price-event/1"

    def document(self) -> dict[str, Document]:
        return {
            "sequence": self.sequence,
            "program": self.program,
            "operating_day": self.operating_day.isoformat(),
            "prices": format_octets(self.prices),
            "published_at_s": self.published_at_s,
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            fields.integer("sequence"),
            fields.text("program"),
            fields.day("operating_day"),
            fields.octets("prices", 32),
            fields.integer("published_at_s", high=_SECONDS_MAX),
        )


@dataclass(frozen=True, slots=True)
class PriceEvents(Message):
    """The events after the one that was asked for, at most `EVENTS_A_PAGE`, in order."""

    events: tuple[PriceEvent, ...]
    KIND: ClassVar[str] = "gridplus.price-events/1"
    LIMIT: ClassVar[int] = 65_536

    def document(self) -> dict[str, Document]:
        return {"events": [event.document() for event in self.events]}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        events = []
        for item in fields.objects("events", limit=EVENTS_A_PAGE):
            events.append(PriceEvent.read(item))
            item.close()
        sequences = [event.sequence for event in events]
        if sequences != sorted(set(sequences)):
            fields.fail("events", "must stand in the order of their sequence, each once")
        return cls(tuple(events))
