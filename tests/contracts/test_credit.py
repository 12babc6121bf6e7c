"""Credits: the hub's word, paid by the pool, posted by anybody."""

import pytest

from gridplus.contracts import calls, parse_log
from gridplus.contracts.logs import CreditPosted
from gridplus.units import U48_MAX
from gridplus.wallet import Address, credit_digest, vault_domain
from tests.contracts.evm import CHAIN_ID
from tests.contracts.street import BOLT, DAY_S, HEAD, HUB, STRANGER, TREASURER, Street


def test_a_credit_raises_earned_out_of_the_pool(street: Street) -> None:
    home = street.open("ada", BOLT)
    street.fund_pool(60 * BOLT)
    (log,) = street.do(STRANGER, street.vault, street.credit_data(home, 4 * BOLT)).logs
    assert parse_log(log[1], log[2]) == CreditPosted(home.channel, 4 * BOLT, HEAD)
    assert (street.word(home).earned, street.pool()) == (4 * BOLT, 56 * BOLT)
    assert street.unaccounted(home) == 0


def test_a_credit_counts_once_and_an_older_one_never(street: Street) -> None:
    home = street.open("ada", BOLT)
    street.fund_pool(75 * BOLT)
    data = street.credit_data(home, 4 * BOLT)
    street.do(STRANGER, street.vault, data)
    assert street.refused(STRANGER, street.vault, data) == "nothing to post"
    older = street.credit_data(home, 3 * BOLT)
    assert street.refused(STRANGER, street.vault, older) == "nothing to post"
    street.do(STRANGER, street.vault, street.credit_data(home, 5 * BOLT))
    assert street.pool() == 70 * BOLT


def test_a_credit_saturates_at_a_15th_of_the_pool_a_day_and_the_rest_follows(
    street: Street,
) -> None:
    home = street.open("ada", BOLT)
    data = street.credit_data(home, 4 * BOLT)
    assert street.refused(STRANGER, street.vault, data) == "no credit left today"
    street.fund_pool(45 * BOLT)
    assert street.ask(street.vault, calls.credit_allowance()) == 3 * BOLT
    street.do(STRANGER, street.vault, data)
    assert (street.word(home).earned, street.pool()) == (3 * BOLT, 42 * BOLT)
    assert street.refused(STRANGER, street.vault, data) == "no credit left today"
    street.evm.pass_time(DAY_S)
    street.do(STRANGER, street.vault, data)
    assert (street.word(home).earned, street.pool()) == (4 * BOLT, 41 * BOLT)
    assert street.ask(street.vault, calls.credit_allowance()) == 42 * BOLT // 15 - BOLT


def test_all_ways_of_crediting_share_the_days_limit_and_own_spending_is_free(
    street: Street,
) -> None:
    ada, bob = street.open("ada", 20 * BOLT), street.open("bob", BOLT)
    street.fund_pool(30 * BOLT)
    street.claim(ada.voucher(5 * BOLT, 6 * BOLT))
    assert street.ask(street.vault, calls.credit_allowance()) == BOLT
    street.claim(bob.voucher(0, BOLT + 1))
    assert street.word(bob).earned == 0
    street.do(STRANGER, street.vault, street.credit_data(bob, 2 * BOLT))
    assert street.word(bob).earned == BOLT
    assert street.unaccounted(ada, bob) == 0


def test_only_the_hubs_own_credit_for_this_channel_and_vault_counts(street: Street) -> None:
    home, other = street.open("ada", BOLT), street.open("bob", BOLT)
    street.fund_pool(15 * BOLT)
    for forger in (TREASURER, STRANGER, home.owner, home.voucher_key):
        data = street.credit_data(home, BOLT, by=forger)
        assert street.refused(STRANGER, street.vault, data) == "not the hub's credit"

    def signed(channel: bytes, chain: int, vault: bytes, earned: int) -> bytes:
        domain = vault_domain(chain, Address(vault))
        digest = credit_digest(domain, home.channel, earned=BOLT, bill_head=HEAD)
        signature = HUB.sign(digest)
        return calls.post_credit(channel, earned=earned, bill_head=HEAD, signature=signature)

    for channel, chain, vault, earned in (
        (other.channel, CHAIN_ID, street.vault, BOLT),
        (home.channel, CHAIN_ID + 1, street.vault, BOLT),
        (home.channel, CHAIN_ID, street.bolt, BOLT),
        (home.channel, CHAIN_ID, street.vault, BOLT + 1),
    ):
        data = signed(channel, chain, vault, earned)
        assert street.refused(STRANGER, street.vault, data) == "not the hub's credit"
    street.do(STRANGER, street.vault, signed(home.channel, CHAIN_ID, street.vault, BOLT))


def test_a_credit_for_an_unknown_channel_is_refused(street: Street) -> None:
    street.fund_pool(15 * BOLT)
    data = street.credit_data(street.home("nobody"), BOLT)
    assert street.refused(STRANGER, street.vault, data) == "unknown channel"


@pytest.mark.parametrize("earned", [U48_MAX])
def test_a_credit_up_to_the_limit_of_the_counter_fits(street: Street, earned: int) -> None:
    home = street.open("ada", BOLT)
    for _ in range(15):
        street.give(HUB, earned)
        street.fund_pool(earned)
    street.do(STRANGER, street.vault, street.credit_data(home, earned))
    assert street.word(home).earned == earned
    assert street.word(home).deposited == BOLT
