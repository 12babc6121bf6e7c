"""What homes lost: deposits that a thief of one key, or the retailer himself, moved away."""

from gridplus.contracts import calls, home_calls
from tests.contracts.street import BOLT, DAY_S, OWNER_GUARDIAN, STRANGER, TREASURER, Street


def test_a_month_of_deposit_by_many_claims_of_one_day(street: Street) -> None:
    """A cap per claim instead of per day: a stolen voucher key pays as often as it likes.

    Ours: the cap is per day, at most 45 days are saved, and the money can only go to the pool.
    """
    home = street.open("ada", 5_000 * BOLT, daily_cap=20)
    for amount in range(20, 200, 20):
        street.claim(home.voucher(amount * BOLT))
    assert street.word(home).spent == 20 * BOLT
    street.evm.pass_time(400 * DAY_S)
    street.claim(home.voucher(5_000 * BOLT))
    assert street.word(home).spent == 45 * 20 * BOLT + 20 * BOLT
    assert street.pool() == 920 * BOLT


def test_a_new_deposit_by_the_close_of_an_old_one(street: Street) -> None:
    """A draft of ours: the signed close of last year counts again after the home came back.

    Ours: a close names the op nonce, and every action of two keys counts it up.
    """
    home = street.open("ada", 30 * BOLT)
    final = street.final(home, 25 * BOLT, 0)
    old = home_calls.close(home.named, final)
    pair = street.close_by_two(home, final, OWNER_GUARDIAN)
    street.do(home.owner, street.vault, old)
    street.do(home.owner, street.bolt, calls.approve(street.vault, calls.UNLIMITED))
    street.deposit(home, 5 * BOLT)
    assert street.refused(home.owner, street.vault, old) == "not the hub's signature"
    assert street.refused(STRANGER, street.vault, pair) == "bad first signature"
    assert street.word(home).headroom == 5 * BOLT


def test_the_pool_to_a_treasurer_who_always_has_a_request_standing(street: Street) -> None:
    """A draft of ours: announce at the start, keep it, and take the pool in the hour of need.

    Ours: one request of a fixed amount, which lapses a day after it matures.
    """
    street.fund_pool(10 * BOLT)
    street.do(TREASURER, street.vault, calls.request_withdrawal(10 * BOLT))
    again = calls.request_withdrawal(BOLT)
    assert street.refused(TREASURER, street.vault, again) == "one request at a time"
    street.evm.pass_time(16 * DAY_S)
    taking = calls.finish_withdrawal()
    assert street.refused(TREASURER, street.vault, taking) == "request has lapsed"
    assert street.pool() == 10 * BOLT


def test_a_deposit_redirected_by_squatting_on_its_key(street: Street) -> None:
    """2017: whoever knew a public hash could claim what it named. Here: whoever knows a voucher key
    opens a channel for it first, with himself as the owner.

    Ours: the channel's name is the hash of key and descriptor; his is another channel.
    """
    home = street.home("ada")
    thief = street.home("mallory")
    street.give(STRANGER, BOLT)
    squat = calls.deposit(home.voucher_key.address, thief.cfg, amount=BOLT)
    street.do(STRANGER, street.vault, squat)
    street.give(home.owner, 30 * BOLT)
    street.deposit(home, 30 * BOLT)
    assert street.word(home).headroom == 30 * BOLT
    named = home_calls.Home(home.voucher_key.address, home.cfg, thief.descriptor.encoded)
    data = home_calls.start_exit(named)
    street.do(thief.owner, street.vault, data)
    assert street.word(home).exit_hour == 0
