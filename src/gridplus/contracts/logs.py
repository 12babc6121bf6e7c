"""Raw logs of our contracts -> frozen dataclasses. Money in µBOLT, addresses 20 bytes.

What each log means is said beside the event in the .vyi files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gridplus.contracts import bolt_wrapper, kwh_credits, registry, reserve_feed, vault_factory
from gridplus.contracts.abi import argument_types, decode_values
from gridplus.digest import keccak256
from gridplus.failures import RemoteError


@dataclass(frozen=True, slots=True)
class Transferred:
    sender: bytes
    receiver: bytes
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class ReserveAttested:
    time_s: int
    supply_seen_ubolt: int
    reserve_ubolt: int


@dataclass(frozen=True, slots=True)
class RedemptionQueued:
    redemption: int
    holder: bytes
    amount_ubolt: int
    payment_reference: bytes


@dataclass(frozen=True, slots=True)
class RedemptionPaid:
    redemption: int


@dataclass(frozen=True, slots=True)
class Deposited:
    channel: bytes
    payer: bytes
    voucher_key: bytes
    cfg: bytes
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class PoolFunded:
    payer: bytes
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """What each item changed is read with `calls.channel_word`."""

    seq: int
    pulled_ubolt: int
    pool_ubolt: int


@dataclass(frozen=True, slots=True)
class VouchersPosted:
    poster: bytes
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class CreditPosted:
    channel: bytes
    earned_ubolt: int
    bill_head: bytes


@dataclass(frozen=True, slots=True)
class ExitStarted:
    channel: bytes
    to: bytes
    exit_hour: int


@dataclass(frozen=True, slots=True)
class ExitCancelled:
    channel: bytes


@dataclass(frozen=True, slots=True)
class ExitFinished:
    channel: bytes
    to: bytes
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class Closed:
    channel: bytes
    to: bytes
    spent_ubolt: int
    earned_ubolt: int
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class Rotated:
    """The headroom of `channel` is a deposit of `successor` now."""

    channel: bytes
    successor: bytes
    voucher_key: bytes
    cfg: bytes
    spent_ubolt: int
    earned_ubolt: int
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class CapSet:
    channel: bytes
    daily_cap: int


@dataclass(frozen=True, slots=True)
class WithdrawalRequested:
    amount_ubolt: int
    matures_at_s: int


@dataclass(frozen=True, slots=True)
class WithdrawalCancelled:
    pass


@dataclass(frozen=True, slots=True)
class WithdrawalFinished:
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class HubRequested:
    hub: bytes
    matures_at_s: int


@dataclass(frozen=True, slots=True)
class HubCancelled:
    pass


@dataclass(frozen=True, slots=True)
class HubReplaced:
    hub: bytes


@dataclass(frozen=True, slots=True)
class Anchored:
    retailer: bytes
    period: int
    kind: int
    root: bytes
    spent_ubolt: int
    earned_ubolt: int


Log: TypeAlias = (
    Transferred
    | ReserveAttested
    | RedemptionQueued
    | RedemptionPaid
    | Deposited
    | PoolFunded
    | Claimed
    | VouchersPosted
    | CreditPosted
    | ExitStarted
    | ExitCancelled
    | ExitFinished
    | Closed
    | Rotated
    | CapSet
    | WithdrawalRequested
    | WithdrawalCancelled
    | WithdrawalFinished
    | HubRequested
    | HubCancelled
    | HubReplaced
    | Anchored
    | bolt_wrapper.Log
    | kwh_credits.Log
    | registry.Log
    | reserve_feed.Log
    | vault_factory.Log
)

_SPELLINGS: dict[str, type[Log]] = {
    "Transfer(address,address,uint256)": Transferred,
    "ReserveAttested(uint64,uint128,uint128)": ReserveAttested,
    "RedemptionQueued(uint256,address,uint256,bytes32)": RedemptionQueued,
    "RedemptionPaid(uint256)": RedemptionPaid,
    "Deposited(bytes32,address,address,bytes32,uint256)": Deposited,
    "PoolFunded(address,uint256)": PoolFunded,
    "Claimed(uint256,uint256,uint256)": Claimed,
    "VouchersPosted(address,uint256)": VouchersPosted,
    "CreditPosted(bytes32,uint256,bytes32)": CreditPosted,
    "ExitStarted(bytes32,address,uint256)": ExitStarted,
    "ExitCancelled(bytes32)": ExitCancelled,
    "ExitFinished(bytes32,address,uint256)": ExitFinished,
    "Closed(bytes32,address,uint256,uint256,uint256)": Closed,
    "Rotated(bytes32,bytes32,address,bytes32,uint256,uint256,uint256)": Rotated,
    "CapSet(bytes32,uint256)": CapSet,
    "WithdrawalRequested(uint256,uint256)": WithdrawalRequested,
    "WithdrawalCancelled()": WithdrawalCancelled,
    "WithdrawalFinished(uint256)": WithdrawalFinished,
    "HubRequested(address,uint256)": HubRequested,
    "HubCancelled()": HubCancelled,
    "HubReplaced(address)": HubReplaced,
    "Anchored(address,uint32,uint8,bytes32,uint128,uint128)": Anchored,
    **bolt_wrapper.LOGS,
    **kwh_credits.LOGS,
    **registry.LOGS,
    **reserve_feed.LOGS,
    **vault_factory.LOGS,
}
_BY_TOPIC = {
    keccak256(spelling.encode()): (kind, argument_types(spelling))
    for spelling, kind in _SPELLINGS.items()
}


def parse_log(topics: Sequence[bytes], data: bytes) -> Log | None:
    """The log of one of our contracts, or None for one we do not know.

    Indexed fields come first in every event of ours. Raises RemoteError when the data does not fit.
    """
    known = _BY_TOPIC.get(topics[0]) if topics else None
    if known is None:
        return None
    kind, types = known
    indexed = len(topics) - 1
    if indexed > len(types):
        raise RemoteError(f"a {kind.__name__} log has {indexed} indexed fields")
    values = [decode_values([t], topic)[0] for t, topic in zip(types, topics[1:], strict=False)]
    values += decode_values(types[indexed:], data)
    return kind(*values)
