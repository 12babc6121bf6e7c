"""Descriptors, cfgs, channel ids and deposit nonces against an independent ABI encoder."""

import pytest
from eth_abi import encode

from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.wallet import (
    Address,
    Cfg,
    ChannelId,
    Descriptor,
    channel_id,
    deposit_nonce,
    descriptor_cfg,
    opening_cap,
)

OWNER, GUARDIAN = Address(b"\x01" * 20), Address(b"\x02" * 20)
HOME = Descriptor(OWNER, GUARDIAN, 3, 4, b"\x05" * 32)


def test_a_cfg_is_the_hash_of_the_descriptor_with_the_opening_cap_in_its_low_bits() -> None:
    words = encode(
        ["address", "address", "uint256", "uint256", "bytes32"],
        [OWNER, GUARDIAN, 3, 4, b"\x05" * 32],
    )
    assert HOME.encoded == words
    cfg = descriptor_cfg(HOME, 0x1234)
    assert cfg[:30] == keccak256(words)[:30]
    assert cfg[30:] == b"\x12\x34"
    assert opening_cap(cfg) == 0x1234


@pytest.mark.parametrize("cap", [-1, 0xFFFF, 1 << 16])
def test_an_opening_cap_that_would_mean_retired_is_refused(cap: int) -> None:
    with pytest.raises(InputError, match="opening daily cap"):
        descriptor_cfg(HOME, cap)


def test_a_channel_id_is_the_hash_of_voucher_key_and_cfg() -> None:
    cfg = descriptor_cfg(HOME, 20)
    expected = keccak256(encode(["address", "bytes32"], [OWNER, cfg]))
    assert channel_id(OWNER, cfg) == expected
    assert channel_id(GUARDIAN, cfg) != expected
    assert channel_id(OWNER, Cfg(bytes(32))) != expected


def test_256_deposits_of_a_channel_share_one_nonce_word_and_the_next_ones_do_not() -> None:
    channel = ChannelId(b"\x07" * 32)
    nonces = [deposit_nonce(channel, n) for n in range(257)]
    assert len(set(nonces)) == 257
    assert len({nonce[:31] for nonce in nonces[:256]}) == 1
    assert [nonce[31] for nonce in nonces[:256]] == list(range(256))
    assert nonces[256][:31] != nonces[0][:31]
    word = keccak256(encode(["bytes32", "uint256"], [channel, 1]))
    assert nonces[256] == word[:31] + b"\x00"
    assert deposit_nonce(ChannelId(b"\x08" * 32), 0) not in nonces


@pytest.mark.parametrize(
    ("owner", "guardian", "x", "y", "salt", "why"),
    [
        (bytes(20), GUARDIAN, 3, 4, bytes(32), "owner"),
        (OWNER, bytes(20), 3, 4, bytes(32), "guardian"),
        (OWNER, OWNER, 3, 4, bytes(32), "two different keys"),
        (OWNER[:19], GUARDIAN, 3, 4, bytes(32), "owner"),
        (OWNER, GUARDIAN, 0, 4, bytes(32), "device key"),
        (OWNER, GUARDIAN, 3, 0, bytes(32), "device key"),
        (OWNER, GUARDIAN, 1 << 256, 4, bytes(32), "device key"),
        (OWNER, GUARDIAN, 3, 4, bytes(31), "salt"),
    ],
)
def test_a_descriptor_with_a_missing_or_doubled_role_is_refused(
    owner: bytes, guardian: bytes, x: int, y: int, salt: bytes, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        Descriptor(Address(owner), Address(guardian), x, y, salt)


def test_the_device_key_of_a_descriptor_is_x_then_y() -> None:
    assert HOME.device_key == encode(["uint256", "uint256"], [3, 4])
