"""Both curves: what was signed verifies, every twin of it does not."""

import pytest
from coincurve import PrivateKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.digest import keccak256
from gridplus.wallet import Curve, address_of, is_signed_by, recover, verify, verify_device
from tests.wallet.hostile import hostile

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
DIGEST = keccak256(b"a bill")
KEY = PrivateKey(b"\x42" * 32)
ADDRESS = address_of(KEY.public_key.format(compressed=False)[1:])


def compact(key: PrivateKey, digest: bytes) -> bytes:
    signature = key.sign_recoverable(digest, hasher=None)
    s = int.from_bytes(signature[32:64], "big") | signature[64] << 255
    return signature[:32] + s.to_bytes(32, "big")


def with_s(signature: bytes, s: int) -> bytes:
    return signature[:32] + s.to_bytes(32, "big")


def p256(seed: int) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    key = ec.derive_private_key(seed, ec.SECP256R1())
    n = key.public_key().public_numbers()
    return key, n.x.to_bytes(32, "big") + n.y.to_bytes(32, "big")


def device_signature(key: ec.EllipticCurvePrivateKey, message: bytes, *, high: bool) -> bytes:
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    s = max(s, P256_ORDER - s) if high else min(s, P256_ORDER - s)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@settings(max_examples=40, deadline=None)
@given(secret=st.integers(1, SECP256K1_ORDER - 1), digest=st.binary(min_size=32, max_size=32))
def test_the_recovered_address_is_the_one_eth_account_knows(secret: int, digest: bytes) -> None:
    key = PrivateKey.from_int(secret)
    address = bytes.fromhex(Account.from_key(secret.to_bytes(32, "big")).address[2:])
    signature = compact(key, digest)
    assert recover(digest, signature) == address
    assert is_signed_by(address, digest, signature=signature)  # type: ignore[arg-type]
    assert recover(keccak256(digest), signature) != address


def test_a_signature_recovers_its_signer_and_its_neighbours_recover_nobody_known() -> None:
    signature = compact(KEY, DIGEST)
    assert is_signed_by(ADDRESS, DIGEST, signature=signature)
    for place in range(64):
        forged = bytearray(signature)
        forged[place] ^= 1
        assert not is_signed_by(ADDRESS, DIGEST, signature=bytes(forged))


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes(63),
        bytes(64),
        bytes(65),
        b"\xff" * 64,
        SECP256K1_ORDER.to_bytes(32, "big") + (1).to_bytes(32, "big"),
        (5).to_bytes(32, "big") + (1).to_bytes(32, "big"),
        (1).to_bytes(32, "big") + bytes(32),
    ],
    ids=["empty", "short", "zero", "long", "ones", "r is the order", "no such point", "s is zero"],
)
def test_a_malformed_signature_recovers_nobody(signature: bytes) -> None:
    assert recover(DIGEST, signature) is None


def test_a_digest_of_the_wrong_length_recovers_nobody() -> None:
    assert recover(DIGEST[:31], compact(KEY, DIGEST)) is None


def test_a_device_signature_verifies_and_its_high_s_twin_does_not() -> None:
    key, public = p256(7)
    assert verify_device(public, b"read", signature=device_signature(key, b"read", high=False))
    assert not verify_device(public, b"read", signature=device_signature(key, b"read", high=True))
    assert not verify_device(public, b"raed", signature=device_signature(key, b"read", high=False))
    assert not verify_device(
        p256(8)[1], b"read", signature=device_signature(key, b"read", high=False)
    )


def test_the_lower_half_of_s_ends_at_half_the_order() -> None:
    signature = compact(KEY, DIGEST)
    half = SECP256K1_ORDER // 2
    assert recover(DIGEST, with_s(signature, half)) is not None
    assert recover(DIGEST, with_s(signature, half + 1)) is None
    assert recover(DIGEST, with_s(signature, (1 << 255) - 1)) is None


def test_a_malformed_device_key_or_signature_verifies_nothing() -> None:
    key, public = p256(7)
    signature = device_signature(key, b"read", high=False)
    assert not verify_device(public[:63], b"read", signature=signature)
    assert not verify_device(bytes(64), b"read", signature=signature)
    assert not verify_device(public[:63] + bytes([public[63] ^ 1]), b"read", signature=signature)
    assert not verify_device(public, b"read", signature=signature[:63])
    assert not verify_device(public, b"read", signature=bytes(64))
    assert not verify_device(public, b"read", signature=b"\xff" * 32 + signature[32:])


def der(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def good(curve: str) -> tuple[bytes, bytes]:
    """A public key in DER and its signature of b'a message'."""
    if curve == Curve.P256:
        key, _ = p256(7)
        return der(key.public_key()), device_signature(key, b"a message", high=False)
    account = ec.derive_private_key(int.from_bytes(KEY.secret, "big"), ec.SECP256K1())
    return der(account.public_key()), compact(KEY, keccak256(b"a message"))


@pytest.mark.parametrize("curve", list(Curve))
def test_one_question_serves_both_curves(curve: Curve) -> None:
    key, signature = good(curve)
    (other,) = set(Curve) - {curve}
    assert verify(curve, key, b"a message", signature)
    assert verify(curve.value, key, b"a message", signature)
    assert not verify(curve, key, b"a massage", signature)
    assert not verify(other, key, b"a message", signature)
    assert not verify(curve, good(other)[0], b"a message", signature)


@pytest.mark.parametrize(
    ("curve", "name"),
    [(curve, name) for curve in Curve for name in hostile(curve, b"\x11" * 64)],
)
def test_a_hostile_signature_verifies_nothing(curve: Curve, name: str) -> None:
    key, signature = good(curve)
    assert not verify(curve, key, b"a message", hostile(curve, signature)[name])


@pytest.mark.parametrize("curve", list(Curve))
def test_a_key_has_one_encoding_and_a_signature_one_length(curve: Curve) -> None:
    key, signature = good(curve)
    public = load_der_public_key(key)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    compressed = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    header = key[: -65 - 3]
    spelled = header[:1] + bytes([header[1] - 32]) + header[2:] + b"\x03\x22\x00" + compressed
    for keys in (b"", key[:-1], key + b"\x00", spelled, key[:-64] + bytes(64), b"\x30\x80" + key):
        assert not verify(curve, keys, b"a message", signature)
    for forged in (b"", signature[:63], signature + b"\x00", signature + b"\x1b"):
        assert not verify(curve, key, b"a message", forged)


def test_a_key_of_another_kind_verifies_nothing() -> None:
    signature = good(Curve.P256)[1]
    for other in (
        ec.generate_private_key(ec.SECP384R1()).public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
    ):
        key = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert not verify(Curve.P256, key, b"a message", signature)
