"""A line belongs to one device, and a device speaks for its own channels alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self

from gridplus.hub.home import Home
from gridplus.tariff import ChannelIdentity, Fields, format_octets
from gridplus.wallet import ChannelId
from gridplus.wallet.certificates import device_id
from gridplus.wire import (
    FetchRestatement,
    JoinRequest,
    OpenChannel,
    SubmitBatch,
    SubmitRead,
    SubmitVoucher,
)

DEVICE_HEADER: Final = "gridplus-device"
"""Says to a shard who is at the line's door; it takes the coordinator's word alone."""


class Speaker(Protocol):
    """Who is at the other end of a line that asks for names."""

    def is_device(self, name: bytes | None) -> bool:
        """Whether it is the device of this id, 32 bytes."""


@dataclass(frozen=True, slots=True)
class ToldSpeaker:
    """Who is at the line's door, as the coordinator says: a device's id, or None for one that is
    not believed any more."""

    device: bytes | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `header` wrote. Raises InputError."""
        return cls(Fields({"device": text or None}, DEVICE_HEADER).octets_or_none("device", 32))

    @property
    def header(self) -> str:
        return "" if self.device is None else format_octets(self.device)

    def is_device(self, name: bytes | None) -> bool:
        return self.device is not None and self.device == name


def may_speak(peer: Speaker | None, identity: ChannelIdentity) -> bool:
    """Whether who is at the other end of a line has the device of this channel. On a line that
    asks for no name (None) everybody may: each message carries its own signature."""
    return peer is None or peer.is_device(device_id(identity.descriptor.device_key))


def may_send(
    peer: Speaker | None,
    asked: OpenChannel | SubmitRead | SubmitVoucher | SubmitBatch | FetchRestatement | JoinRequest,
    *,
    homes: Mapping[ChannelId, Home],
) -> bool:
    """The same of a message. An unknown channel is refused for what it is."""
    if peer is None:
        return True
    if isinstance(asked, OpenChannel):
        return may_speak(peer, asked.identity)
    known = (homes.get(channel) for channel in set(_channels(asked)))
    return all(home is None or may_speak(peer, home.identity) for home in known)


def _channels(
    asked: SubmitRead | SubmitVoucher | SubmitBatch | FetchRestatement | JoinRequest,
) -> Iterable[ChannelId]:
    if isinstance(asked, SubmitBatch):
        return (item.channel for item in asked.items)
    return (asked.channel,)
