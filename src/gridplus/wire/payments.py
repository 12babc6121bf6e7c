"""One interval between a home and its hub: read, bill, voucher, acknowledgement or refusal."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Self

from gridplus.channel import Counters, Voucher
from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.meter import IntervalRead, SignedRead
from gridplus.tariff import (
    Fields,
    GroupEvidence,
    Statement,
    format_octets,
    group_document,
    group_from,
    is_sealed,
    parse_statement,
    voucher_leaf,
)
from gridplus.units import HOUR_S, Interval
from gridplus.wallet import Address, Cfg, ChannelId, Domain
from gridplus.wire.channels import read_counters
from gridplus.wire.message import Message

_START_MAX_S = 1 << 33
_REGISTERS = ("import_wh", "export_wh", "register_import_wh", "register_export_wh")


@dataclass(frozen=True, slots=True)
class SubmitRead(Message):
    """A read, signed by the channel's device."""

    signed: SignedRead
    KIND: ClassVar[str] = "gridplus.submit-read/1"

    @property
    def channel(self) -> ChannelId:
        return self.signed.channel

    def document(self) -> dict[str, Document]:
        read = self.signed.read
        return {
            "channel": format_octets(self.signed.channel),
            "start_s": read.interval.start_s,
            "length_s": read.interval.length_s,
            **{name: getattr(read, name) for name in _REGISTERS},
            "signature": format_octets(self.signed.signature),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        channel = ChannelId(fields.octets("channel", 32))
        start_s = fields.integer("start_s", high=_START_MAX_S)
        length_s = fields.integer("length_s", high=HOUR_S)
        registers = [fields.integer(name) for name in _REGISTERS]
        try:
            read = IntervalRead(Interval(start_s, length_s), *registers)
        except InputError as error:
            raise InputError(f"{fields.where}: {error}") from None
        return cls(SignedRead(channel, read, fields.octets("signature", 64)))


@dataclass(frozen=True, slots=True)
class BillOffer(Message):
    """The hub's bill of a read: statement, proof of its commit group, and a credit of its own
    where the home earned. Nothing in it is trusted before the home has recomputed it."""

    statement: Statement
    group: GroupEvidence
    credit: bytes | None
    KIND: ClassVar[str] = "gridplus.bill-offer/1"

    def document(self) -> dict[str, Document]:
        return {
            "statement": self.statement.document(),
            "group": group_document(self.group),
            "credit_signature": None if self.credit is None else format_octets(self.credit),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            parse_statement(fields.take("statement"), what=f"{fields.where}.statement"),
            group_from(fields.object("group")),
            fields.octets_or_none("credit_signature", 64),
        )


@dataclass(frozen=True, slots=True)
class SubmitVoucher(Message):
    """A home pays: its newest voucher on a channel."""

    channel: ChannelId
    voucher: Voucher
    KIND: ClassVar[str] = "gridplus.submit-voucher/1"

    def document(self) -> dict[str, Document]:
        return {"channel": format_octets(self.channel), **voucher_document(self.voucher)}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(ChannelId(fields.octets("channel", 32)), voucher_from(fields))


def voucher_document(voucher: Voucher) -> dict[str, Document]:
    """The fields of a voucher; `voucher_from` takes them again."""
    return {
        "cfg": format_octets(voucher.cfg),
        "spent_ubolt": voucher.spent,
        "earned_ubolt": voucher.earned,
        "signature": format_octets(voucher.signature),
    }


def voucher_from(fields: Fields) -> Voucher:
    """Take the fields of a voucher. Raises InputError that names the field."""
    return Voucher(
        Cfg(fields.octets("cfg", 32)),
        fields.integer("spent_ubolt"),
        fields.integer("earned_ubolt"),
        fields.octets("signature", 64),
    )


@dataclass(frozen=True, slots=True)
class Acknowledgement(Message):
    """These counters of the channel are durable at the hub: a receipt that stands alone, signed as
    the group of all that became durable together."""

    channel: ChannelId
    counters: Counters
    group: GroupEvidence
    KIND: ClassVar[str] = "gridplus.acknowledgement/1"

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "spent_ubolt": self.counters.spent_ubolt,
            "earned_ubolt": self.counters.earned_ubolt,
            "group": group_document(self.group),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        channel, counters = ChannelId(fields.octets("channel", 32)), read_counters(fields)
        return cls(channel, counters, group_from(fields.object("group")))

    def is_signed_by(self, hub: Address, *, domain: Domain) -> bool:
        """Whether `hub` signed the group in which this voucher became durable."""
        spent, earned = self.counters.spent_ubolt, self.counters.earned_ubolt
        leaf = voucher_leaf(self.channel, spent=spent, earned=earned)
        return is_sealed(self.group, leaf, domain=domain, hub=hub)


@dataclass(frozen=True, slots=True)
class RefusalMessage(Message):
    """Why nothing changed: the refusal's name, its sentence for the owner, and where the channel
    stands if the asker has fallen behind."""

    name: str
    sentence: str
    newest: Counters | None = None
    KIND: ClassVar[str] = "gridplus.refusal/1"

    @classmethod
    def of(cls, reason: Enum, newest: Counters | None = None, *, more: str = "") -> Self:
        """`more` ends the sentence."""
        return cls(reason.name, str(reason.value) + more, newest)

    def document(self) -> dict[str, Document]:
        newest = self.newest
        return {
            "name": self.name,
            "sentence": self.sentence,
            "newest": None
            if newest is None
            else {"spent_ubolt": newest.spent_ubolt, "earned_ubolt": newest.earned_ubolt},
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        name, sentence = fields.text("name"), fields.text("sentence")
        inner = fields.object_or_none("newest")
        if inner is None:
            return cls(name, sentence)
        newest = read_counters(inner)
        inner.close()
        return cls(name, sentence, newest)
