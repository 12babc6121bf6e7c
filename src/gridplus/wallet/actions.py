"""What a home's owner, guardian and device sign two by two, and the hub with them. Never signs.

Each action names its channel, the channel's op nonce and an instant (seconds since 1970) at most
7 days ahead, after which it is void. Source: EIP-712; DESIGN, "Contracts"; IVault.vyi.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from enum import IntFlag
from typing import ClassVar, TypeAlias

from gridplus.wallet.digests import Domain, struct_digest
from gridplus.wallet.names import Address, Cfg, ChannelId, Descriptor
from gridplus.wallet.signatures import is_signed_by, verify_device


class Role(IntFlag):
    """Who signs for a home, in the order in which the vault takes their signatures."""

    OWNER = 1
    GUARDIAN = 2
    DEVICE = 4


@dataclass(frozen=True, slots=True)
class StartExit:
    """Leave, and have the headroom paid `to`: the owner, unless he does not sign."""

    channel: ChannelId
    to: Address
    nonce: int
    valid_until_s: int
    TYPE: ClassVar[str] = "StartExit(bytes32 channel,address to,uint8 nonce,uint64 validUntil)"


@dataclass(frozen=True, slots=True)
class CancelExit:
    """Stay, whoever started to leave."""

    channel: ChannelId
    nonce: int
    valid_until_s: int
    TYPE: ClassVar[str] = "CancelExit(bytes32 channel,uint8 nonce,uint64 validUntil)"


@dataclass(frozen=True, slots=True)
class Close:
    """Leave at once, with this final pair (µBOLT). The hub signs it too."""

    channel: ChannelId
    spent: int
    earned: int
    nonce: int
    valid_until_s: int
    TYPE: ClassVar[str] = (
        "Close(bytes32 channel,uint48 spent,uint48 earned,uint8 nonce,uint64 validUntil)"
    )


@dataclass(frozen=True, slots=True)
class Rotate:
    """Move the headroom to the channel of another voucher key and cfg. The hub signs it too."""

    channel: ChannelId
    voucher_key: Address
    cfg: Cfg
    spent: int
    earned: int
    nonce: int
    valid_until_s: int
    TYPE: ClassVar[str] = (
        "Rotate(bytes32 channel,address voucherKey,bytes32 cfg,uint48 spent,uint48 earned,"
        "uint8 nonce,uint64 validUntil)"
    )


@dataclass(frozen=True, slots=True)
class SetCap:
    """Another daily cap, in whole BOLT. The hub signs it too."""

    channel: ChannelId
    daily_cap: int
    nonce: int
    valid_until_s: int
    TYPE: ClassVar[str] = "SetCap(bytes32 channel,uint16 dailyCap,uint8 nonce,uint64 validUntil)"


Action: TypeAlias = StartExit | CancelExit | Close | Rotate | SetCap


def action_digest(domain: Domain, action: Action) -> bytes:
    """32 bytes: what the keys sign. The device signs them as a message, by P-256 over SHA-256.

    Raises InputError when a value does not fit its type.
    """
    return struct_digest(domain, action.TYPE, values=astuple(action))


def is_signed_by_two(
    descriptor: Descriptor, digest: bytes, *, signatures: Mapping[Role, bytes]
) -> bool:
    """True when two or three roles of `descriptor` signed, and none of `signatures` is bad.

    Only for roles that are keys: whether a contract signs, only the chain can say (EIP-1271).
    """
    return len(signatures) >= 2 and all(
        verify_device(descriptor.device_key, digest, signature=signature)
        if role is Role.DEVICE
        else is_signed_by(
            descriptor.owner if role is Role.OWNER else descriptor.guardian,
            digest,
            signature=signature,
        )
        for role, signature in signatures.items()
    )
