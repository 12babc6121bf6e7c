"""What hubs lost: money that homes had signed for, and that was gone when it was claimed."""

from gridplus.contracts import calls, home_calls
from gridplus.units import U48_MAX
from tests.contracts.street import (
    BOLT,
    DAY_S,
    GUARDIAN_DEVICE,
    OWNER_DEVICE,
    STRANGER,
    Street,
)

HOUR_S = 3_600


def test_the_last_month_that_a_payer_hid_by_closing_at_zero(street: Street) -> None:
    """2017: the payer presented a balance of zero and closed at once; there was no window.

    Ours: nobody closes without the hub's signature, and an exit waits while the hub claims.
    """
    home = street.open("ada", 30 * BOLT)
    signed = home.voucher(12 * BOLT)
    zero = street.final(home, 0, 0, by=home.voucher_key)
    closing = home_calls.close(home.named, zero)
    assert street.refused(home.owner, street.vault, closing) == "not the hub's signature"
    street.do(home.owner, street.vault, home_calls.start_exit(home.named))
    finish = home_calls.finish_exit(home.named)
    assert street.refused(home.owner, street.vault, finish) == "exit is not mature"
    street.evm.pass_time(13 * DAY_S)
    street.claim(signed)
    street.evm.pass_time(DAY_S + HOUR_S)
    street.do(home.owner, street.vault, finish)
    assert (street.balance(home.owner.address), street.pool()) == (18 * BOLT, 12 * BOLT)


def test_a_day_of_a_whole_street_for_one_drained_channel(street: Street) -> None:
    """A peer's batch of today: one channel that cannot pay reverts the claim of all.

    Ours: an item is total, and what saturates stays claimable.
    """
    drained = street.open("drained", 2 * BOLT)
    honest = [street.open(name, 10 * BOLT) for name in ("ada", "bob")]
    foreign = street.home("never opened").voucher(BOLT)
    street.claim(drained.voucher(9 * BOLT), foreign, *(home.voucher(BOLT) for home in honest))
    assert [street.word(home).spent for home in (drained, *honest)] == [2 * BOLT, BOLT, BOLT]
    assert street.unaccounted(drained, *honest) == 0


def test_what_was_signed_when_the_cap_is_lowered_before_an_exit(street: Street) -> None:
    """A draft of ours let a home set its cap: to nothing, then exit past its vouchers.

    Ours: a cap needs the hub's signature, which it gives after it has claimed.
    """
    home = street.open("ada", 30 * BOLT)
    alone = street.set_cap(home, 0, OWNER_DEVICE, by=home.guardian)
    assert street.refused(STRANGER, street.vault, alone) == "not the hub's signature"
    street.claim(home.voucher(12 * BOLT))
    street.do(STRANGER, street.vault, street.set_cap(home, 0, OWNER_DEVICE))
    assert street.word(home).spent == 12 * BOLT


def test_the_allowance_of_saved_days_burnt_by_claims_of_nothing(street: Street) -> None:
    """A draft of ours moved cap_day to today on each claim: replaying an old voucher, or posting
    one of a µBOLT, left the hub one daily cap of weeks of bills.
    """
    home = street.open("ada", 500 * BOLT, daily_cap=20)
    street.claim(home.voucher(BOLT))
    street.evm.pass_time(9 * DAY_S)
    street.claim(home.voucher(BOLT))
    for ubolt in range(1, 9):
        dust = calls.post_vouchers([home.voucher(BOLT + ubolt)])
        assert street.refused(home.owner, street.vault, dust) == "nothing to post"
    street.claim(home.voucher(181 * BOLT))
    assert street.word(home).spent == 181 * BOLT


def test_every_claim_while_an_exit_is_kept_armed(street: Street) -> None:
    """A draft of ours: a mature exit blocked the hub for as long as the home let it stand.

    Ours: it lapses after 48 hours, each start waits a window again, and a deposit extends nothing.
    """
    home = street.open("ada", 90 * BOLT)
    signed = home.voucher(18 * BOLT)
    street.give(home.owner, BOLT)
    street.do(home.owner, street.vault, home_calls.start_exit(home.named))
    mature_s = street.word(home).exit_hour * HOUR_S
    street.evm.pass_time(mature_s + 47 * HOUR_S - street.evm.now_s)
    street.deposit(home, BOLT)
    again = home_calls.start_exit(home.named)
    assert street.refused(home.owner, street.vault, again) == "exit is under way"
    street.claim(signed)
    assert street.word(home).spent == 0
    street.do(STRANGER, street.vault, street.start_by_two(home, home.owner.address, OWNER_DEVICE))
    street.claim(signed)
    assert street.word(home).spent == 18 * BOLT


def test_a_neighbours_counter_by_the_carry_of_a_full_one(street: Street) -> None:
    """A draft of ours added to packed counters: a deposit too many made `spent` of the next field.

    Ours: every counter is bounded on every write.
    """
    home = street.open("ada", U48_MAX)
    street.give(home.owner, 1)
    before = street.word(home)
    more = calls.deposit(home.voucher_key.address, home.cfg, amount=1)
    assert street.refused(home.owner, street.vault, more) == "counter overflow"
    street.claim(home.voucher(0, top_up=1), fund=1)
    rich = street.open("bob", BOLT)
    moved = street.rotate(rich, home, (0, 0), GUARDIAN_DEVICE)
    assert street.refused(STRANGER, street.vault, moved) == "counter overflow"
    assert street.word(home) == before
