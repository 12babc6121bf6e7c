"""The treasurer takes from the pool what he announced, and nobody else takes anything."""

import pytest

from gridplus.contracts import calls, parse_log
from gridplus.contracts.logs import WithdrawalCancelled, WithdrawalFinished, WithdrawalRequested
from tests.contracts.street import BOLT, DAY_S, HUB, STRANGER, TREASURER, Street

DELAY_S = 15 * DAY_S


@pytest.fixture
def earned(street: Street) -> Street:
    street.fund_pool(10 * BOLT)
    return street


def request(street: Street, amount: int) -> int:
    """Announce `amount`; when it matures."""
    (log,) = street.do(TREASURER, street.vault, calls.request_withdrawal(amount)).logs
    found = parse_log(log[1], log[2])
    assert isinstance(found, WithdrawalRequested)
    assert found.amount_ubolt == amount
    assert street.ask(street.vault, calls.withdrawal()) == calls.Withdrawal(
        amount, found.matures_at_s
    )
    return found.matures_at_s


def finish_refusal(street: Street) -> str:
    return street.refused(TREASURER, street.vault, calls.finish_withdrawal())


@pytest.mark.parametrize(
    "data", [calls.request_withdrawal(1), calls.cancel_withdrawal(), calls.finish_withdrawal()]
)
def test_nobody_but_the_treasurer_withdraws(earned: Street, data: bytes) -> None:
    for thief in (HUB, STRANGER):
        assert earned.refused(thief, earned.vault, data) == "not the treasurer"


def test_a_request_matures_after_the_exit_window_and_pays_the_treasurer(earned: Street) -> None:
    home = earned.open("ada", 5 * BOLT)
    matures_at_s = request(earned, 8 * BOLT)
    assert 14 * DAY_S < matures_at_s - earned.evm.now_s + 1 <= DELAY_S
    earned.evm.pass_time(matures_at_s - 1 - earned.evm.now_s)
    assert finish_refusal(earned) == "request is not mature"
    logs = earned.do(TREASURER, earned.vault, calls.finish_withdrawal()).logs
    assert WithdrawalFinished(8 * BOLT) in [parse_log(log[1], log[2]) for log in logs]
    assert (earned.balance(TREASURER.address), earned.pool()) == (8 * BOLT, 2 * BOLT)
    assert earned.unaccounted(home) == 0
    assert finish_refusal(earned) == "no request"


def test_a_request_is_for_something_that_the_pool_holds(earned: Street) -> None:
    over, nothing = calls.request_withdrawal(10 * BOLT + 1), calls.request_withdrawal(0)
    assert earned.refused(TREASURER, earned.vault, over) == "over pool"
    assert earned.refused(TREASURER, earned.vault, nothing) == "zero amount"


def test_a_request_that_the_pool_no_longer_holds_is_not_paid(earned: Street) -> None:
    home = earned.open("ada", BOLT)
    matures_at_s = request(earned, 10 * BOLT)
    earned.do(STRANGER, earned.vault, earned.credit_data(home, BOLT // 2))
    earned.evm.pass_time(matures_at_s - earned.evm.now_s)
    assert finish_refusal(earned) == "over pool"
    earned.fund_pool(BOLT // 2)
    earned.do(TREASURER, earned.vault, calls.finish_withdrawal())
    assert (earned.pool(), earned.unaccounted(home)) == (0, 0)


def test_a_request_lapses_and_only_then_may_another_be_made(earned: Street) -> None:
    matures_at_s = request(earned, 8 * BOLT)
    again = calls.request_withdrawal(BOLT)
    earned.evm.pass_time(matures_at_s + DAY_S - 1 - earned.evm.now_s)
    assert earned.refused(TREASURER, earned.vault, again) == "one request at a time"
    assert finish_refusal(earned) == "request has lapsed"
    request(earned, BOLT)
    assert finish_refusal(earned) == "request is not mature"


def test_a_cancelled_request_pays_nothing(earned: Street) -> None:
    none = earned.refused(TREASURER, earned.vault, calls.cancel_withdrawal())
    assert none == "no request"
    request(earned, 8 * BOLT)
    (log,) = earned.do(TREASURER, earned.vault, calls.cancel_withdrawal()).logs
    assert parse_log(log[1], log[2]) == WithdrawalCancelled()
    earned.evm.pass_time(DELAY_S)
    assert finish_refusal(earned) == "no request"
