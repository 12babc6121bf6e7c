"""Three sides of a home's money: they agree, or each difference is told by name."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.ledger import (
    Code,
    Ledger,
    OnChain,
    Reason,
    Report,
    Restatement,
    Signed,
    Transfer,
    Vault,
    bill,
    claim,
    movement,
    pending,
    posted_by_home,
    reconcile,
    restatement,
)
from tests.ledger.street import BOLT, DAY, HOMES, billed, capital, deposit

NEXT_DAY = date(2021, 2, 16)
FIRST, SECOND, STRANGER = HOMES
SIGNED = {FIRST: Signed(300, 40), SECOND: Signed(200, 0)}
VAULT = Vault(
    {FIRST: OnChain(BOLT, 300, 40, 0), SECOND: OnChain(BOLT, 200, 0, 50)}, 10 * BOLT + 460
)
DIFFERENT = {
    Reason.UNPOSTED_DEPOSIT: {"deposited_ubolt": BOLT + 7},
    Reason.DEPOSIT_NOT_FINAL: {"deposited_ubolt": BOLT + 7, "arriving_ubolt": 7},
    Reason.DEPOSIT_NOT_ON_CHAIN: {"deposited_ubolt": BOLT - 7},
    Reason.UNPOSTED_WITHDRAWAL: {"withdrawn_ubolt": 7},
    Reason.UNCLAIMED_VOUCHER: {"spent_ubolt": 293},
    Reason.CLAIMED_AHEAD: {"spent_ubolt": 307},
    Reason.UNCLAIMED_CREDIT: {"earned_ubolt": 33},
    Reason.CREDITED_AHEAD: {"earned_ubolt": 47},
}


def books(*more: tuple[Transfer, ...]) -> Ledger:
    """Two homes after a day that is billed, paid and claimed; the second took 50 µBOLT out."""
    ledger = Ledger.replay(
        [
            capital(10 * BOLT),
            deposit(FIRST, BOLT),
            deposit(SECOND, BOLT),
            bill(billed(FIRST, {Code.ENERGY: 250, Code.TAX: 50}, earned_ubolt=40))
            + bill(billed(SECOND, {Code.ENERGY: 200}))
            + claim(b"tx", day=DAY, spent_ubolt=500, earned_ubolt=40),
            movement(Code.WITHDRAWAL, b"log", day=DAY, amount_ubolt=50, home=SECOND),
        ]
    )
    for batch in more:
        assert ledger.post(batch) == batch
    return ledger


def found(report: Report) -> list[tuple[Reason, bytes, int]]:
    return [(apart.reason, apart.home, apart.amount_ubolt) for apart in report.differences]


def with_first(**changes: int) -> Vault:
    return replace(VAULT, homes=VAULT.homes | {FIRST: replace(VAULT.homes[FIRST], **changes)})


def test_three_sides_that_agree_are_said_to_agree() -> None:
    report = reconcile(DAY, books(), vouchers=SIGNED, vault=VAULT)
    assert (report.agrees, report.homes, report.differences) == (True, 2, ())


@pytest.mark.parametrize("reason", DIFFERENT, ids=lambda reason: reason.name)
def test_each_difference_with_the_chain_is_told_with_home_amount_and_reason(reason: Reason) -> None:
    vault = with_first(**DIFFERENT[reason])
    report = reconcile(DAY, books(), vouchers=SIGNED, vault=vault)
    assert not report.agrees
    home, trust = report.differences
    assert (home.reason, home.home, home.amount_ubolt) == (reason, FIRST, 7)
    assert trust.reason in (Reason.TRUST_HOLDS_MORE, Reason.TRUST_HOLDS_LESS)
    assert trust.ledger_more_ubolt == home.ledger_more_ubolt
    assert f"home 0x{FIRST.hex()}: {reason.name} 0.000007 BOLT since 2021-02-15" in str(home)
    assert "the vault" in str(trust)


def test_a_deposit_that_is_set_aside_is_not_in_the_books_yet() -> None:
    asked = tuple(pending(transfer) for transfer in deposit(FIRST, 7, b"log 2"))
    arriving = with_first(deposited_ubolt=BOLT + 7, arriving_ubolt=7)
    report = reconcile(DAY, books(asked), vouchers=SIGNED, vault=arriving)
    assert found(report)[0] == (Reason.DEPOSIT_NOT_FINAL, FIRST, 7)
    assert reconcile(DAY, books(asked), vouchers=SIGNED, vault=VAULT).agrees


def test_a_bill_that_one_side_does_not_know_is_told() -> None:
    signed = SIGNED | {FIRST: Signed(307, 40)}
    claimed = with_first(spent_ubolt=307)
    unposted = reconcile(DAY, books(), vouchers=signed, vault=claimed)
    assert found(unposted)[0] == (Reason.UNPOSTED_BILL, FIRST, 7)
    later = movement(Code.ENERGY, FIRST, day=NEXT_DAY, amount_ubolt=7, home=FIRST)
    unpaid = reconcile(DAY, books(later), vouchers=SIGNED, vault=VAULT)
    assert found(unpaid) == [(Reason.UNPAID_BILL, FIRST, 7)]


def test_money_that_the_books_alone_paid_out_is_told() -> None:
    paid = movement(Code.WITHDRAWAL, b"log 2", day=DAY, amount_ubolt=7, home=FIRST)
    report = reconcile(DAY, books(paid), vouchers=SIGNED, vault=VAULT)
    assert found(report) == [
        (Reason.WITHDRAWAL_NOT_ON_CHAIN, FIRST, 7),
        (Reason.TRUST_HOLDS_LESS, b"", 7),
    ]


def test_a_home_that_only_one_side_knows_is_told() -> None:
    vault = replace(VAULT, homes=VAULT.homes | {STRANGER: OnChain(deposited_ubolt=5)})
    report = reconcile(DAY, books(), vouchers=SIGNED, vault=vault)
    assert report.homes == 3
    assert found(report)[0] == (Reason.UNPOSTED_DEPOSIT, STRANGER, 5)


def test_a_claim_that_is_not_posted_is_told_of_trust_and_pool() -> None:
    ledger = Ledger.replay([capital(10 * BOLT), deposit(FIRST, BOLT)])
    ledger.post(bill(billed(FIRST, {Code.ENERGY: 9})))
    vault = Vault({FIRST: OnChain(BOLT, 9)}, 10 * BOLT + 9)
    report = reconcile(DAY, ledger, vouchers={FIRST: Signed(9)}, vault=vault)
    assert found(report) == [
        (Reason.TRUST_HOLDS_MORE, b"", 9),
        (Reason.POOL_HOLDS_LESS, b"", 9),
    ]


def test_a_difference_keeps_the_day_of_its_first_report_as_long_as_it_lasts() -> None:
    vault = with_first(spent_ubolt=293)
    first = reconcile(DAY, books(), vouchers=SIGNED, vault=vault)
    also = SIGNED | {SECOND: Signed(206, 0)}
    second = reconcile(NEXT_DAY, books(), vouchers=also, vault=vault, before=first.differences)
    since = {(apart.home, apart.reason): apart.since for apart in second.differences}
    assert since[FIRST, Reason.UNCLAIMED_VOUCHER] == DAY
    assert since[SECOND, Reason.UNCLAIMED_VOUCHER] == NEXT_DAY
    gone = reconcile(NEXT_DAY, books(), vouchers=SIGNED, vault=VAULT, before=first.differences)
    assert gone.agrees


def test_a_restated_bill_agrees_when_the_channel_has_followed() -> None:
    """A line more and a line less become one counter in the channel; the books keep both."""
    delta = Restatement(FIRST, DAY, b"\x0a" * 32, b"\x0b" * 32, {Code.ENERGY: -9, Code.TAX: 2}, 0)
    restated = restatement(delta, posted_on=NEXT_DAY)
    credited = claim(b"tx 2", day=NEXT_DAY, spent_ubolt=0, earned_ubolt=7)
    signed = SIGNED | {FIRST: Signed(300, 47)}
    vault = replace(with_first(earned_ubolt=47), pool_ubolt=VAULT.pool_ubolt - 7)
    report = reconcile(NEXT_DAY, books(restated + credited), vouchers=signed, vault=vault)
    assert report.agrees
    behind = reconcile(NEXT_DAY, books(restated + credited), vouchers=SIGNED, vault=vault)
    assert found(behind) == [(Reason.UNPOSTED_BILL, FIRST, 7), (Reason.CREDITED_AHEAD, FIRST, 7)]


COUNTER = st.integers(0, 4)
CHAINS = st.builds(OnChain, COUNTER, COUNTER, COUNTER, COUNTER, COUNTER)


@given(
    st.dictionaries(st.sampled_from(HOMES), st.builds(Signed, COUNTER, COUNTER)),
    st.dictionaries(st.sampled_from(HOMES), CHAINS),
    st.integers(0, 4),
)
@settings(max_examples=60, deadline=None)
def test_the_differences_of_a_home_add_up_to_what_ledger_and_chain_are_apart(
    vouchers: dict[bytes, Signed], homes: dict[bytes, OnChain], pool_ubolt: int
) -> None:
    """I-LE-7."""
    ledger, vault = books(), Vault(homes, pool_ubolt)
    report = reconcile(DAY, ledger, vouchers=vouchers, vault=vault)
    for home in HOMES:
        apart = ledger.deposit(home) - homes.get(home, OnChain()).headroom_ubolt
        told = [at.ledger_more_ubolt for at in report.differences if at.home == home]
        assert sum(told) == apart
    everything = {
        home: (posted.deposited_ubolt, posted.billed_ubolt, posted.withdrawn_ubolt)
        for home, posted in posted_by_home(ledger).items()
    }
    assert everything == {FIRST: (BOLT, 260, 0), SECOND: (BOLT, 200, 50)}
    assert not report.agrees
