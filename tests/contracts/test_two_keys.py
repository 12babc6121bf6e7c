"""Any two keys of a home beat one: exits that two start, cancel and finish, and who may sign."""

from dataclasses import replace

import pytest

from gridplus.contracts import ExitKind, exit_hour_of, home_calls, parse_log
from gridplus.contracts.logs import ExitCancelled, ExitFinished, ExitStarted
from gridplus.wallet import (
    Address,
    Role,
    StartExit,
    action_digest,
    vault_domain,
)
from tests.contracts.evm import CHAIN_ID, P256_ORDER, signer
from tests.contracts.street import (
    BOLT,
    DAY_S,
    GUARDIAN_DEVICE,
    HUB,
    OWNER_DEVICE,
    OWNER_GUARDIAN,
    PAIRS,
    STRANGER,
    Home,
    Street,
)

HEIR = signer("heir").address
HOUR_S = 3_600


def receiver(home: Home, roles: Role) -> Address:
    return HEIR if roles == GUARDIAN_DEVICE else home.owner.address


def until_mature(street: Street, home: Home) -> None:
    street.evm.pass_time(street.word(home).exit_hour * HOUR_S - street.evm.now_s)


def refused_start(street: Street, home: Home, pair: home_calls.Pair, until_s: int) -> str:
    data = home_calls.start_exit_by_two(
        home.named, home.owner.address, valid_until_s=until_s, by=pair
    )
    return street.refused(STRANGER, street.vault, data)


@pytest.mark.parametrize("roles", PAIRS)
def test_two_keys_leave_by_anybodys_transaction(street: Street, roles: Role) -> None:
    home = street.open("ada", 30 * BOLT)
    to, kind = receiver(home, roles), ExitKind.WITH_OWNER
    if roles == GUARDIAN_DEVICE:
        kind = ExitKind.WITHOUT_OWNER
    hour = exit_hour_of(street.evm.now_s, kind)
    (log,) = street.do(STRANGER, street.vault, street.start_by_two(home, to, roles)).logs
    assert parse_log(log[1], log[2]) == ExitStarted(home.channel, to, hour)
    word = street.word(home)
    assert (word.exit_kind, word.exit_hour, word.op_nonce) == (kind, hour, 1)
    days = 21 if roles == GUARDIAN_DEVICE else 7
    assert 0 <= hour * HOUR_S - street.evm.now_s + 1 - days * DAY_S < HOUR_S
    finish = home_calls.finish_exit(home.named)
    assert street.refused(STRANGER, street.vault, finish) == "exit is not mature"
    until_mature(street, home)
    logs = [parse_log(log[1], log[2]) for log in street.do(STRANGER, street.vault, finish).logs]
    assert ExitFinished(home.channel, to, 30 * BOLT) in logs
    assert street.balance(to) == 30 * BOLT
    assert street.ask(street.vault, home_calls.exit_receiver(home.channel)) == bytes(20)
    assert street.unaccounted(home) == 0


def test_two_keys_with_the_owner_pay_nobody_but_the_owner(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    for roles in (OWNER_GUARDIAN, OWNER_DEVICE):
        data = street.start_by_two(home, HEIR, roles)
        assert street.refused(STRANGER, street.vault, data) == "not the owner"


def test_two_keys_cannot_name_an_address_that_would_lose_the_money(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    for to in (bytes(20), street.vault, street.bolt):
        data = street.start_by_two(home, to, GUARDIAN_DEVICE)
        assert street.refused(STRANGER, street.vault, data) == "bad receiver"


@pytest.mark.parametrize("roles", PAIRS)
@pytest.mark.parametrize("started", [None, *PAIRS])
def test_two_keys_end_any_exit(street: Street, roles: Role, started: Role | None) -> None:
    home = street.open("ada", 30 * BOLT)
    none = street.cancel_by_two(home, roles)
    assert street.refused(STRANGER, street.vault, none) == "no exit"
    if started is None:
        street.do(home.owner, street.vault, home_calls.start_exit(home.named))
    else:
        data = street.start_by_two(home, receiver(home, started), started)
        street.do(STRANGER, street.vault, data)
    nonce = street.word(home).op_nonce
    (log,) = street.do(STRANGER, street.vault, street.cancel_by_two(home, roles)).logs
    assert parse_log(log[1], log[2]) == ExitCancelled(home.channel)
    word = street.word(home)
    assert (word.exit_kind, word.exit_hour, word.op_nonce) == (0, 0, nonce + 1)
    assert street.ask(street.vault, home_calls.exit_receiver(home.channel)) == bytes(20)


@pytest.mark.parametrize("roles", PAIRS)
def test_one_key_never_blocks_two(street: Street, roles: Role) -> None:
    """I-VA-7"""
    home = street.open("ada", 30 * BOLT)
    street.do(home.owner, street.vault, home_calls.start_exit(home.named))
    assert street.word(home).op_nonce == 0
    data = street.start_by_two(home, receiver(home, roles), roles)
    street.do(STRANGER, street.vault, data)
    alone = home_calls.start_exit(home.named)
    assert street.refused(home.owner, street.vault, alone) == "exit is under way"
    cancel = home_calls.cancel_exit(home.named)
    assert street.refused(home.owner, street.vault, cancel) == "two keys started it"
    for thief in (home.guardian, home.voucher_key, HUB):
        assert street.refused(thief, street.vault, cancel) == "not the owner"
    until_mature(street, home)
    street.do(STRANGER, street.vault, home_calls.finish_exit(home.named))
    assert street.balance(receiver(home, roles)) == 30 * BOLT


def test_the_newest_two_keys_name_the_receiver(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    for to in (STRANGER.address, HEIR):
        street.do(STRANGER, street.vault, street.start_by_two(home, to, GUARDIAN_DEVICE))
        assert street.ask(street.vault, home_calls.exit_receiver(home.channel)) == to
    data = street.start_by_two(home, home.owner.address, OWNER_DEVICE)
    street.do(STRANGER, street.vault, data)
    assert street.ask(street.vault, home_calls.exit_receiver(home.channel)) == bytes(20)
    until_mature(street, home)
    street.do(STRANGER, street.vault, home_calls.finish_exit(home.named))
    assert street.balance(home.owner.address) == 30 * BOLT


def test_a_signature_counts_once_and_for_seven_days_at_most(street: Street) -> None:
    """I-VA-13"""
    home = street.open("ada", 30 * BOLT)
    data = street.start_by_two(home, home.owner.address, OWNER_GUARDIAN)
    street.do(STRANGER, street.vault, data)
    assert street.refused(STRANGER, street.vault, data) == "bad first signature"

    def pair(until_s: int) -> home_calls.Pair:
        action = StartExit(home.channel, home.owner.address, 1, until_s)
        return home.pair(action, OWNER_GUARDIAN)

    now_s = street.evm.now_s
    assert refused_start(street, home, pair(now_s - 1), now_s - 1) == "expired"
    far_s = street.evm.now_s + 7 * DAY_S + 1
    assert refused_start(street, home, pair(far_s), far_s) == "valid for too long"
    edge_s = street.evm.now_s + 7 * DAY_S
    data = home_calls.start_exit_by_two(
        home.named, home.owner.address, valid_until_s=edge_s, by=pair(edge_s)
    )
    street.do(STRANGER, street.vault, data)


@pytest.mark.parametrize("roles", PAIRS)
def test_one_key_is_not_two(street: Street, roles: Role) -> None:
    home = street.open("ada", 30 * BOLT)
    until_s = street.evm.now_s + DAY_S
    action = StartExit(home.channel, receiver(home, roles), 0, until_s)
    good = home.pair(action, roles)
    to = receiver(home, roles)
    for forged, why in (
        (replace(good, first=good.second), "bad first signature"),
        (replace(good, second=good.first), "bad second signature"),
        (replace(good, first=bytes(64)), "bad first signature"),
        (replace(good, first=b""), "bad first signature"),
        (replace(good, second=bytes(64)), "bad second signature"),
        (replace(good, second=good.second + b"\x00"), "bad second signature"),
        *((replace(good, roles=mask), "not two roles") for mask in (0, 1, 2, 4, 7, 8, 11)),
    ):
        data = home_calls.start_exit_by_two(home.named, to, valid_until_s=until_s, by=forged)
        assert street.refused(STRANGER, street.vault, data) == why
    data = home_calls.start_exit_by_two(home.named, to, valid_until_s=until_s, by=good)
    street.do(STRANGER, street.vault, data)


def test_a_device_signature_with_a_high_s_is_a_twin_that_does_not_count(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    until_s = street.evm.now_s + DAY_S
    good = home.pair(StartExit(home.channel, home.owner.address, 0, until_s), OWNER_DEVICE)
    high = P256_ORDER - int.from_bytes(good.second[32:], "big")
    twin = replace(good, second=good.second[:32] + high.to_bytes(32, "big"))
    assert refused_start(street, home, twin, until_s) == "bad second signature"


def test_nothing_signed_for_another_vault_chain_or_home_counts(street: Street) -> None:
    """I-VA-11"""
    home, other = street.open("ada", 30 * BOLT), street.open("bob", BOLT)
    until_s = street.evm.now_s + DAY_S
    action = StartExit(home.channel, home.owner.address, 0, until_s)
    for domain in (vault_domain(CHAIN_ID + 1, street.vault), vault_domain(CHAIN_ID, street.bolt)):
        digest = action_digest(domain, action)
        pair = home_calls.Pair(3, home.owner.sign(digest), home.guardian.sign(digest))
        assert refused_start(street, home, pair, until_s) == "bad first signature"
    foreign = home.pair(replace(action, channel=other.channel), OWNER_GUARDIAN)
    assert refused_start(street, home, foreign, until_s) == "bad first signature"
    data = street.start_by_two(street.home("nobody"), HEIR, GUARDIAN_DEVICE)
    assert street.refused(STRANGER, street.vault, data) == "unknown channel"
