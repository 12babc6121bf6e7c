"""Asking contracts: a typed question, and what the vault says of channels."""

from collections.abc import Sequence
from typing import TypeVar

from gridplus.chain.deployment import Deployment
from gridplus.chain.port import Chain
from gridplus.channel import ChainSeen, ChannelView
from gridplus.contracts import View, calls
from gridplus.wallet import Address, ChannelId

T = TypeVar("T")
_DAY_S = 86_400


def ask(chain: Chain, contract: Address, *, view: View[T], block: int | None = None) -> T:
    """What `contract` answers, decoded. Raises as `Chain.call` does."""
    return view.decode(chain.call(contract, view.calldata, block=block))


def see_channels(
    chain: Chain, deployment: Deployment, *, channels: Sequence[ChannelId], now_s: int
) -> dict[ChannelId, ChainSeen]:
    """The words of channels at the newest final block, and the UTC day of a claim sent now.

    A word that a reorganisation may still undo is not shown: deposits count when they are final.
    """
    final = chain.finalized()
    today = max(now_s, final.timestamp_s) // _DAY_S
    seen = {}
    for channel in channels:
        word = ask(chain, deployment.vault, view=calls.channel_word(channel), block=final.number)
        seen[channel] = ChainSeen(ChannelView(word, today), final.number)
    return seen
