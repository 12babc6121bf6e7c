"""Restatements between back office, hub and home: what to restate, and what came of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from gridplus.digest import Document, document_digest
from gridplus.failures import InputError, invariant
from gridplus.tariff import (
    Cause,
    Fields,
    LinkEvidence,
    Restatement,
    format_octets,
    link_document,
    link_from,
    parse_restatement,
)
from gridplus.tariff.restatement import MAX_REVISIONS
from gridplus.units import HOUR_S, Interval
from gridplus.wallet import ChannelId
from gridplus.wire.message import Message

RESTATEMENT_LIMIT = 4_000_000
_ASKED = b"gridplus.fetch-restatement/1\n"
_START_MAX_S = 1 << 33


@dataclass(frozen=True, slots=True)
class RightInputs:
    """What one interval should have been billed with; None stays as it was billed. Energy is
    import and export (Wh), prices are named by their digest."""

    interval: Interval
    energy_wh: tuple[int, int] | None
    prices: bytes | None


@dataclass(frozen=True)
class OrderRestatement(Message):
    """The back office decided that earlier bills of a home were not right. Sending it again is
    answered as the first time: `id` names it for good."""

    channel: ChannelId
    cause: Cause
    decided_at_s: int
    inputs: tuple[RightInputs, ...]
    KIND: ClassVar[str] = "gridplus.order-restatement/1"
    LIMIT: ClassVar[int] = 1_000_000

    def __post_init__(self) -> None:
        invariant(0 < len(self.inputs) <= MAX_REVISIONS, "an order names 1 to 3,200 intervals")

    @cached_property
    def id(self) -> bytes:
        """32 bytes."""
        return document_digest(self.KIND, self.document())

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "cause": self.cause.value,
            "decided_at_s": self.decided_at_s,
            "intervals": [_inputs_document(each) for each in self.inputs],
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        channel = ChannelId(fields.octets("channel", 32))
        cause = Cause(fields.choice("cause", Cause))
        decided_at_s = fields.integer("decided_at_s", high=_START_MAX_S)
        found = fields.objects("intervals", limit=MAX_REVISIONS)
        inputs = tuple(_inputs(each) for each in found)
        starts = [each.interval.start_s for each in inputs]
        if not starts or starts != sorted(set(starts)):
            fields.fail("intervals", "must name one or more, in order of time, each once")
        return cls(channel, cause, decided_at_s, inputs)


@dataclass(frozen=True, slots=True)
class FetchRestatement(Message):
    """A home asks which restatement follows the head `after` of its bill chain; its device signs,
    because the answer says what the home has used."""

    channel: ChannelId
    after: bytes
    signature: bytes
    KIND: ClassVar[str] = "gridplus.fetch-restatement/1"

    @property
    def signed(self) -> bytes:
        """What the device signs."""
        return asking_message(self.channel, self.after)

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "after": format_octets(self.after),
            "signature": format_octets(self.signature),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            ChannelId(fields.octets("channel", 32)),
            fields.octets("after", 32),
            fields.octets("signature", 64),
        )


def asking_message(channel: ChannelId, after: bytes) -> bytes:
    """The 93 bytes that a device signs to ask for a restatement."""
    return _ASKED + channel + after


@dataclass(frozen=True, slots=True)
class RestatementOffer(Message):
    """A restatement with its proof: place in a signed commit group, and a credit where the home
    earned. Nothing in it is trusted before the home has recomputed it."""

    restatement: Restatement
    evidence: LinkEvidence
    KIND: ClassVar[str] = "gridplus.restatement/1"
    LIMIT: ClassVar[int] = RESTATEMENT_LIMIT

    def document(self) -> dict[str, Document]:
        return {"restatement": self.restatement.document(), **link_document(self.evidence)}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        found = fields.take("restatement")
        restatement = parse_restatement(found, what=f"{fields.where}.restatement")
        return cls(restatement, link_from(fields))


def _inputs_document(inputs: RightInputs) -> Document:
    energy, prices = inputs.energy_wh, inputs.prices
    return {
        "start_s": inputs.interval.start_s,
        "length_s": inputs.interval.length_s,
        "energy": None if energy is None else {"import_wh": energy[0], "export_wh": energy[1]},
        "prices": None if prices is None else format_octets(prices),
    }


def _inputs(fields: Fields) -> RightInputs:
    start_s = fields.integer("start_s", high=_START_MAX_S)
    length_s = fields.integer("length_s", high=HOUR_S)
    energy = fields.object_or_none("energy")
    energy_wh = None
    if energy is not None:
        energy_wh = (energy.integer("import_wh"), energy.integer("export_wh"))
        energy.close()
    prices = fields.octets_or_none("prices", 32)
    fields.close()
    try:
        return RightInputs(Interval(start_s, length_s), energy_wh, prices)
    except InputError as error:
        raise InputError(f"{fields.where}: {error}") from None
