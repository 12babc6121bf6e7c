"""The owner alone leaves, slowly: 14 days, then 48 hours."""

from dataclasses import replace

import pytest

from gridplus.contracts import calls, exit_hour_of, home_calls, parse_log
from gridplus.contracts.logs import ExitCancelled, ExitFinished, ExitStarted
from tests.contracts.evm import signer
from tests.contracts.street import BOLT, DAY_S, HUB, STRANGER, Home, Street

HOUR_S = 3600


def step(street: Street, home: Home, name: str) -> None:
    sender, data = street.exit_step(home, name)
    street.do(sender, street.vault, data)


def refusal(street: Street, home: Home, name: str) -> str:
    sender, data = street.exit_step(home, name)
    return street.refused(sender, street.vault, data)


def until(street: Street, instant_s: int) -> None:
    street.evm.pass_time(instant_s - street.evm.now_s)


def maturity(street: Street, home: Home) -> int:
    return street.word(home).exit_hour * HOUR_S


def test_an_exit_pays_the_whole_headroom_to_the_owner(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    street.claim(home.voucher(7 * BOLT))
    started_s = street.evm.now_s
    sender, data = street.exit_step(home, "start_exit")
    (log,) = street.do(sender, street.vault, data).logs
    hour = exit_hour_of(started_s)
    assert parse_log(log[1], log[2]) == ExitStarted(home.channel, home.owner.address, hour)
    assert street.word(home).exit_hour == hour
    assert 0 <= hour * HOUR_S - started_s - 14 * DAY_S < HOUR_S

    until(street, hour * HOUR_S)
    sender, data = street.exit_step(home, "finish_exit")
    logs = [parse_log(log[1], log[2]) for log in street.do(sender, street.vault, data).logs]
    assert ExitFinished(home.channel, home.owner.address, 23 * BOLT) in logs
    assert street.balance(home.owner.address) == 23 * BOLT
    word = street.word(home)
    assert (word.headroom, word.withdrawn, word.exit_hour) == (0, 23 * BOLT, 0)
    assert street.unaccounted(home) == 0
    assert refusal(street, home, "finish_exit") == "no exit"


@pytest.mark.parametrize("name", ["start_exit", "cancel_exit"])
def test_nobody_but_the_owner_with_his_true_descriptor_exits(street: Street, name: str) -> None:
    home = street.open("ada", 30 * BOLT)
    guardian = signer("ada guardian")
    for thief in (STRANGER, HUB, guardian, home.voucher_key):
        sender, data = street.exit_step(home, name, by=thief)
        assert street.refused(sender, street.vault, data) == "not the owner"
    d = home.descriptor
    for forged in (
        replace(d, owner=STRANGER.address),
        replace(d, guardian=STRANGER.address),
        replace(d, device_x=3),
        replace(d, salt=bytes(32)),
    ):
        thief = STRANGER if forged.owner == STRANGER.address else home.owner
        sender, data = street.exit_step(replace(home, descriptor=forged), name, by=thief)
        assert street.refused(sender, street.vault, data) == "unknown channel"
    unopened = street.home("nobody")
    assert refusal(street, unopened, name) == "unknown channel"


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        (1, lambda home: bytes(32), "bad guardian"),
        (1, lambda home: home.descriptor.owner.rjust(32, b"\x00"), "bad guardian"),
        (2, lambda home: bytes(32), "bad device"),
        (3, lambda home: bytes(32), "bad device"),
    ],
)
def test_a_descriptor_without_three_distinct_roles_is_refused(
    street: Street, place: int, value: object, why: str
) -> None:
    home = street.open("ada", 30 * BOLT)
    words = bytearray(home.descriptor.encoded)
    words[32 * place : 32 * place + 32] = value(home)  # type: ignore[operator]
    named = replace(home.named, descriptor=bytes(words))
    data = home_calls.start_exit(named)
    assert street.refused(home.owner, street.vault, data) == why


def test_anybody_may_finish_and_the_owner_is_paid(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    step(street, home, "start_exit")
    until(street, maturity(street, home))
    forged = replace(home, descriptor=replace(home.descriptor, owner=STRANGER.address))
    sender, data = street.exit_step(forged, "finish_exit", by=STRANGER)
    assert street.refused(sender, street.vault, data) == "unknown channel"
    sender, data = street.exit_step(home, "finish_exit", by=STRANGER)
    street.do(sender, street.vault, data)
    assert street.balance(home.owner.address) == 30 * BOLT
    assert street.balance(STRANGER.address) == 0


def test_an_exit_is_finished_neither_early_nor_late(street: Street) -> None:
    """I-VA-8"""
    home = street.open("ada", 30 * BOLT)
    assert refusal(street, home, "finish_exit") == "no exit"
    step(street, home, "start_exit")
    mature_s = maturity(street, home)
    until(street, mature_s - 1)
    assert refusal(street, home, "finish_exit") == "exit is not mature"
    until(street, mature_s + 48 * HOUR_S)
    assert refusal(street, home, "finish_exit") == "exit has lapsed"


def test_an_exit_is_finished_in_its_last_second(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    step(street, home, "start_exit")
    until(street, maturity(street, home) + 48 * HOUR_S - 1)
    step(street, home, "finish_exit")
    assert street.word(home).headroom == 0


def test_a_started_exit_is_not_started_again_before_it_lapses(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    step(street, home, "start_exit")
    mature_s = maturity(street, home)
    until(street, mature_s + 48 * HOUR_S - 1)
    assert refusal(street, home, "start_exit") == "exit is under way"
    until(street, mature_s + 48 * HOUR_S)
    step(street, home, "start_exit")
    assert maturity(street, home) > mature_s + 14 * DAY_S


def test_a_cancelled_exit_pays_nothing(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    assert refusal(street, home, "cancel_exit") == "no exit"
    step(street, home, "start_exit")
    mature_s = maturity(street, home)
    sender, data = street.exit_step(home, "cancel_exit")
    (log,) = street.do(sender, street.vault, data).logs
    assert parse_log(log[1], log[2]) == ExitCancelled(home.channel)
    until(street, mature_s)
    assert refusal(street, home, "finish_exit") == "no exit"


def test_in_the_window_vouchers_and_credits_count_as_ever(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    street.fund_pool(30 * BOLT)
    step(street, home, "start_exit")
    until(street, maturity(street, home) - 60)
    street.claim(home.voucher(9 * BOLT))
    street.do(STRANGER, street.vault, street.credit_data(home, 2 * BOLT))
    until(street, maturity(street, home))
    step(street, home, "finish_exit")
    assert street.balance(home.owner.address) == 23 * BOLT
    assert street.unaccounted(home) == 0


def test_an_armed_exit_is_headroom_zero_for_the_hub_until_it_lapses(street: Street) -> None:
    """I-VA-8"""
    home = street.open("ada", 30 * BOLT)
    street.fund_pool(30 * BOLT)
    step(street, home, "start_exit")
    until(street, maturity(street, home))
    street.claim(home.voucher(9 * BOLT, BOLT))
    word = street.word(home)
    assert word.is_armed(street.evm.now_s)
    assert (word.spent, word.earned) == (0, BOLT)
    post = calls.post_vouchers([home.voucher(20 * BOLT, BOLT)])
    assert street.refused(STRANGER, street.vault, post) == "nothing to post"
    until(street, maturity(street, home) + 48 * HOUR_S)
    street.claim(home.voucher(9 * BOLT, BOLT))
    assert street.word(home).spent == 9 * BOLT


def test_a_deposit_neither_cancels_nor_extends_an_exit(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    step(street, home, "start_exit")
    before = street.word(home)
    street.give(home.owner, BOLT)
    street.deposit(home, BOLT)
    assert street.word(home) == replace(before, deposited=31 * BOLT)
    until(street, maturity(street, home))
    step(street, home, "finish_exit")
    assert street.balance(home.owner.address) == 31 * BOLT


def test_after_an_exit_only_what_was_never_claimed_is_claimable(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    street.claim(home.voucher(9 * BOLT))
    step(street, home, "start_exit")
    until(street, maturity(street, home))
    step(street, home, "finish_exit")
    street.do(home.owner, street.bolt, calls.approve(street.vault, calls.UNLIMITED))
    street.deposit(home, 5 * BOLT)
    street.claim(home.voucher(9 * BOLT))
    assert street.word(home).headroom == 5 * BOLT
    street.claim(home.voucher(10 * BOLT))
    assert street.word(home).headroom == 4 * BOLT
