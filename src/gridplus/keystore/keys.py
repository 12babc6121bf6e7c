"""The two kinds of key, each able to sign and unable to show itself.

secp256k1 keys own accounts and sign vouchers; P-256 keys name devices. A key object holds its
secret only inside the library that signs: it cannot be printed, copied or pickled. A key in
hardware would be another class with the same two members.
"""

from typing import Never, Protocol, Self

import coincurve
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gridplus.failures import invariant
from gridplus.wallet import Address, address_of

_DEVICE_ECDSA = ec.ECDSA(SHA256(), deterministic_signing=True)


class Key(Protocol):
    """What the store asks of a kind of key: its curve, and how it is made of what the file held."""

    CURVE: ec.EllipticCurve

    @classmethod
    def from_private(cls, private: ec.EllipticCurvePrivateKey) -> Self: ...


class _Shy:
    """Refuses every way in which Python copies an object's inside elsewhere."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError(f"{self!r} cannot be copied or pickled: its secret stays in its store")


class Secp256k1Key(_Shy):
    """An account: owner, guardian, voucher key, hub key and so on."""

    CURVE: ec.EllipticCurve = ec.SECP256K1()
    __slots__ = ("_address", "_private")

    def __init__(self, private: coincurve.PrivateKey) -> None:
        self._private = private
        self._address = address_of(private.public_key.format(compressed=False)[1:])

    @classmethod
    def from_private(cls, private: ec.EllipticCurvePrivateKey) -> Self:
        secret = private.private_numbers().private_value
        return cls(coincurve.PrivateKey(secret.to_bytes(32, "big")))

    @property
    def address(self) -> Address:
        return self._address

    def sign(self, digest: bytes) -> bytes:
        """64 bytes (r, yParityAndS), EIP-2098, low s, over a digest of 32 bytes; RFC 6979."""
        invariant(len(digest) == 32, "a digest has 32 bytes")
        signature = self._private.sign_recoverable(digest, hasher=None)
        # Low s leaves the top bit of s free for the parity.
        return signature[:32] + bytes([signature[32] | signature[64] << 7]) + signature[33:64]

    def __repr__(self) -> str:
        return f"Secp256k1Key(0x{self._address.hex()})"


class DeviceKey(_Shy):
    """A device's P-256 key."""

    CURVE: ec.EllipticCurve = ec.SECP256R1()
    __slots__ = ("_private", "_public")

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        numbers = private.public_key().public_numbers()
        self._private = private
        self._public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    @classmethod
    def from_private(cls, private: ec.EllipticCurvePrivateKey) -> Self:
        return cls(private)

    @property
    def public(self) -> bytes:
        """64 bytes x || y."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 bytes r || s, low s, over SHA-256 of `message`; RFC 6979."""
        r, s = decode_dss_signature(self._private.sign(message, _DEVICE_ECDSA))
        return r.to_bytes(32, "big") + min(s, self.CURVE.group_order - s).to_bytes(32, "big")

    def __repr__(self) -> str:
        return f"DeviceKey(0x{self._public.hex()})"
