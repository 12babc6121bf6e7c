"""Deposits open channels, add to them, and cannot be redirected."""

from dataclasses import replace

import pytest

from gridplus.contracts import ChannelWord, calls, parse_log
from gridplus.contracts.logs import Deposited, PoolFunded
from gridplus.units import U48_MAX
from gridplus.wallet import domain_separator
from tests.contracts.evm import Reverted, signer
from tests.contracts.street import (
    BOLT,
    DAY_S,
    DEPLOYER,
    HUB,
    MINTER,
    STRANGER,
    TREASURER,
    Home,
    Street,
)


def data_of(home: Home, amount: int) -> bytes:
    return calls.deposit(home.voucher_key.address, home.cfg, amount=amount)


@pytest.mark.parametrize(
    ("token", "hub", "treasurer", "why"),
    [
        (STRANGER.address, HUB.address, TREASURER.address, "token is no contract"),
        (None, bytes(20), TREASURER.address, "zero hub"),
        (None, HUB.address, bytes(20), "bad treasurer"),
        (None, HUB.address, HUB.address, "bad treasurer"),
    ],
)
def test_a_vault_whose_roles_are_not_apart_is_not_deployed(
    street: Street, token: bytes | None, hub: bytes, treasurer: bytes, why: str
) -> None:
    code = calls.vault_init_code(token or street.bolt, hub=hub, treasurer=treasurer)
    with pytest.raises(Reverted, match=why):
        street.evm.deploy(DEPLOYER, code)


def test_a_vault_names_its_token_its_keys_and_its_domain(street: Street) -> None:
    assert street.ask(street.vault, calls.token()) == street.bolt
    assert street.ask(street.vault, calls.hub()) == HUB.address
    assert street.ask(street.vault, calls.treasurer()) == TREASURER.address
    assert street.ask(street.vault, calls.domain_separator()) == domain_separator(street.domain)


def test_the_first_deposit_opens_with_one_cap_and_the_next_adds(street: Street) -> None:
    home = street.home("ada", daily_cap=20)
    street.give(home.owner, 100 * BOLT)
    assert street.word(home) == ChannelWord()
    assert not street.word(home).is_open
    (_, log) = sorted(street.deposit(home, 30 * BOLT).logs, key=lambda log: len(log[2]))
    assert parse_log(log[1], log[2]) == Deposited(
        home.channel, home.owner.address, home.voucher_key.address, home.cfg, 30 * BOLT
    )
    today = street.evm.today
    opened = ChannelWord(deposited=30 * BOLT, cap_day=today - 1, daily_cap=20)
    assert street.word(home) == opened
    assert street.ask(street.vault, calls.cap_allowance(home.channel)) == 20 * BOLT
    street.evm.pass_time(3 * DAY_S)
    street.deposit(home, 12)
    assert street.word(home) == replace(opened, deposited=30 * BOLT + 12)
    assert street.ask(street.vault, calls.headroom(home.channel)) == 30 * BOLT + 12
    assert street.unaccounted(home) == 0


def test_anybody_may_deposit_for_any_home(street: Street) -> None:
    home = street.home("ada")
    street.give(STRANGER, BOLT)
    street.do(STRANGER, street.vault, data_of(home, BOLT))
    assert street.word(home).deposited == BOLT


def test_a_deposit_of_nothing_or_without_money_or_to_nobody_is_refused(street: Street) -> None:
    home = street.home("ada")
    street.give(home.owner, BOLT)
    assert street.refused(home.owner, street.vault, data_of(home, 0)) == "zero amount"
    assert street.refused(home.owner, street.vault, data_of(home, BOLT + 1)) == "over balance"
    assert street.refused(STRANGER, street.vault, data_of(home, BOLT)) == "over allowance"
    nobody = calls.deposit(bytes(20), home.cfg, amount=BOLT)
    assert street.refused(home.owner, street.vault, nobody) == "zero voucher key"
    retired = calls.deposit(home.voucher_key.address, home.cfg[:30] + b"\xff\xff", amount=1)
    assert street.refused(home.owner, street.vault, retired) == "channel is retired"
    assert not street.word(home).is_open


def test_no_deposit_carries_into_the_next_counter(street: Street) -> None:
    home = street.home("ada")
    street.give(home.owner, U48_MAX + 1)
    whole = data_of(home, U48_MAX + 1)
    assert street.refused(home.owner, street.vault, whole) == "counter overflow"
    street.deposit(home, U48_MAX)
    assert street.refused(home.owner, street.vault, data_of(home, 1)) == "counter overflow"
    word = ChannelWord(deposited=U48_MAX, cap_day=street.evm.today - 1, daily_cap=20)
    assert street.word(home) == word


def test_an_authorized_deposit_is_relayed_by_anybody_once(street: Street) -> None:
    home = street.home("ada")
    street.do(MINTER, street.bolt, calls.mint(home.owner.address, 10 * BOLT))
    data = calls.deposit_with_authorization(street.authorized_deposit(home, 4 * BOLT, number=0))
    street.do(STRANGER, street.vault, data)
    assert street.word(home).deposited == 4 * BOLT
    assert street.refused(STRANGER, street.vault, data) == "nonce used"
    for number in (1, 255, 256):
        again = street.authorized_deposit(home, BOLT, number=number)
        street.do(STRANGER, street.vault, calls.deposit_with_authorization(again))
    assert street.word(home).deposited == 7 * BOLT
    assert street.unaccounted(home) == 0


def test_an_authorized_deposit_goes_to_no_other_channel_amount_or_time(street: Street) -> None:
    home, thief = street.home("ada"), street.home("eve")
    street.do(MINTER, street.bolt, calls.mint(home.owner.address, 10 * BOLT))
    good = street.authorized_deposit(home, 4 * BOLT, number=0)
    for bad in (
        replace(good, cfg=thief.cfg),
        replace(good, voucher_key=thief.voucher_key.address),
        replace(good, amount_ubolt=5 * BOLT),
        replace(good, number=1),
        replace(good, number=256),
        replace(good, payer=thief.owner.address),
        replace(good, valid_before_s=good.valid_before_s + 1),
        replace(good, signature=thief.owner.sign(bytes(32))),
    ):
        data = calls.deposit_with_authorization(bad)
        assert street.refused(STRANGER, street.vault, data) == "not the signer"
    street.do(STRANGER, street.vault, calls.deposit_with_authorization(good))


def test_anybody_funds_the_pool_with_his_own_money(street: Street) -> None:
    (log, _) = sorted(
        street.do(HUB, street.vault, calls.fund_pool(9 * BOLT)).logs, key=lambda log: len(log[1])
    )
    assert parse_log(log[1], log[2]) == PoolFunded(HUB.address, 9 * BOLT)
    assert street.pool() == 9 * BOLT
    assert street.refused(HUB, street.vault, calls.fund_pool(0)) == "zero amount"
    poor = calls.fund_pool(1)
    assert street.refused(signer("poor"), street.vault, poor) == "over allowance"
    assert street.unaccounted() == 0


def test_a_day_beyond_the_calendar_carries_into_no_counter(street: Street) -> None:
    """I-VA-1: cap_day has 16 bits, which end in 2149."""
    home, late = street.open("ada", 5 * BOLT), street.home("bob")
    street.give(late.owner, BOLT)
    street.evm.pass_time((1 << 16) * 86_400 - street.evm.now_s)
    opening = calls.deposit(late.voucher_key.address, late.cfg, amount=BOLT)
    assert street.refused(late.owner, street.vault, opening) == "end of calendar"
    claim = street.claim_data(home.voucher(BOLT))
    assert street.refused(HUB, street.vault, claim) == "end of calendar"
    street.do(home.owner, street.vault, street.exit_step(home, "start_exit")[1])
    street.evm.pass_time(14 * 86_400 + 3_600)
    street.do(home.owner, street.vault, street.exit_step(home, "finish_exit")[1])
    assert street.balance(home.owner.address) == 5 * BOLT
