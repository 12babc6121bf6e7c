"""Claims: total per item, saturating, never more than headroom, cap and pool allow."""

from dataclasses import replace

import pytest
from coincurve import PrivateKey

from gridplus.contracts import ChannelWord, calls, parse_log
from gridplus.contracts.logs import Claimed, VouchersPosted
from gridplus.units import U48_MAX
from gridplus.wallet import Address, bolt_domain, channel_id, vault_domain, voucher_digest
from tests.contracts.evm import CHAIN_ID, START_S, signer, signer_of
from tests.contracts.street import BOLT, DAY_S, HUB, STRANGER, Home, Street, new_street

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def spent(street: Street, home: Home) -> int:
    return street.word(home).spent


def test_a_claim_takes_what_the_voucher_says_and_writes_a_log(street: Street) -> None:
    home = street.open("ada", 50 * BOLT)
    (log,) = street.claim(home.voucher(7 * BOLT)).logs
    assert parse_log(log[1], log[2]) == Claimed(seq=0, pulled_ubolt=0, pool_ubolt=7 * BOLT)
    today = street.evm.today
    assert street.word(home) == ChannelWord(50 * BOLT, 7 * BOLT, 0, 0, today, 20)
    assert street.pool() == 7 * BOLT
    assert street.unaccounted(home) == 0


def test_only_the_hub_claims_and_only_the_next_seq(street: Street) -> None:
    home = street.open("ada", 50 * BOLT)
    data = street.claim_data(home.voucher(BOLT))
    assert street.refused(STRANGER, street.vault, data) == "not the hub"
    street.do(HUB, street.vault, data)
    assert street.refused(HUB, street.vault, data) == "not the next seq"
    ahead = calls.claim([home.voucher(2 * BOLT)], fund=0, seq=2)
    assert street.refused(HUB, street.vault, ahead) == "not the next seq"
    assert street.ask(street.vault, calls.next_seq()) == 1


def test_an_empty_claim_is_harmless(street: Street) -> None:
    street.claim()
    assert (street.pool(), street.ask(street.vault, calls.next_seq())) == (0, 1)


def test_what_is_beyond_the_headroom_stays_claimable(street: Street) -> None:
    home = street.open("ada", 5 * BOLT)
    street.claim(home.voucher(5 * BOLT + 1))
    assert (spent(street, home), street.word(home).headroom) == (5 * BOLT, 0)
    voucher = home.voucher(9 * BOLT)
    street.claim(voucher)
    assert (spent(street, home), street.word(home).headroom) == (5 * BOLT, 0)
    street.evm.pass_time(DAY_S)
    street.attest(reserve=10**15)
    street.give(home.owner, 3 * BOLT)
    street.deposit(home, 3 * BOLT)
    street.claim(voucher)
    assert spent(street, home) == 8 * BOLT


def test_what_is_beyond_the_cap_waits_for_the_next_day(street: Street) -> None:
    home = street.open("ada", 100 * BOLT, daily_cap=20)
    voucher = home.voucher(50 * BOLT)
    for hour, expected in ((1, 20), (23, 20), (24, 40), (47, 40), (48, 50), (99, 50)):
        street.evm.pass_time(START_S + hour * 3600 - street.evm.now_s)
        street.claim(voucher)
        assert spent(street, home) == expected * BOLT


def test_a_claim_uses_the_days_it_needs_rounded_up_and_the_rest_keeps(street: Street) -> None:
    home = street.open("ada", 500 * BOLT, daily_cap=20)
    street.evm.pass_time(9 * DAY_S)
    today = street.evm.today
    assert street.ask(street.vault, calls.cap_allowance(home.channel)) == 200 * BOLT
    street.claim(home.voucher(20 * BOLT + 1))
    assert street.word(home).cap_day == today - 8
    assert street.ask(street.vault, calls.cap_allowance(home.channel)) == 160 * BOLT
    street.claim(home.voucher(20 * BOLT + 2))
    assert street.word(home).cap_day == today - 7


def test_the_cap_allowance_counts_at_most_45_days(street: Street) -> None:
    home = street.open("ada", 5000 * BOLT, daily_cap=20)
    street.evm.pass_time(400 * DAY_S)
    assert street.ask(street.vault, calls.cap_allowance(home.channel)) == 900 * BOLT
    assert street.word(home).cap_allowance(street.evm.today) == 900 * BOLT
    street.claim(home.voucher(5000 * BOLT))
    assert spent(street, home) == 900 * BOLT
    assert street.word(home).cap_day == street.evm.today


def test_a_claim_that_raises_nothing_writes_nothing(street: Street) -> None:
    home = street.open("ada", 100 * BOLT)
    street.claim(home.voucher(5 * BOLT))
    street.evm.pass_time(5 * DAY_S)
    before = street.word(home)
    for voucher in (home.voucher(5 * BOLT), home.voucher(4 * BOLT), home.voucher(0)):
        street.claim(voucher)
        assert street.word(home) == before


def test_a_cap_of_zero_lets_nothing_move(street: Street) -> None:
    home = street.open("ada", 100 * BOLT, daily_cap=0)
    street.evm.pass_time(50 * DAY_S)
    before = street.word(home)
    street.claim(home.voucher(BOLT))
    assert street.word(home) == before
    nothing = calls.post_vouchers([home.voucher(BOLT)])
    assert street.refused(STRANGER, street.vault, nothing) == "nothing to post"


def test_earned_is_paid_by_the_pool_and_counts_as_headroom(street: Street) -> None:
    home = street.open("ada", 2 * BOLT)
    street.fund_pool(10 * BOLT)
    street.claim(home.voucher(5 * BOLT, 4 * BOLT))
    word = street.word(home)
    assert (word.spent, word.earned, word.headroom) == (5 * BOLT, 4 * BOLT, BOLT)
    assert street.pool() == 11 * BOLT
    assert street.unaccounted(home) == 0


def test_an_earned_that_own_spending_and_the_days_credit_cannot_pay_skips_the_item_whole(
    street: Street,
) -> None:
    home = street.open("ada", 20 * BOLT)
    street.fund_pool(45 * BOLT)
    before = street.word(home)
    street.claim(home.voucher(5 * BOLT, 8 * BOLT + 1))
    assert street.word(home) == before
    assert street.pool() == 45 * BOLT
    street.claim(home.voucher(5 * BOLT, 8 * BOLT))
    assert (street.word(home).earned, street.pool()) == (8 * BOLT, 42 * BOLT)


def test_the_pool_runs_through_the_batch_in_order(street: Street) -> None:
    buyer, seller = street.open("buyer", 20 * BOLT), street.open("seller", BOLT)
    street.claim(seller.voucher(0, BOLT // 3), buyer.voucher(5 * BOLT))
    assert (street.word(seller).earned, street.word(buyer).spent) == (0, 5 * BOLT)
    street.evm.pass_time(DAY_S)
    street.claim(buyer.voucher(15 * BOLT), seller.voucher(0, BOLT))
    assert (street.word(seller).earned, street.pool()) == (BOLT, 14 * BOLT)
    assert street.unaccounted(buyer, seller) == 0


def forged(home: Home) -> dict[str, calls.ClaimItem]:
    """Every way a voucher can be wrong."""
    good = home.voucher(5 * BOLT)
    half, order = SECP256K1_ORDER // 2, SECP256K1_ORDER
    r, vs = good.signature[:32], good.signature[32:]

    def by(key: bytes) -> calls.ClaimItem:
        return replace(good, signature=key)

    def for_domain(chain: int, contract: bytes) -> calls.ClaimItem:
        domain = vault_domain(chain, Address(contract))
        return by(home.voucher_key.sign(voucher_digest(domain, home.cfg, spent=5 * BOLT, earned=0)))

    token = bolt_domain(CHAIN_ID, home.domain.contract)
    return {
        "another amount": replace(good, spent_ubolt=6 * BOLT),
        "another credit": replace(good, earned_ubolt=1),
        "another cfg": replace(good, cfg=home.cfg[:31] + bytes([home.cfg[31] ^ 1])),
        "another key": by(signer("eve").sign(bytes(32))),
        "another chain": for_domain(CHAIN_ID + 1, home.domain.contract),
        "another vault": for_domain(CHAIN_ID, b"\x01" * 20),
        "another name": by(
            home.voucher_key.sign(voucher_digest(token, home.cfg, spent=5 * BOLT, earned=0))
        ),
        "the owner's key": by(
            home.owner.sign(voucher_digest(home.domain, home.cfg, spent=5 * BOLT, earned=0))
        ),
        "all zero": by(bytes(64)),
        "r of the order": by(order.to_bytes(32, "big") + vs),
        "r off the curve": by((5).to_bytes(32, "big") + vs),
        "high s": by(r + (half + 1).to_bytes(32, "big")),
        "other parity": by(r + bytes([vs[0] ^ 0x80]) + vs[1:]),
    }


@pytest.mark.parametrize("kind", list(forged(new_street().home("ada"))))
def test_a_bad_item_is_skipped_and_changes_no_other(street: Street, kind: str) -> None:
    ada, bob = street.open("ada", 50 * BOLT), street.open("bob", 50 * BOLT)
    before = street.word(ada)
    street.claim(bob.voucher(BOLT), forged(ada)[kind], bob.voucher(2 * BOLT))
    assert street.word(ada) == before
    assert (spent(street, bob), street.pool()) == (BOLT, BOLT)
    street.evm.pass_time(DAY_S)
    street.claim(forged(ada)[kind], bob.voucher(2 * BOLT), ada.voucher(5 * BOLT))
    assert (spent(street, ada), spent(street, bob)) == (5 * BOLT, 2 * BOLT)


def test_a_high_s_is_refused_where_the_curve_would_accept_it(street: Street) -> None:
    """A key made for one signature: choose s and k, then solve s = (z + r d) / k for d."""
    home = street.home("ada")
    digest = voucher_digest(home.domain, home.cfg, spent=20 * BOLT, earned=0)
    k, n = 7, SECP256K1_ORDER
    point = PrivateKey.from_int(k).public_key.format(compressed=False)
    r, parity = int.from_bytes(point[1:33], "big"), point[64] & 1

    def posted(s: int) -> tuple[Home, calls.ClaimItem]:
        d = (s * k - int.from_bytes(digest, "big")) * pow(r, -1, n) % n
        key = signer_of(d.to_bytes(32, "big"))
        twin = replace(home, voucher_key=key, channel=channel_id(key.address, home.cfg))
        signature = r.to_bytes(32, "big") + (parity << 255 | s).to_bytes(32, "big")
        street.give(home.owner, 20 * BOLT)
        street.deposit(twin, 20 * BOLT)
        return twin, calls.ClaimItem(home.cfg, 20 * BOLT, 0, signature)

    high, high_voucher = posted(n // 2 + 1)
    low, low_voucher = posted(n // 2)
    data = calls.post_vouchers([high_voucher])
    assert street.refused(STRANGER, street.vault, data) == "nothing to post"
    street.claim(high_voucher, low_voucher)
    assert (spent(street, high), spent(street, low)) == (0, 20 * BOLT)


def test_an_unknown_channel_is_skipped(street: Street) -> None:
    home, unknown = street.open("ada", 50 * BOLT), street.home("nobody")
    street.claim(unknown.voucher(BOLT, top_up=1), home.voucher(BOLT), fund=1)
    assert (street.word(unknown), spent(street, home)) == (ChannelWord(), BOLT)


def test_counters_at_their_limit_carry_into_no_neighbour(street: Street) -> None:
    home = street.open("ada", U48_MAX, daily_cap=0xFFFE)
    street.give(HUB, U48_MAX)
    for _ in range(15):
        street.give(HUB, U48_MAX)
        street.fund_pool(U48_MAX)
    street.evm.pass_time(60 * DAY_S)
    street.claim(home.voucher(U48_MAX, U48_MAX))
    taken = 45 * 0xFFFE * BOLT
    word = ChannelWord(U48_MAX, taken, U48_MAX, 0, street.evm.today, 0xFFFE)
    assert street.word(home) == word
    street.evm.pass_time(DAY_S)
    street.claim(home.voucher(U48_MAX, U48_MAX, top_up=1), fund=1)
    assert street.word(home) == word
    assert street.unaccounted(home) == 0


def test_a_top_up_is_pulled_from_the_hub_once_and_within_fund(street: Street) -> None:
    ada, bob = street.open("ada", 10 * BOLT), street.open("bob", 10 * BOLT)
    hub_before = street.balance(HUB.address)
    items = (ada.voucher(BOLT, top_up=4 * BOLT), bob.voucher(BOLT, top_up=2 * BOLT))
    (moved, log) = sorted(street.claim(*items, fund=5 * BOLT).logs, key=lambda log: len(log[2]))
    assert parse_log(log[1], log[2]) == Claimed(0, 4 * BOLT, BOLT)
    assert len(moved[1]) == 3
    assert street.balance(HUB.address) == hub_before - 4 * BOLT
    assert (street.word(ada).deposited, street.word(bob).deposited) == (14 * BOLT, 10 * BOLT)
    assert spent(street, bob) == 0
    assert street.unaccounted(ada, bob) == 0
    replay = calls.claim(items, fund=5 * BOLT, seq=0)
    assert street.refused(HUB, street.vault, replay) == "not the next seq"


def test_a_top_up_needs_a_voucher_of_the_home_but_not_a_new_one(street: Street) -> None:
    home = street.open("ada", 10 * BOLT)
    street.claim(home.voucher(BOLT))
    street.claim(home.voucher(BOLT, top_up=BOLT), fund=BOLT)
    assert street.word(home).deposited == 11 * BOLT
    street.claim(replace(home.voucher(BOLT, top_up=BOLT), signature=bytes(64)), fund=BOLT)
    assert street.word(home).deposited == 11 * BOLT


def test_a_top_up_the_hub_cannot_pay_reverts_the_whole_claim(street: Street) -> None:
    home = street.open("ada", 10 * BOLT)
    rich = street.balance(HUB.address) + 1
    data = street.claim_data(home.voucher(BOLT, top_up=rich), fund=rich)
    assert street.refused(HUB, street.vault, data) == "over balance"
    assert spent(street, home) == 0


def test_anybody_posts_whole_daily_caps_for_a_sleeping_hub(street: Street) -> None:
    home = street.open("ada", 100 * BOLT, daily_cap=20)
    street.evm.pass_time(3 * DAY_S)
    (log,) = street.do(STRANGER, street.vault, calls.post_vouchers([home.voucher(50 * BOLT)])).logs
    assert parse_log(log[1], log[2]) == VouchersPosted(STRANGER.address, 40 * BOLT)
    assert (spent(street, home), street.pool()) == (40 * BOLT, 40 * BOLT)
    assert street.ask(street.vault, calls.next_seq()) == 0
    street.claim(home.voucher(50 * BOLT))
    assert spent(street, home) == 50 * BOLT


def test_a_home_cannot_burn_its_allowance_with_small_vouchers(street: Street) -> None:
    home = street.open("ada", 100 * BOLT, daily_cap=20)
    small = calls.post_vouchers([home.voucher(1)])
    assert street.refused(home.owner, street.vault, small) == "nothing to post"
    street.claim(home.voucher(20 * BOLT))
    assert spent(street, home) == 20 * BOLT


def test_a_watchtower_tops_up_nothing_credits_nothing_and_skips_the_bad(street: Street) -> None:
    ada, bob = street.open("ada", 100 * BOLT), street.open("bob", 100 * BOLT)
    street.fund_pool(50 * BOLT)
    items = [
        ada.voucher(20 * BOLT, BOLT),
        ada.voucher(20 * BOLT, top_up=1),
        *forged(ada).values(),
        street.home("nobody").voucher(20 * BOLT),
    ]
    data = calls.post_vouchers(items)
    assert street.refused(STRANGER, street.vault, data) == "nothing to post"
    street.do(STRANGER, street.vault, calls.post_vouchers([*items, bob.voucher(20 * BOLT)]))
    assert (spent(street, ada), spent(street, bob)) == (0, 20 * BOLT)
    assert street.unaccounted(ada, bob) == 0


def test_a_batch_of_200_fits_one_transaction_and_201_does_not(street: Street) -> None:
    home = street.open("ada", 100 * BOLT)
    items = [home.voucher(n) for n in range(1, 201)]
    street.claim(*items)
    # One channel 200 times on one day: the first item takes the day, the others raise nothing.
    assert spent(street, home) == 1
    data = street.claim_data(*items)
    too_many = data.replace((200).to_bytes(32, "big"), (201).to_bytes(32, "big"), 1) + data[-128:]
    assert not street.evm.send(HUB, street.vault, too_many).ok


def test_claims_end_with_the_calendar_and_exits_do_not(street: Street) -> None:
    home = street.open("ada", 100 * BOLT)
    last_s = 0xFFFF * DAY_S
    street.evm.pass_time(last_s - 1 - street.evm.now_s)
    street.claim(home.voucher(BOLT))
    assert street.word(home).cap_day == 0xFFFF - 45
    data = street.claim_data(home.voucher(2 * BOLT))
    assert street.refused(HUB, street.vault, data) == "end of calendar"
    post = calls.post_vouchers([home.voucher(40 * BOLT)])
    assert street.refused(STRANGER, street.vault, post) == "end of calendar"
    for step, wait_s in (("start_exit", 0), ("finish_exit", 15 * DAY_S)):
        street.evm.pass_time(wait_s)
        sender, data = street.exit_step(home, step)
        street.do(sender, street.vault, data)
    assert street.balance(home.owner.address) == 99 * BOLT
