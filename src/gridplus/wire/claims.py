"""What a shard of a hub tells whoever claims for all shards."""

from dataclasses import dataclass
from typing import ClassVar, Self

from gridplus.channel import Voucher
from gridplus.digest import Document
from gridplus.tariff import Fields, format_octets
from gridplus.wallet import ChannelId
from gridplus.wire.message import Message
from gridplus.wire.payments import voucher_document, voucher_from

OWED_ITEMS = 200
"""As many as a claim takes."""


@dataclass(frozen=True, slots=True)
class OwedVoucher:
    """A durable voucher of which the chain would pay something. `again`: it was claimed as far as
    the chain allowed, and nothing has moved since."""

    channel: ChannelId
    voucher: Voucher
    again: bool = False


@dataclass(frozen=True, slots=True)
class OwedVouchers(Message):
    """How many are owed, and the first of them: those to be claimed again come last."""

    count: int
    first: tuple[OwedVoucher, ...]
    KIND: ClassVar[str] = "gridplus.owed-vouchers/1"
    LIMIT: ClassVar[int] = 131_072

    def document(self) -> dict[str, Document]:
        return {"count": self.count, "first": [_document(owed) for owed in self.first]}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        found = []
        for item in fields.objects("first", limit=OWED_ITEMS):
            channel, again = ChannelId(item.octets("channel", 32)), item.flag("again")
            found.append(OwedVoucher(channel, voucher_from(item), again))
            item.close()
        return cls(fields.integer("count"), tuple(found))


def _document(owed: OwedVoucher) -> Document:
    return {
        "channel": format_octets(owed.channel),
        "again": owed.again,
        **voucher_document(owed.voucher),
    }
