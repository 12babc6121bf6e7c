"""A file of promises is read whole or not at all."""

import random

import pytest

from gridplus.channel import Credit, Voucher
from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.wallet import Address, Cfg, ChannelId, vault_domain
from gridplus.wire import Promises, SignedClaim

MADE = Promises(
    vault_domain(7, Address(b"\x01" * 20)),
    Address(b"\x02" * 20),
    1_613_368_800,
    (Voucher(Cfg(b"\x03" * 32), 2**48 - 1, 5, b"\x04" * 64),) * 2,
    (Credit(ChannelId(b"\x05" * 32), 6, b"\x07" * 32, b"\x08" * 64),),
    (SignedClaim(9, 10, b"raw"), SignedClaim(10, 11, b"")),
)


def test_what_is_written_is_read() -> None:
    assert Promises.parse(MADE.to_bytes(), what="it") == MADE
    empty = Promises(MADE.domain, MADE.hub, 0)
    assert Promises.parse(empty.to_bytes(), what="it") == empty


def test_a_file_that_was_cut_or_changed_is_refused_at_each_byte() -> None:
    whole = MADE.to_bytes()
    for at in range(len(whole)):
        with pytest.raises(InputError, match="it "):
            Promises.parse(whole[:at], what="it")
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises(InputError, match="it "):
            Promises.parse(changed, what="it")


def test_counts_that_promise_more_than_there_is_are_refused() -> None:
    """Whoever makes such a file can make its digest, too."""
    dice, content = random.Random(1), bytearray(MADE.to_bytes()[:-32])
    for _ in range(200):
        torn = bytes(content[: dice.randrange(96, len(content))])
        with pytest.raises(InputError, match="it "):
            Promises.parse(torn + keccak256(torn), what="it")
    longer = bytes(content) + b"\x00"
    with pytest.raises(InputError, match="does not hold as much as it says"):
        Promises.parse(longer + keccak256(longer), what="it")
