"""A line belongs to one device, and a device speaks for its own channels alone."""

from collections.abc import Iterable, Mapping

from gridplus.hub.home import Home
from gridplus.tariff import ChannelIdentity
from gridplus.tls import Peer
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


def may_speak(peer: Peer | None, identity: ChannelIdentity) -> bool:
    """Whether who is at the other end of a line has the device of this channel. On a line that
    asks for no name (None) everybody may: each message carries its own signature."""
    return peer is None or peer.is_device(device_id(identity.descriptor.device_key))


def may_send(
    peer: Peer | None,
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
