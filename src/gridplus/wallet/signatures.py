"""Verification of the two curves. Malformed input is False or None, never an exception.

secp256k1: 64 bytes (r, yParityAndS), EIP-2098, low s only. P-256: 64 bytes r || s over
SHA-256(message), low s only. Low s makes a signature unique per nonce, so nobody can mint a twin.
"""

from enum import StrEnum
from functools import lru_cache

from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT
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
_SECP256K1_HALF_ORDER = bytes.fromhex(
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
)
_P256_HALF_ORDER = 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8
_ECDSA_SHA256 = ec.ECDSA(SHA256())


def address_of(public_key: bytes) -> Address:
    """The address of an uncompressed secp256k1 public key of 64 bytes x || y."""
    return Address(keccak256(public_key)[12:])


@lru_cache(maxsize=1024)  # a promise is checked when it is made, and again once it is durable
def recover(digest: bytes, signature: bytes) -> Address | None:
    """The address that signed `digest`, or None for anything malformed or of high s.

    Recovery, not verification under a key that is known already, though that is a seventh
    cheaper: it would take a signature with the wrong parity, which no contract takes.
    """
    if len(digest) != 32 or len(signature) != 64:
        return None
    s = bytes([signature[32] & 0x7F]) + signature[33:]
    if s > _SECP256K1_HALF_ORDER:
        return None
    parsed, key = ffi.new("secp256k1_ecdsa_recoverable_signature *"), ffi.new("secp256k1_pubkey *")
    context, parity = GLOBAL_CONTEXT.ctx, signature[32] >> 7
    known = lib.secp256k1_ecdsa_recoverable_signature_parse_compact(
        context, parsed, signature[:32] + s, parity
    ) and lib.secp256k1_ecdsa_recover(context, key, parsed, digest)
    return _address_of_point(bytes(ffi.buffer(key))) if known else None


@lru_cache(maxsize=65_536)
def _address_of_point(point: bytes) -> Address:
    """The address of a key as the library holds it in memory."""
    written, size = ffi.new("unsigned char[65]"), ffi.new("size_t *", 65)
    lib.secp256k1_ec_pubkey_serialize(
        GLOBAL_CONTEXT.ctx,
        written,
        size,
        ffi.new("secp256k1_pubkey *", [point]),
        lib.SECP256K1_EC_UNCOMPRESSED,
    )
    return address_of(bytes(ffi.buffer(written))[1:])


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
