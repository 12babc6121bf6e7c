from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import Bug
from gridplus.ledger import (
    CHART,
    ROUTES,
    BilledDay,
    Code,
    Invoice,
    Ledger,
    Lot,
    Payee,
    Refusal,
    Refused,
    Restatement,
    bill,
    claim,
    deposits_of,
    energy,
    invoice,
    movement,
    posted_by_home,
    restatement,
    split,
)
from gridplus.ledger.chart import (
    ADDER_INCOME,
    DAY_AHEAD_ENERGY,
    ENERGY_INCOME,
    ERCOT_ACCRUED,
    OPERATING_CASH,
    POOL,
    TAX_PAYABLE,
    TDSP_ACCRUED,
    TDSP_DIFFERENCE,
    TDSP_PAYABLE,
    TRUST_CASH,
    WHOLESALE_ACCRUED,
    WHOLESALE_DIFFERENCE,
    WHOLESALE_PAYABLE,
)
from tests.ledger.street import (
    BOLT,
    CHARGES,
    DAY,
    HOMES,
    StreetDay,
    billed,
    capital,
    deposit,
    street_days,
)

HOME = HOMES[0]
MILLIBOLT = 1_000


def test_one_home_day_goes_through_the_books() -> None:
    """A home deposits 20, is charged 3.5 and credited 0.4, and the retailer claims it all."""
    charges = {
        Code.ENERGY: 2_000 * MILLIBOLT,
        Code.ADDER: 400 * MILLIBOLT,
        Code.DELIVERY: 1_000 * MILLIBOLT,
        Code.ERCOT_FEE: 30 * MILLIBOLT,
        Code.TAX: 70 * MILLIBOLT,
    }
    ledger = Ledger()
    ledger.post(capital(10 * BOLT))
    ledger.post(deposit(HOME, 20 * BOLT))
    ledger.post(bill(billed(HOME, charges, earned_ubolt=400_000)))
    assert ledger.deposit(HOME) == 16_900_000
    assert ledger.balance(TRUST_CASH) == 20_000_000
    ledger.post(claim(b"tx", day=DAY, spent_ubolt=3_500_000, earned_ubolt=400_000))
    ledger.post(energy(Code.DAY_AHEAD, b"", day=DAY, lots=[Lot(30_000, 50 * BOLT)]))
    assert ledger.deposit(HOME) == ledger.balance(TRUST_CASH) == 16_900_000
    assert ledger.balance(POOL) == 13_100_000
    assert ledger.profit_ubolt == 2_000_000 + 400_000 - 400_000 - 1_500_000
    assert [-ledger.balance(a) for a in (ENERGY_INCOME, ADDER_INCOME)] == [2_000_000, 400_000]
    payables = (TDSP_ACCRUED, ERCOT_ACCRUED, TAX_PAYABLE, WHOLESALE_ACCRUED)
    assert [-ledger.balance(a) for a in payables] == [1_000_000, 30_000, 70_000, 1_500_000]


@given(street_days())
@settings(max_examples=40, deadline=None)
def test_after_the_claim_the_trust_holds_exactly_what_is_owed_to_homes(street: StreetDay) -> None:
    ledger = Ledger.replay(street.batches)
    assert ledger.balance(TRUST_CASH) == ledger.owed_to_homes_ubolt


@given(street_days())
@settings(max_examples=20, deadline=None)
def test_the_books_hold_what_the_bill_prints_line_by_line(street: StreetDay) -> None:
    for day in street.bills:
        posted = {t.code: t.amount_ubolt for t in bill(day)}
        assert posted.pop(Code.EXPORT_CREDIT, 0) == day.earned_ubolt
        assert posted == {code: amount for code, amount in day.lines_ubolt.items() if amount}


OLD, NEW = b"\x0a" * 32, b"\x0b" * 32
LATER = date(2021, 3, 1)


@given(CHARGES, CHARGES, st.integers(0, 9 * BOLT), st.integers(0, 9 * BOLT))
@settings(max_examples=20, deadline=None)
def test_a_restated_day_leaves_the_balances_of_the_day_as_it_should_have_been(
    old: dict[Code, int], new: dict[Code, int], old_earned: int, new_earned: int
) -> None:
    funds = (*capital(100 * BOLT), *deposit(HOME, 50 * BOLT))
    backed = claim(b"tx", day=DAY, spent_ubolt=0, earned_ubolt=20 * BOLT)
    delta = Restatement(
        HOME, DAY, OLD, NEW, {c: new[c] - old[c] for c in new}, new_earned - old_earned
    )
    asked = Ledger.replay([(*funds, *backed), bill(billed(HOME, old, old_earned))])
    assert asked.deposit(HOME) - delta.delta_ubolt == 50 * BOLT - sum(new.values()) + new_earned
    asked.post(restatement(delta, posted_on=LATER))
    right = Ledger.replay([(*funds, *backed), bill(billed(HOME, new, new_earned))])
    moved = {account: balance for account, balance in asked.trial_balance().items() if balance}
    assert moved == {account: at for account, at in right.trial_balance().items() if at}


@given(street_days(), CHARGES)
@settings(max_examples=20, deadline=None)
def test_the_shares_of_a_home_sum_to_all_it_was_charged_whatever_was_restated(
    street: StreetDay, change: dict[Code, int]
) -> None:
    lower = {code: -amount for code, amount in change.items()}
    down = Restatement(HOME, DAY, OLD, NEW, lower, 3)
    credited = claim(b"tx 2", day=LATER, spent_ubolt=0, earned_ubolt=-down.delta_ubolt)
    ledger = Ledger.replay([*street.batches, restatement(down, posted_on=LATER) + credited])
    shares = split(ledger.statement(deposits_of(HOME)))
    (home,) = (billed for billed in street.bills if billed.home == HOME)
    charged = home.spent_ubolt - home.earned_ubolt + down.delta_ubolt
    assert sum(shares.values()) == posted_by_home(ledger)[HOME].billed_ubolt == charged


def test_a_restatement_names_both_versions_and_the_day_and_counts_once() -> None:
    delta = Restatement(HOME, DAY, OLD, NEW, {Code.ENERGY: -3, Code.TAX: 2}, 0)
    energy_back, tax = restatement(delta, posted_on=LATER)
    assert (energy_back.debit, energy_back.amount_ubolt) == (ENERGY_INCOME, 3)
    assert (tax.credit, tax.amount_ubolt, tax.day) == (TAX_PAYABLE, 2, LATER)
    for word in ("energy taken on 2021-02-15", OLD.hex(), NEW.hex()):
        assert word in energy_back.memo
    back = Restatement(HOME, DAY, NEW, OLD, {Code.ENERGY: 3, Code.TAX: -2}, 0)
    ids = {t.id for r in (delta, delta, back) for t in restatement(r, posted_on=LATER)}
    assert len(ids) == 4
    assert delta.delta_ubolt == -1


def test_a_restatement_of_nothing_posts_nothing_and_one_of_another_code_is_a_bug() -> None:
    assert restatement(Restatement(HOME, DAY, OLD, NEW, {}, 0), posted_on=LATER) == ()
    with pytest.raises(Bug, match="made of charges"):
        restatement(Restatement(HOME, DAY, OLD, NEW, {Code.GAS: 1}, 0), posted_on=LATER)


@pytest.mark.parametrize(
    ("spent_ubolt", "lines_ubolt", "why"),
    [
        (5, {Code.ENERGY: 4}, "sum of its lines"),
        (3, {Code.ENERGY: 4}, "sum of its lines"),
        (1, {Code.GAS: 1}, "made of charges"),
    ],
)
def test_a_bill_that_is_not_the_sum_of_its_lines_is_a_bug(
    spent_ubolt: int, lines_ubolt: dict[Code, int], why: str
) -> None:
    with pytest.raises(Bug, match=why):
        bill(BilledDay(HOME, DAY, spent_ubolt, 0, lines_ubolt))


def test_wholesale_energy_is_rounded_up_once_over_all_lots() -> None:
    third = [Lot(1, 333_333)] * 3
    (bought,) = energy(Code.DAY_AHEAD, b"", day=DAY, lots=third)
    assert bought.amount_ubolt == 1
    assert (bought.debit, bought.credit) == (DAY_AHEAD_ENERGY, WHOLESALE_ACCRUED)
    assert bought.memo == "position bought, 3 Wh net"


def test_energy_at_a_negative_price_or_sold_back_is_owed_to_the_retailer() -> None:
    (paid,) = energy(Code.DAY_AHEAD, b"", day=DAY, lots=[Lot(1_000, -25 * BOLT)])
    (sold,) = energy(Code.DAY_AHEAD, b"", day=DAY, lots=[Lot(-1_000, 25 * BOLT)])
    assert paid.amount_ubolt == sold.amount_ubolt == 25_000
    assert (sold.debit, sold.credit) == (WHOLESALE_ACCRUED, DAY_AHEAD_ENERGY)
    assert energy(Code.IMBALANCE, b"", day=DAY, lots=[]) == ()


def test_wholesale_energy_under_another_code_is_a_bug() -> None:
    with pytest.raises(Bug, match="two ways"):
        energy(Code.GAS, b"", day=DAY, lots=[])


def test_money_never_moves_backward_under_the_same_code() -> None:
    assert movement(Code.GAS, b"", day=DAY, amount_ubolt=0) == ()
    with pytest.raises(Bug, match="a correction has a code of its own"):
        movement(Code.GAS, b"", day=DAY, amount_ubolt=-1)


def test_a_withdrawal_undoes_a_deposit() -> None:
    ledger = Ledger.replay([deposit(HOME, BOLT)])
    ledger.post(movement(Code.WITHDRAWAL, b"log 2", day=DAY, amount_ubolt=BOLT, home=HOME))
    assert ledger.deposit(HOME) == ledger.balance(TRUST_CASH) == 0


def invoiced(payee: Payee, *, accrued: int, amount: int) -> Invoice:
    return Invoice(payee, "2021-02/7", LATER, accrued, amount)


@pytest.mark.parametrize("amount_ubolt", [25_000, 24_000, 27_500, 0, -3_000])
def test_wholesale_energy_is_accrued_then_invoiced_then_paid(amount_ubolt: int) -> None:
    """What the market asks beyond what was accrued is an expense; less is one undone."""
    ledger = Ledger.replay([capital(BOLT)])
    ledger.post(movement(Code.POOL_WITHDRAWAL, b"", day=DAY, amount_ubolt=30_000))
    ledger.post(energy(Code.DAY_AHEAD, b"", day=DAY, lots=[Lot(1_000, 25 * BOLT)]))
    assert ledger.balance(WHOLESALE_ACCRUED) == -25_000
    asked = invoice(invoiced(Payee.WHOLESALE, accrued=25_000, amount=amount_ubolt))
    assert not isinstance(ledger.post(asked), Refused)
    assert ledger.balance(WHOLESALE_ACCRUED) == 0
    assert ledger.balance(WHOLESALE_PAYABLE) == -amount_ubolt
    assert ledger.balance(WHOLESALE_DIFFERENCE) == amount_ubolt - 25_000
    assert ledger.profit_ubolt == -amount_ubolt
    if amount_ubolt > 0:
        ledger.post(movement(Code.WHOLESALE_PAID, b"", day=DAY, amount_ubolt=amount_ubolt))
        assert ledger.balance(WHOLESALE_PAYABLE) == 0
        assert ledger.balance(OPERATING_CASH) == 30_000 - amount_ubolt


def test_delivery_is_collected_from_homes_and_settled_by_the_wires_companys_invoice() -> None:
    ledger = Ledger.replay([deposit(HOME, BOLT), bill(billed(HOME, {Code.DELIVERY: 900}))])
    ledger.post(invoice(invoiced(Payee.TDSP, accrued=900, amount=903)))
    told = [-ledger.balance(at) for at in (TDSP_ACCRUED, TDSP_PAYABLE, TDSP_DIFFERENCE)]
    assert told == [0, 903, -3]
    other = invoice(invoiced(Payee.TDSP, accrued=900, amount=904))
    assert ledger.post(other[:1]) == other[:1]
    again = ledger.post(other)
    assert isinstance(again, Refused)
    assert again.reason is Refusal.ID_OF_ANOTHER_TRANSFER


def test_every_code_has_a_route_between_accounts_of_the_chart() -> None:
    assert set(ROUTES) == set(Code) - {Code.RESTATEMENT}
    assert all(route.debit in CHART and route.credit in CHART for route in ROUTES.values())
