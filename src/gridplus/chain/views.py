"""Asking contracts: a typed question, and what the vault says of channels."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from gridplus.chain.deployment import Deployment
from gridplus.chain.port import Chain
from gridplus.channel import ChainSeen, ChannelView
from gridplus.contracts import View, calls
from gridplus.wallet import Address, ChannelId

T = TypeVar("T")
_DAY_S = 86_400
_WITHDRAWAL_LAPSES_S = _DAY_S


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


def see_home(chain: Chain, deployment: Deployment, *, channel: ChannelId, now_s: int) -> ChainSeen:
    """The same of one channel, with the credit that the chain would still pay that day."""
    seen = see_channels(chain, deployment, channels=[channel], now_s=now_s)[channel]
    return replace(seen, payable_ubolt=payable_credit(chain, deployment, block=seen.block))


def payable_credit(chain: Chain, deployment: Deployment, *, block: int) -> int:
    """Net credit (µBOLT) that the vault would still pay to all homes together on the day of
    `block`, once the treasurer has what he asked for: never more than the pool less his request."""
    vault = deployment.vault
    allowance = ask(chain, vault, view=calls.credit_allowance(), block=block)
    pool = ask(chain, vault, view=calls.pool(), block=block)
    asked = ask(chain, vault, view=calls.withdrawal(), block=block)
    lapsed = asked.matures_at_s + _WITHDRAWAL_LAPSES_S <= chain.block(block).timestamp_s
    return min(allowance, max(0, pool - (0 if lapsed else asked.amount_ubolt)))
