"""Transfers in two phases: what is pending, what posts it, what voids it."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.ledger import (
    Code,
    Ledger,
    Phase,
    Refusal,
    Refused,
    Transfer,
    deposits_of,
    movement,
    pending,
    resolution,
)
from gridplus.ledger.chart import CHART, DEPOSITS, OPERATING_CASH, POOL, TRUST_CASH
from tests.ledger.street import BOLT, DAY, HOMES, capital, deposit

HOME = HOMES[0]
NEXT_DAY = date(2021, 2, 16)
(OUT,) = movement(Code.WITHDRAWAL, b"log 9", day=DAY, amount_ubolt=BOLT, home=HOME)
ASKED = pending(OUT)
POSTED = resolution(ASKED, Phase.POSTED, day=NEXT_DAY)
VOIDED = resolution(ASKED, Phase.VOIDED, day=NEXT_DAY)


def opened() -> Ledger:
    return Ledger.replay([capital(10 * BOLT), deposit(HOME, BOLT)])


def refusal(ledger: Ledger, *batch: Transfer) -> Refused:
    before = ledger.transfers, ledger.pending
    result = ledger.post(batch)
    assert isinstance(result, Refused)
    assert (ledger.transfers, ledger.pending) == before
    return result


def test_what_is_pending_moves_no_balance_but_is_set_aside() -> None:
    ledger = opened()
    before = ledger.trial_balance()
    assert ledger.post([ASKED]) == (ASKED,)
    assert ledger.trial_balance() == before
    assert ledger.pending == ledger.statement(TRUST_CASH).pending == (ASKED,)
    spent = movement(Code.ENERGY, HOME, day=DAY, amount_ubolt=1, home=HOME)
    assert refusal(ledger, *spent) == Refused(Refusal.DEBITS_BEYOND_CREDITS, deposits_of(HOME), 1)


def test_a_posted_one_moves_the_money_on_its_own_day() -> None:
    ledger = opened()
    ledger.post([ASKED])
    assert ledger.post([POSTED]) == (POSTED,)
    assert ledger.deposit(HOME) == ledger.balance(TRUST_CASH) == 0
    assert ledger.pending == ()
    assert [line.transfer.day for line in ledger.statement(TRUST_CASH).lines] == [DAY, NEXT_DAY]


def test_a_voided_one_leaves_the_ledger_as_if_it_had_never_been_asked() -> None:
    """I-LE-5."""
    ledger, without = opened(), opened()
    ledger.post([ASKED])
    ledger.post([VOIDED])
    assert ledger.trial_balance() == without.trial_balance()
    assert ledger.pending == ()
    again = pending(OUT._replace(id=POSTED.id))
    assert ledger.post([again]) == (again,)


def test_both_phases_may_stand_in_one_batch_in_any_order() -> None:
    for batch in ([ASKED, POSTED], [POSTED, ASKED]):
        ledger = opened()
        assert ledger.post(batch) == tuple(batch)
        assert ledger.deposit(HOME) == 0


def test_a_resolution_counts_once_and_gets_the_same_answer() -> None:
    ledger = opened()
    ledger.post([ASKED])
    for _ in range(2):
        assert ledger.post([POSTED]) == (POSTED,)
        assert ledger.post([ASKED]) == (ASKED,)
    assert ledger.balance(TRUST_CASH) == 0


def test_what_is_resolved_stays_resolved() -> None:
    for first, later, reason in (
        (POSTED, VOIDED, Refusal.PENDING_ALREADY_POSTED),
        (VOIDED, POSTED, Refusal.PENDING_ALREADY_VOIDED),
        (VOIDED, resolution(ASKED, Phase.VOIDED, day=DAY), Refusal.PENDING_ALREADY_VOIDED),
    ):
        ledger = opened()
        ledger.post([ASKED])
        ledger.post([first])
        assert refusal(ledger, later).reason is reason
    ledger = opened()
    assert refusal(ledger, ASKED, VOIDED, POSTED).reason.name.startswith("PENDING_ALREADY")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (VOIDED._replace(resolves=None), Refusal.PHASE_DOES_NOT_FIT),
        (ASKED._replace(resolves=ASKED.id, id=VOIDED.id), Refusal.PHASE_DOES_NOT_FIT),
        (POSTED._replace(resolves=VOIDED.id), Refusal.PENDING_NOT_FOUND),
        (POSTED._replace(resolves=deposit(HOME, BOLT)[0].id), Refusal.PENDING_NOT_FOUND),
        (POSTED._replace(amount_ubolt=BOLT - 1), Refusal.PENDING_IS_ANOTHER),
        (POSTED._replace(debit=POOL), Refusal.PENDING_IS_ANOTHER),
        (POSTED._replace(credit=POOL), Refusal.PENDING_IS_ANOTHER),
        (POSTED._replace(code=Code.ENERGY), Refusal.PENDING_IS_ANOTHER),
        (ASKED._replace(amount_ubolt=1), Refusal.ID_OF_ANOTHER_TRANSFER),
        (ASKED._replace(phase=Phase.POSTED), Refusal.ID_OF_ANOTHER_TRANSFER),
    ],
)
def test_a_phase_that_does_not_follow_is_refused(bad: Transfer, reason: Refusal) -> None:
    ledger = opened()
    ledger.post([ASKED])
    assert refusal(ledger, bad).reason is reason


def test_the_trust_never_sets_aside_for_the_retailer_what_is_owed_to_homes() -> None:
    claimed = pending(movement(Code.CLAIMED_SPENT, b"", day=DAY, amount_ubolt=1)[0])
    assert refusal(opened(), claimed) == Refused(Refusal.TRUST_BELOW_DEPOSITS, TRUST_CASH, 1)


def test_a_pending_deposit_is_not_spent() -> None:
    ledger = Ledger()
    ledger.post([pending(t) for t in deposit(HOME, BOLT)])
    spent = movement(Code.ENERGY, HOME, day=DAY, amount_ubolt=1, home=HOME)
    assert refusal(ledger, *spent).reason is Refusal.DEBITS_BEYOND_CREDITS


ACCOUNTS = [*(a for a in CHART if a != DEPOSITS), *(deposits_of(home) for home in HOMES)]
LIKELY = [TRUST_CASH, POOL, OPERATING_CASH, *(deposits_of(home) for home in HOMES)]


@st.composite
def histories(draw: st.DrawFn) -> list[list[Transfer]]:
    """Batches of anything between any two accounts, at once or in two phases."""
    account = st.sampled_from(LIKELY) | st.sampled_from(ACCOUNTS)
    batches: list[list[Transfer]] = [[*capital(20), *deposit(HOME, 20)]]
    asked: list[Transfer] = []
    for number in range(draw(st.integers(1, 25))):
        if asked and draw(st.booleans()):
            phase = draw(st.sampled_from([Phase.POSTED, Phase.VOIDED]))
            new = resolution(draw(st.sampled_from(asked)), phase, day=DAY)
        else:
            new = OUT._replace(
                id=bytes([number]) * 32,
                debit=draw(account),
                credit=draw(account),
                amount_ubolt=draw(st.integers(1, 9)),
                phase=draw(st.sampled_from([Phase.POSTED, Phase.PENDING])),
            )
            asked += [new] if new.phase is Phase.PENDING else []
        batches.append([new])
    return batches


def told(ledger: Ledger, account: str) -> tuple[int, int, int]:
    """Balance, pending debits and pending credits, added up anew from all transfers."""
    posted = [t for t in ledger.transfers if t.phase is Phase.POSTED]
    balance = sum(t.amount_ubolt * ((t.debit == account) - (t.credit == account)) for t in posted)
    debits = sum(t.amount_ubolt for t in ledger.pending if t.debit == account)
    return balance, debits, sum(t.amount_ubolt for t in ledger.pending if t.credit == account)


@given(histories())
@settings(max_examples=60, deadline=None)
def test_no_account_is_ever_beyond_its_limit_whatever_is_pending(
    history: list[list[Transfer]],
) -> None:
    """I-LE-1, I-LE-2, I-LE-3 after each batch, whether it was accepted or refused."""
    ledger = Ledger()
    for batch in history:
        ledger.post(batch)
        for account in ACCOUNTS:
            balance, to_come, to_go = told(ledger, account)
            assert ledger.balance(account) == balance
            if account.startswith("assets:"):
                assert balance - to_go >= 0
            if account.startswith(DEPOSITS):
                assert balance + to_come <= 0
        homes = sum(ledger.deposit(home) for home in HOMES)
        leaving = sum(t.amount_ubolt for t in ledger.pending if leaves_the_customers(t))
        assert ledger.balance(TRUST_CASH) - homes >= leaving >= 0
        assert ledger.owed_to_homes_ubolt == homes
        assert sum(ledger.trial_balance().values()) == 0


def leaves_the_customers(transfer: Transfer) -> bool:
    customers = (TRUST_CASH, DEPOSITS)
    return transfer.credit.startswith(customers) and not transfer.debit.startswith(customers)


@given(histories(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_whatever_is_pending_can_be_posted_and_can_be_voided(
    history: list[list[Transfer]], post: bool
) -> None:
    """I-LE-5."""
    ledger = Ledger()
    for batch in history:
        ledger.post(batch)
    before, phase = ledger.trial_balance(), Phase.POSTED if post else Phase.VOIDED
    for transfer in ledger.pending:
        assert not isinstance(ledger.post([resolution(transfer, phase, day=NEXT_DAY)]), Refused)
    assert ledger.pending == ()
    if not post:
        assert ledger.trial_balance() == before
