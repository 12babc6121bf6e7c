"""Both curves: what was signed verifies, every twin of it does not."""

import pytest
from coincurve import PrivateKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.digest import keccak256
from gridplus.wallet import address_of, is_signed_by, recover, verify_device

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
