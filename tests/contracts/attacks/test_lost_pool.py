"""What retailers lost: the pool that pays credits, and the tokens that top homes up."""

from gridplus.contracts import calls, home_calls
from tests.contracts.street import BOLT, DAY_S, HUB, STRANGER, TREASURER, Street


def test_the_pool_to_a_credit_that_the_agent_asserts(street: Street) -> None:
    """2017: the box in the home said what it had earned, and was paid.

    Ours: only the hub's signature raises `earned`; a voucher states it, and the hub claims it.
    """
    home = street.open("ada", BOLT)
    street.fund_pool(150 * BOLT)
    for liar in (home.owner, home.voucher_key, home.guardian):
        data = street.credit_data(home, 10 * BOLT, by=liar)
        assert street.refused(liar, street.vault, data) == "not the hub's credit"
    post = calls.post_vouchers([home.voucher(0, 10 * BOLT)])
    assert street.refused(home.owner, street.vault, post) == "nothing to post"
    assert street.pool() == 150 * BOLT


def test_the_pool_to_a_thief_of_the_hot_key_with_a_channel_of_his_own(street: Street) -> None:
    """A draft of ours: the stolen hub key credits the thief with the whole pool, in one block.

    Ours: a 15th of the pool a day by all ways together, so the treasurer replaces the key first.
    """
    thief, honest = street.open("mallory", BOLT), street.open("ada", 100 * BOLT)
    street.fund_pool(900 * BOLT)
    street.do(TREASURER, street.vault, calls.request_hub(STRANGER.address))
    stolen = 0
    for _ in range(15):
        street.claim(honest.voucher(street.word(honest).spent + 2 * BOLT))
        greedy = street.credit_data(thief, 10_000 * BOLT)
        street.do(STRANGER, street.vault, greedy)
        assert street.refused(STRANGER, street.vault, greedy) == "no credit left today"
        close = home_calls.close(thief.named, street.final(thief, 0, 10_000 * BOLT))
        assert street.refused(thief.owner, street.vault, close) == "over today's credit"
        stolen = street.word(thief).earned
        street.evm.pass_time(DAY_S)
    street.do(TREASURER, street.vault, calls.finish_hub())
    last = street.credit_data(thief, 10_000 * BOLT)
    assert street.refused(STRANGER, street.vault, last) == "not the hub's credit"
    assert stolen < 930 * BOLT * 65 // 100
    assert street.pool() > 930 * BOLT // 3
    assert street.unaccounted(thief, honest) == 0


def test_the_hubs_tokens_to_a_top_up_that_is_sent_again(street: Street) -> None:
    """A draft of ours: the same claim, mined twice, tops the same homes up twice.

    Ours: a claim names its number, and `fund` is a ceiling on what it pulls.
    """
    home = street.open("ada", BOLT)
    held = street.balance(HUB.address)
    data = street.claim_data(home.voucher(BOLT, top_up=5 * BOLT), fund=5 * BOLT)
    street.do(HUB, street.vault, data)
    assert street.refused(HUB, street.vault, data) == "not the next seq"
    street.claim(home.voucher(BOLT, top_up=5 * BOLT), fund=5 * BOLT - 1)
    assert street.word(home).deposited == 6 * BOLT
    assert street.balance(HUB.address) == held - 5 * BOLT
