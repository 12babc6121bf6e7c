"""The vault refuses the signatures that Python refuses: one set, two verifiers."""

from dataclasses import replace

import pytest

from gridplus.contracts import home_calls
from gridplus.wallet import StartExit
from tests.contracts.street import BOLT, DAY_S, HUB, OWNER_DEVICE, STRANGER, Street
from tests.wallet.hostile import hostile

ANY = b"\x11" * 64
BOTH = [name for name in hostile("P-256", ANY) if name in hostile("secp256k1", ANY)]
SPENT = 3 * BOLT


@pytest.mark.parametrize("name", hostile("secp256k1", ANY))
def test_a_voucher_with_a_hostile_signature_moves_nothing(street: Street, name: str) -> None:
    home = street.open("ada", 30 * BOLT)
    right = home.voucher(SPENT)
    wrong = replace(right, signature=hostile("secp256k1", right.signature)[name])
    street.claim(wrong)
    assert street.word(home).spent == 0
    street.claim(right)
    assert street.word(home).spent == SPENT


@pytest.mark.parametrize("curve", ["P-256", "secp256k1"])
@pytest.mark.parametrize("name", BOTH)
def test_an_exit_with_one_hostile_signature_does_not_start(
    street: Street, curve: str, name: str
) -> None:
    home = street.open("ada", 30 * BOLT)
    until_s = street.evm.now_s + DAY_S
    nonce = street.word(home).op_nonce
    to = home.owner.address
    pair = home.pair(StartExit(home.channel, to, nonce, until_s), OWNER_DEVICE)
    first, second = pair.first, pair.second
    if curve == "P-256":
        second = hostile(curve, second)[name]
    else:
        first = hostile(curve, first)[name]
    wrong = home_calls.Pair(pair.roles, first, second)
    data = home_calls.start_exit_by_two(home.named, to, valid_until_s=until_s, by=wrong)
    assert street.refused(STRANGER, street.vault, data).startswith("bad ")
    assert street.word(home).exit_hour == 0
    good = home_calls.start_exit_by_two(home.named, to, valid_until_s=until_s, by=pair)
    street.do(HUB, street.vault, good)
    assert street.word(home).exit_hour != 0
