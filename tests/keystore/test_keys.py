"""Keys sign what wallet verifies, and never show themselves."""

import copy
import pickle

import pytest
from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.digest import keccak256
from gridplus.failures import Bug
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.wallet import is_signed_by, recover, verify_device

SECRET = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
ACCOUNT = Secp256k1Key(PrivateKey(SECRET.to_bytes(32, "big")))
DEVICE = DeviceKey(ec.derive_private_key(SECRET, ec.SECP256R1()))
P256_HALF = ec.SECP256R1().group_order // 2


@pytest.mark.parametrize("n", range(32))
def test_an_account_signs_what_the_wallet_recovers_to_it_alone(n: int) -> None:
    digest = keccak256(bytes([n]))
    signature = ACCOUNT.sign(digest)
    assert len(signature) == 64
    assert recover(digest, signature) == ACCOUNT.address
    assert not is_signed_by(ACCOUNT.address, keccak256(b"another"), signature=signature)


def test_the_address_of_the_first_key_is_the_known_one() -> None:
    one = Secp256k1Key(PrivateKey((1).to_bytes(32, "big")))
    assert one.address.hex() == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def test_an_account_signs_digests_only() -> None:
    with pytest.raises(Bug, match="32 bytes"):
        ACCOUNT.sign(b"a message")


@pytest.mark.parametrize("n", range(32))
def test_a_device_signs_with_low_s_what_the_wallet_verifies(n: int) -> None:
    message = b"read %d" % n
    signature = DEVICE.sign(message)
    assert len(signature) == 64
    assert int.from_bytes(signature[32:], "big") <= P256_HALF
    assert verify_device(DEVICE.public, message, signature=signature)
    assert not verify_device(DEVICE.public, message + b"!", signature=signature)


def test_a_device_signs_as_rfc_6979_says_but_for_low_s() -> None:
    """RFC 6979, A.2.5, SHA-256, message 'sample'."""
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    low_s = ec.SECP256R1().group_order - s
    r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    assert DEVICE.sign(b"sample").hex() == f"{r}{low_s:064x}"


@pytest.mark.parametrize("key", [ACCOUNT, DEVICE], ids=["account", "device"])
def test_no_printed_form_shows_the_secret(key: Secp256k1Key | DeviceKey) -> None:
    shown = f"{key!r} {key!s} {key} {[key]} {dir(key)}"
    assert f"{SECRET:x}" not in shown.lower()
    assert str(SECRET) not in shown
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("key", [ACCOUNT, DEVICE], ids=["account", "device"])
def test_no_copy_is_made_of_a_key(key: Secp256k1Key | DeviceKey) -> None:
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            way(key)


def test_different_keys_have_different_names() -> None:
    other = Secp256k1Key(PrivateKey(b"\x02" * 32))
    assert repr(other) != repr(ACCOUNT)
    assert repr(ACCOUNT) == f"Secp256k1Key(0x{ACCOUNT.address.hex()})"
    assert repr(DEVICE) == f"DeviceKey(0x{DEVICE.public.hex()})"
