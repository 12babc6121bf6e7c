"""Hub and home agree: close, rotate, set_cap."""

from dataclasses import replace

import pytest

from gridplus.contracts import ChannelWord, calls, home_calls, parse_log
from gridplus.contracts.logs import CapSet, Closed, Rotated
from gridplus.wallet import Role, SetCap
from tests.contracts.street import (
    BOLT,
    DAY_S,
    GUARDIAN_DEVICE,
    HUB,
    OWNER_DEVICE,
    OWNER_GUARDIAN,
    PAIRS,
    STRANGER,
    TREASURER,
    Street,
)


def test_the_owner_leaves_at_once_with_the_hubs_word(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    street.fund_pool(60 * BOLT)
    street.claim(home.voucher(2 * BOLT))
    final = street.final(home, 25 * BOLT, 3 * BOLT)
    logs = street.do(home.owner, street.vault, home_calls.close(home.named, final)).logs
    closed = Closed(home.channel, home.owner.address, 25 * BOLT, 3 * BOLT, 8 * BOLT)
    assert closed in [parse_log(log[1], log[2]) for log in logs]
    word = street.word(home)
    assert (word.spent, word.earned, word.withdrawn) == (25 * BOLT, 3 * BOLT, 8 * BOLT)
    assert (word.headroom, word.op_nonce, street.pool()) == (0, 1, 82 * BOLT)
    assert street.balance(home.owner.address) == 8 * BOLT
    assert street.unaccounted(home) == 0


@pytest.mark.parametrize("roles", PAIRS)
def test_any_two_keys_close_and_the_owner_is_paid(street: Street, roles: Role) -> None:
    home = street.open("ada", 30 * BOLT)
    data = street.close_by_two(home, street.final(home, 25 * BOLT, 0), roles)
    street.do(STRANGER, street.vault, data)
    assert street.balance(home.owner.address) == 5 * BOLT
    assert street.unaccounted(home) == 0
    assert street.refused(STRANGER, street.vault, data) == "bad first signature"


def test_nobody_closes_alone(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    final = street.final(home, BOLT, 0)
    data = home_calls.close(home.named, final)
    for thief in (STRANGER, HUB, home.guardian, home.voucher_key):
        assert street.refused(thief, street.vault, data) == "not the owner"
    for forger in (STRANGER, TREASURER, home.owner):
        forged = home_calls.close(home.named, street.final(home, BOLT, 0, by=forger))
        assert street.refused(home.owner, street.vault, forged) == "not the hub's signature"
    changed = home_calls.close(home.named, replace(final, spent_ubolt=0))
    assert street.refused(home.owner, street.vault, changed) == "not the hub's signature"
    street.evm.pass_time(DAY_S)
    assert street.refused(home.owner, street.vault, data) == "expired"


def test_a_final_pair_merges_with_what_is_on_chain_and_never_lowers_it(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    street.fund_pool(60 * BOLT)
    street.claim(home.voucher(9 * BOLT))
    street.do(STRANGER, street.vault, street.credit_data(home, 2 * BOLT))
    street.do(
        home.owner, street.vault, home_calls.close(home.named, street.final(home, 4 * BOLT, BOLT))
    )
    word = street.word(home)
    assert (word.spent, word.earned, word.withdrawn) == (9 * BOLT, 2 * BOLT, 23 * BOLT)


def test_a_final_pair_stays_within_headroom_and_the_days_credit(street: Street) -> None:
    home = street.open("ada", 30 * BOLT)
    street.fund_pool(45 * BOLT)
    over = home_calls.close(home.named, street.final(home, 30 * BOLT + 1, 0))
    assert street.refused(home.owner, street.vault, over) == "over headroom"
    rich = home_calls.close(home.named, street.final(home, BOLT, 4 * BOLT + 1))
    assert street.refused(home.owner, street.vault, rich) == "over today's credit"
    street.do(
        home.owner, street.vault, home_calls.close(home.named, street.final(home, BOLT, 4 * BOLT))
    )
    assert (street.balance(home.owner.address), street.pool()) == (33 * BOLT, 42 * BOLT)


def test_close_and_rotate_delete_an_exit_under_way_and_set_cap_does_not(street: Street) -> None:
    for name in ("close", "rotate", "set_cap"):
        home = street.open(name, 30 * BOLT)
        street.do(
            STRANGER, street.vault, street.start_by_two(home, STRANGER.address, GUARDIAN_DEVICE)
        )
        data = {
            "close": street.close_by_two(home, street.final(home, BOLT, 0), OWNER_DEVICE),
            "rotate": street.rotate(home, street.home(name + " 2"), (BOLT, 0), OWNER_DEVICE),
            "set_cap": street.set_cap(home, 5, OWNER_DEVICE),
        }[name]
        street.do(STRANGER, street.vault, data)
        receiver = street.ask(street.vault, home_calls.exit_receiver(home.channel))
        kept = name == "set_cap"
        assert (street.word(home).exit_hour != 0) == kept
        assert (receiver == STRANGER.address) == kept


@pytest.mark.parametrize("roles", PAIRS)
def test_a_home_moves_to_new_keys(street: Street, roles: Role) -> None:
    old, new = street.open("ada", 30 * BOLT), street.home("ada again", daily_cap=7)
    data = street.rotate(old, new, (21 * BOLT, 0), roles)
    (log,) = street.do(STRANGER, street.vault, data).logs
    assert parse_log(log[1], log[2]) == Rotated(
        old.channel, new.channel, new.voucher_key.address, new.cfg, 21 * BOLT, 0, 9 * BOLT
    )
    today = street.evm.today
    assert street.word(new) == ChannelWord(9 * BOLT, cap_day=today - 1, daily_cap=7)
    word = street.word(old)
    assert (word.spent, word.withdrawn, word.headroom) == (21 * BOLT, 9 * BOLT, 0)
    assert word.is_retired
    assert street.pool() == 21 * BOLT
    assert street.unaccounted(old, new) == 0


def test_a_retired_channel_does_nothing_any_more(street: Street) -> None:
    old, new = street.open("ada", 30 * BOLT), street.home("ada again")
    street.fund_pool(60 * BOLT)
    street.do(STRANGER, street.vault, street.rotate(old, new, (0, 0), OWNER_GUARDIAN))
    before = street.word(old)
    street.claim(old.voucher(BOLT, BOLT, top_up=BOLT), new.voucher(BOLT), fund=BOLT)
    assert (street.word(old), street.word(new).spent) == (before, BOLT)
    assert street.ask(street.vault, calls.cap_allowance(old.channel)) == 0
    deposit = calls.deposit(old.voucher_key.address, old.cfg, amount=1)
    named = old.named
    for sender, data in (
        (old.owner, deposit),
        (STRANGER, street.credit_data(old, BOLT)),
        (old.owner, home_calls.start_exit(named)),
        (old.owner, home_calls.cancel_exit(named)),
        (STRANGER, home_calls.finish_exit(named)),
        (old.owner, home_calls.close(named, street.final(old, BOLT, 0))),
        (STRANGER, street.rotate(old, street.home("third"), (0, 0), OWNER_GUARDIAN)),
        (STRANGER, street.set_cap(old, 5, OWNER_GUARDIAN)),
        (STRANGER, street.start_by_two(old, old.owner.address, OWNER_GUARDIAN)),
        (STRANGER, street.cancel_by_two(old, OWNER_GUARDIAN)),
    ):
        assert street.refused(sender, street.vault, data) == "channel is retired"
    post = calls.post_vouchers([old.voucher(BOLT)])
    assert street.refused(STRANGER, street.vault, post) == "nothing to post"


def test_a_home_does_not_move_to_itself_to_nobody_or_to_a_retired_channel(street: Street) -> None:
    old, new = street.open("ada", 30 * BOLT), street.open("bob", BOLT)
    same = street.rotate(old, old, (0, 0), OWNER_GUARDIAN)
    assert street.refused(STRANGER, street.vault, same) == "channel is retired"
    born_retired = replace(new, cfg=new.cfg[:30] + b"\xff\xff")
    data = street.rotate(old, born_retired, (0, 0), OWNER_GUARDIAN)
    assert street.refused(STRANGER, street.vault, data) == "channel is retired"
    nobody = replace(new, voucher_key=replace(new.voucher_key, address=bytes(20)))
    data = street.rotate(old, nobody, (0, 0), OWNER_GUARDIAN)
    assert street.refused(STRANGER, street.vault, data) == "zero voucher key"
    street.do(STRANGER, street.vault, street.rotate(old, new, (0, 0), OWNER_GUARDIAN))
    assert street.word(new).deposited == 31 * BOLT


@pytest.mark.parametrize("roles", PAIRS)
def test_hub_and_two_keys_set_the_cap_and_saved_days_are_lost(street: Street, roles: Role) -> None:
    home = street.open("ada", 500 * BOLT, daily_cap=20)
    street.evm.pass_time(9 * DAY_S)
    assert street.ask(street.vault, calls.cap_allowance(home.channel)) == 200 * BOLT
    (log,) = street.do(STRANGER, street.vault, street.set_cap(home, 100, roles)).logs
    assert parse_log(log[1], log[2]) == CapSet(home.channel, 100)
    assert street.ask(street.vault, calls.cap_allowance(home.channel)) == 100 * BOLT
    street.claim(home.voucher(BOLT))
    street.do(STRANGER, street.vault, street.set_cap(home, 200, roles))
    assert street.ask(street.vault, calls.cap_allowance(home.channel)) == 0
    assert street.word(home).op_nonce == 2


def test_a_cap_needs_hub_and_two_keys_and_is_never_the_mark_of_the_retired(street: Street) -> None:
    home = street.open("ada", 50 * BOLT)
    forged = street.set_cap(home, 5, OWNER_DEVICE, by=STRANGER)
    assert street.refused(STRANGER, street.vault, forged) == "not the hub's signature"
    marked = street.set_cap(home, 0xFFFF, OWNER_DEVICE)
    assert street.refused(STRANGER, street.vault, marked) == "cap means retired"
    until_s = street.evm.now_s + DAY_S
    pair, signature = street.approved(home, SetCap(home.channel, 5, 0, until_s), OWNER_DEVICE)
    data = home_calls.set_cap(home.named, 6, valid_until_s=until_s, signature=signature, by=pair)
    assert street.refused(home.owner, street.vault, data) == "bad first signature"
