"""Who is who: addresses, descriptors, channel ids. Pure bytes, the same bytes the vault computes.

Source: DESIGN, "Contracts": descriptor, cfg, channel id and the nonce of an authorised deposit.
"""

from dataclasses import dataclass
from typing import NewType

from gridplus.digest import keccak256
from gridplus.failures import InputError

Address = NewType("Address", bytes)
"""20 bytes of a secp256k1 account or a contract."""
Cfg = NewType("Cfg", bytes)
"""32 bytes: keccak of a descriptor with its low 16 bits replaced by the opening daily cap."""
ChannelId = NewType("ChannelId", bytes)
"""32 bytes: one home's channel in a vault."""

ZERO_ADDRESS = Address(bytes(20))
MAX_DAILY_CAP = 0xFFFE
"""Whole BOLT a day; 0xFFFF in a channel word means retired."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The three roles of a home, two of which beat one. `salt` is 32 bytes.

    Raises InputError unless owner, guardian and device are non-zero and owner is not guardian.
    """

    owner: Address
    guardian: Address
    device_x: int
    device_y: int
    salt: bytes

    def __post_init__(self) -> None:
        for role, address in (("owner", self.owner), ("guardian", self.guardian)):
            if len(address) != 20 or address == ZERO_ADDRESS:
                raise InputError(f"the {role} of a descriptor is a non-zero address of 20 bytes")
        if self.owner == self.guardian:
            raise InputError("the owner and the guardian of a descriptor are two different keys")
        if not (0 < self.device_x < 1 << 256 and 0 < self.device_y < 1 << 256):
            raise InputError("the device key of a descriptor is two non-zero coordinates")
        if len(self.salt) != 32:
            raise InputError(f"the salt of a descriptor has 32 bytes, not {len(self.salt)}")

    @property
    def device_key(self) -> bytes:
        """64 bytes x || y of the device's P-256 key."""
        return self.device_x.to_bytes(32, "big") + self.device_y.to_bytes(32, "big")

    @property
    def encoded(self) -> bytes:
        """160 bytes: abi.encode(owner, guardian, x, y, salt)."""
        return bytes(12) + self.owner + bytes(12) + self.guardian + self.device_key + self.salt


def descriptor_cfg(descriptor: Descriptor, opening_cap: int) -> Cfg:
    """The cfg of a descriptor; `opening_cap` is the opening daily cap in whole BOLT, 0..0xFFFE."""
    if not 0 <= opening_cap <= MAX_DAILY_CAP:
        raise InputError(f"an opening daily cap is 0..{MAX_DAILY_CAP} BOLT, not {opening_cap}")
    return Cfg(keccak256(descriptor.encoded)[:30] + opening_cap.to_bytes(2, "big"))


def opening_cap(cfg: Cfg) -> int:
    """The daily cap in whole BOLT that a channel of this cfg opens with."""
    return int.from_bytes(cfg[30:], "big")


def channel_id(voucher_key: Address, cfg: Cfg) -> ChannelId:
    """keccak(abi.encode(voucher key, cfg))."""
    return ChannelId(keccak256(bytes(12) + voucher_key + cfg))


def deposit_nonce(channel: ChannelId, n: int) -> bytes:
    """32 bytes: the EIP-3009 nonce of a home's n-th authorised deposit, which binds its channel.

    256 deposits share one bitmap word of the token, so that a top-up costs no new slot.
    """
    word = keccak256(channel + (n >> 8).to_bytes(32, "big"))
    return word[:31] + bytes([n & 255])
