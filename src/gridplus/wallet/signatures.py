"""Verification of the two curves. Malformed input is False or None, never an exception.

secp256k1: 64 bytes (r, yParityAndS), EIP-2098, low s only. P-256: 64 bytes r || s over
SHA-256(message), low s only. Low s makes a signature unique per nonce, so nobody can mint a twin.
"""

from enum import StrEnum
from functools import lru_cache

from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from gridplus.digest import keccak256
from gridplus.wallet.names import Address


class Curve(StrEnum):
    """The two curves, by the names that people use."""

    P256 = "P-256"
    SECP256K1 = "secp256k1"


_LIBRARY_CURVES = {"secp256r1": Curve.P256, "secp256k1": Curve.SECP256K1}
_SECP256K1_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_P256_HALF_ORDER = 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8
_S_MASK = (1 << 255) - 1
_ECDSA_SHA256 = ec.ECDSA(SHA256())


def address_of(public_key: bytes) -> Address:
    """The address of an uncompressed secp256k1 public key of 64 bytes x || y."""
    return Address(keccak256(public_key)[12:])


@lru_cache(maxsize=1024)  # a promise is checked when it arrives, and again once it is durable
def recover(digest: bytes, signature: bytes) -> Address | None:
    """The address that signed `digest`, or None for anything malformed or of high s."""
    if len(digest) != 32 or len(signature) != 64:
        return None
    parity_and_s = int.from_bytes(signature[32:], "big")
    s = parity_and_s & _S_MASK
    if s > _SECP256K1_HALF_ORDER:
        return None
    recoverable = signature[:32] + s.to_bytes(32, "big") + bytes([parity_and_s >> 255])
    try:
        key = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError:
        return None
    return address_of(key.format(compressed=False)[1:])


def is_signed_by(address: Address, digest: bytes, *, signature: bytes) -> bool:
    """True when `address` signed `digest`."""
    return recover(digest, signature) == address


def verify_device(public_key: bytes, message: bytes, *, signature: bytes) -> bool:
    """True when the P-256 `public_key` (64 bytes) signed `message` (SHA-256, low s)."""
    key = _device_key(public_key)
    if key is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if s > _P256_HALF_ORDER:
        return False
    try:
        key.verify(encode_dss_signature(r, s), message, _ECDSA_SHA256)
    except InvalidSignature:
        return False
    return True


def verify(curve: Curve | str, public_key_der: bytes, message: bytes, signature: bytes) -> bool:
    """True when the key signed `message`, whichever the curve: the one question of this room.

    `public_key_der` is a SubjectPublicKeyInfo with an uncompressed point, in its one encoding.
    `signature` has 64 bytes. P-256: r || s over SHA-256 of the message. secp256k1: (r,
    yParityAndS) of EIP-2098 over keccak-256 of the message, which for EIP-712 is 0x1901 || domain
    separator || struct hash. Low s on both. Anything else is False, never an exception.
    """
    found = _public_key(public_key_der)
    if found is None or found[0] != curve:
        return False
    point = found[1]
    if found[0] is Curve.P256:
        return verify_device(point, message, signature=signature)
    return is_signed_by(address_of(point), keccak256(message), signature=signature)


@lru_cache(maxsize=1024)
def _public_key(der: bytes) -> tuple[Curve, bytes] | None:
    """The curve and the point, 64 bytes x || y; None for every key that is not one of ours."""
    try:
        key = load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _LIBRARY_CURVES:
        return None
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        return None
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    return _LIBRARY_CURVES[key.curve.name], point


@lru_cache(maxsize=4096)
def _device_key(public_key: bytes) -> ec.EllipticCurvePublicKey | None:
    if len(public_key) != 64:
        return None
    x, y = int.from_bytes(public_key[:32], "big"), int.from_bytes(public_key[32:], "big")
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        return None
