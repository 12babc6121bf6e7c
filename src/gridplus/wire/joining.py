"""A home takes part in a paid request: its signed word, and the hub's receipt of it."""

from dataclasses import dataclass
from typing import ClassVar, Self

from gridplus.digest import Document
from gridplus.tariff import (
    Fields,
    GroupEvidence,
    PaidRequest,
    format_octets,
    group_document,
    group_from,
    request_from,
)
from gridplus.wallet import ChannelId
from gridplus.wire.message import Message


@dataclass(frozen=True, slots=True)
class JoinRequest(Message):
    """The request as its publisher signed it, and the device's signature over `join_message`."""

    channel: ChannelId
    request: PaidRequest
    signature: bytes
    KIND: ClassVar[str] = "gridplus.join-request/1"

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "request": self.request.document(),
            "signature": format_octets(self.signature),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            ChannelId(fields.octets("channel", 32)),
            request_from(fields.object("request")),
            fields.octets("signature", 64),
        )


@dataclass(frozen=True, slots=True)
class RequestJoined(Message):
    """It is durable: the leaf of the home's word stands in this commit group. `request` is the
    digest of the request."""

    channel: ChannelId
    request: bytes
    group: GroupEvidence
    KIND: ClassVar[str] = "gridplus.request-joined/1"

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "request": format_octets(self.request),
            "group": group_document(self.group),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            ChannelId(fields.octets("channel", 32)),
            fields.octets("request", 32),
            group_from(fields.object("group")),
        )
