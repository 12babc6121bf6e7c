import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import Bug
from gridplus.ledger import (
    Account,
    Code,
    Ledger,
    Refusal,
    Refused,
    Statement,
    Transfer,
    TransferId,
    bill,
    claim,
    deposits_of,
    movement,
)
from gridplus.ledger.chart import DEPOSITS, OPERATING_CASH, POOL, TRUST_CASH
from tests.ledger.street import BOLT, DAY, HOMES, StreetDay, billed, capital, deposit, street_days

HOME = HOMES[0]
GIFT = Transfer(TransferId(bytes(32)), OPERATING_CASH, POOL, 1, Code.POOL_FUNDING, DAY, "")


def refused(ledger: Ledger, batch: tuple[Transfer, ...]) -> Refused:
    """The refusal of `batch`, which leaves no trace."""
    before = ledger.transfers, ledger.trial_balance()
    result = ledger.post(batch)
    assert isinstance(result, Refused)
    assert (ledger.transfers, ledger.trial_balance()) == before
    return result


def test_a_transfer_moves_its_amount_from_credit_to_debit() -> None:
    ledger = Ledger()
    batch = deposit(HOME, 5 * BOLT)
    assert ledger.post(batch) == batch
    assert ledger.balance(TRUST_CASH) == 5 * BOLT
    assert ledger.balance(deposits_of(HOME)) == -5 * BOLT
    assert ledger.deposit(HOME) == ledger.owed_to_homes_ubolt == 5 * BOLT
    assert ledger.deposit(HOMES[1]) == ledger.balance(POOL) == 0


@given(street_days())
@settings(max_examples=40, deadline=None)
def test_money_is_conserved_and_the_trust_covers_every_deposit(street: StreetDay) -> None:
    """I-LE-1, I-LE-3."""
    ledger = Ledger()
    for batch in street.batches:
        assert not isinstance(ledger.post(batch), Refused)
        assert sum(ledger.trial_balance().values()) == 0
        assert ledger.owed_to_homes_ubolt == sum(ledger.deposit(home) for home in HOMES)
        assert ledger.balance(TRUST_CASH) >= ledger.owed_to_homes_ubolt


@given(street_days())
@settings(max_examples=20, deadline=None)
def test_a_retry_of_any_batch_changes_nothing_and_gets_the_same_answer(street: StreetDay) -> None:
    """I-LE-4."""
    once, retried = Ledger(), Ledger()
    for batch in street.batches:
        once.post(batch)
        assert retried.post(batch) == batch
        assert retried.post(batch) == batch
        assert retried.post(batch + batch) == batch
    assert once == retried
    assert once.trial_balance() == retried.trial_balance()


@given(street_days(), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_balances_do_not_depend_on_the_order_of_posting(
    street: StreetDay, chance: random.Random
) -> None:
    """I-LE-6."""
    in_order = Ledger.replay(street.batches)
    shuffled = [transfer for batch in street.batches for transfer in batch]
    chance.shuffle(shuffled)
    anyhow = Ledger.replay([shuffled])
    assert anyhow == in_order
    assert anyhow.trial_balance() == in_order.trial_balance()
    assert anyhow.profit_ubolt == in_order.profit_ubolt


@given(street_days())
@settings(max_examples=20, deadline=None)
def test_a_statement_runs_to_the_balance(street: StreetDay) -> None:
    ledger = Ledger.replay(street.batches)
    for account, balance in ledger.trial_balance().items():
        told = ledger.statement(account)
        assert (told.opening_ubolt, told.closing_ubolt) == (0, balance)
        assert told.lines[-1].balance_ubolt == sum(line.change_ubolt for line in told.lines)
        assert all(account in (line.transfer.debit, line.transfer.credit) for line in told.lines)
    nobody = deposits_of(b"\xff" * 32)
    assert ledger.statement(nobody) == Statement(nobody, 0, (), 0, ())


def test_the_statements_of_days_on_end_continue_each_other() -> None:
    days = [date(2021, 2, day) for day in (15, 16, 17)]
    moves = [
        movement(Code.DEPOSIT, b"log", day=day, amount_ubolt=day.day, home=HOME) for day in days
    ]
    ledger = Ledger.replay([moves[2], moves[0], moves[1]])
    deposit_account = deposits_of(HOME)
    found = [ledger.statement(deposit_account, first=day, last=day) for day in days]
    assert [(at.opening_ubolt, at.closing_ubolt) for at in found] == [
        (0, -15),
        (-15, -31),
        (-31, -48),
    ]
    assert [line.transfer for at in found for line in at.lines] == [t for m in moves for t in m]
    whole = ledger.statement(deposit_account)
    assert [line.balance_ubolt for line in whole.lines] == [-15, -31, -48]


def test_an_overdrawn_deposit_is_refused_with_the_home_and_what_lacks() -> None:
    """I-LE-2."""
    ledger = Ledger.replay([deposit(HOME, 2 * BOLT)])
    result = refused(ledger, bill(billed(HOME, {Code.ENERGY: 3_250_000})))
    assert result == Refused(Refusal.DEBITS_BEYOND_CREDITS, deposits_of(HOME), 1_250_000)
    assert HOME.hex() in str(result)
    assert "1.250000 BOLT" in str(result)


def test_a_deposit_can_be_spent_to_the_last_ubolt() -> None:
    ledger = Ledger.replay([deposit(HOME, 2 * BOLT)])
    assert len(ledger.post(bill(billed(HOME, {Code.ENERGY: 2 * BOLT})))) == 1  # type: ignore[arg-type]
    assert ledger.deposit(HOME) == 0


def test_the_trust_never_pays_out_what_is_owed_to_homes() -> None:
    ledger = Ledger.replay([deposit(HOME, 2 * BOLT)])
    result = refused(ledger, claim(b"tx", day=DAY, spent_ubolt=1, earned_ubolt=0))
    assert result == Refused(Refusal.TRUST_BELOW_DEPOSITS, TRUST_CASH, 1)


def test_a_credit_is_posted_only_with_the_pools_money_behind_it() -> None:
    credit = bill(billed(HOME, {}, earned_ubolt=BOLT))
    funded = claim(b"tx", day=DAY, spent_ubolt=0, earned_ubolt=BOLT)
    ledger = Ledger()
    assert refused(ledger, credit).reason is Refusal.TRUST_BELOW_DEPOSITS
    assert refused(ledger, credit + funded) == Refused(Refusal.CREDITS_BEYOND_DEBITS, POOL, BOLT)
    ledger.post(capital(BOLT))
    assert ledger.post(credit + funded) == credit + funded
    assert ledger.deposit(HOME) == ledger.balance(TRUST_CASH) == BOLT


def test_the_retailer_cannot_spend_cash_it_does_not_have() -> None:
    ledger = Ledger.replay([movement(Code.CAPITAL, b"", day=DAY, amount_ubolt=100)])
    gas = movement(Code.GAS, b"tx", day=DAY, amount_ubolt=101)
    assert refused(ledger, gas) == Refused(Refusal.CREDITS_BEYOND_DEBITS, OPERATING_CASH, 1)


def test_an_id_stands_for_one_content() -> None:
    ledger = Ledger.replay([deposit(HOME, BOLT)])
    for other in (
        deposit(HOME, BOLT + 1),
        tuple(t._replace(memo="other") for t in deposit(HOME, BOLT)),
    ):
        assert refused(ledger, other).reason is Refusal.ID_OF_ANOTHER_TRANSFER
        assert refused(Ledger(), deposit(HOME, BOLT) + other).reason.name.startswith("ID_OF")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (GIFT._replace(amount_ubolt=0), Refusal.AMOUNT_OUT_OF_RANGE),
        (GIFT._replace(amount_ubolt=-1), Refusal.AMOUNT_OUT_OF_RANGE),
        (GIFT._replace(amount_ubolt=1 << 53), Refusal.AMOUNT_OUT_OF_RANGE),
        (GIFT._replace(debit=Account("assets:pocket")), Refusal.ACCOUNT_NOT_IN_CHART),
        (GIFT._replace(credit=DEPOSITS), Refusal.ACCOUNT_NOT_IN_CHART),
        (GIFT._replace(credit=deposits_of(b"short")), Refusal.ACCOUNT_NOT_IN_CHART),
        (GIFT._replace(debit=POOL), Refusal.SAME_ACCOUNT_ON_BOTH_SIDES),
    ],
)
def test_one_bad_transfer_refuses_its_whole_batch(bad: Transfer, reason: Refusal) -> None:
    result = refused(Ledger(), (*deposit(HOME, BOLT), bad))
    assert result == Refused(reason, "transfer 0x" + "00" * 32, bad.amount_ubolt)


def test_a_replay_of_what_was_never_accepted_is_a_bug() -> None:
    with pytest.raises(Bug, match="refused now: AMOUNT_OUT_OF_RANGE"):
        Ledger.replay([(GIFT._replace(amount_ubolt=0),)])


def test_a_fork_goes_its_own_way() -> None:
    ledger = Ledger.replay([deposit(HOME, BOLT)])
    other = ledger.fork()
    assert other == ledger
    other.post(bill(billed(HOME, {Code.ENERGY: BOLT})))
    assert (ledger.deposit(HOME), other.deposit(HOME)) == (BOLT, 0)
    assert len(ledger) == 1
    assert refused(other, bill(billed(HOME, {Code.TAX: 1}))).amount_ubolt == 1


def test_the_same_deposit_on_another_day_is_another_transfer() -> None:
    later = movement(
        Code.DEPOSIT, b"log 1" + HOME, day=date(2021, 2, 16), amount_ubolt=BOLT, home=HOME
    )
    assert Ledger.replay([deposit(HOME, BOLT), later]).deposit(HOME) == 2 * BOLT
