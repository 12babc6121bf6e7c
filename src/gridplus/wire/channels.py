"""Opening a channel, and asking where it stands."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from gridplus.channel import Counters
from gridplus.digest import Document
from gridplus.tariff import ChannelIdentity, Fields, format_octets, identity_document, identity_from
from gridplus.wallet import ChannelId
from gridplus.wire.message import Message

PORT_MAX = 65_535
HOST = re.compile(r"[0-9A-Za-z]([0-9A-Za-z.-]{0,251}[0-9A-Za-z])?")


@dataclass(frozen=True, slots=True)
class OpenChannel(Message):
    """A home names its channel: everything that its id is the hash of."""

    identity: ChannelIdentity
    KIND: ClassVar[str] = "gridplus.open-channel/1"

    def document(self) -> dict[str, Document]:
        return identity_document(self.identity)

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(identity_from(fields))


@dataclass(frozen=True, slots=True)
class ChannelStatus(Message):
    """Where a channel stands at the hub: the durable counters and the head of its bill chain."""

    channel: ChannelId
    durable: Counters
    head: bytes
    KIND: ClassVar[str] = "gridplus.channel-status/1"

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "spent_ubolt": self.durable.spent_ubolt,
            "earned_ubolt": self.durable.earned_ubolt,
            "head": format_octets(self.head),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            ChannelId(fields.octets("channel", 32)),
            read_counters(fields),
            fields.octets("head", 32),
        )


@dataclass(frozen=True, slots=True)
class StreamPlace(Message):
    """Where the hub takes connections that stay: a port of `host`, which is left out when it is the
    one that answers this, or None while it takes requests alone."""

    port: int | None
    host: str | None = None
    KIND: ClassVar[str] = "gridplus.stream-place/1"

    def document(self) -> dict[str, Document]:
        host: dict[str, Document] = {} if self.host is None else {"host": self.host}
        return {"port": self.port, **host}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        port = fields.integer_or_none("port")
        if port is not None and not 0 < port <= PORT_MAX:
            fields.fail("port", f"must be from 1 to {PORT_MAX}")
        return cls(port, read_host(fields, "host"))


def read_host(fields: Fields, key: str) -> str | None:
    """The name or IPv4 address of a host, None when it is left out."""
    if not fields.has(key):
        return None
    host = fields.text(key)
    if not HOST.fullmatch(host):
        fields.fail(key, "must be the name or address of a host")
    return host


def read_counters(fields: Fields) -> Counters:
    return Counters(fields.integer("spent_ubolt"), fields.integer("earned_ubolt"))
