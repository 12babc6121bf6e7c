"""The treasurer replaces the hub's key, slowly, and nobody else does."""

import pytest

from gridplus.contracts import calls, parse_log
from gridplus.contracts.logs import HubCancelled, HubReplaced, HubRequested
from tests.contracts.evm import signer
from tests.contracts.street import BOLT, DAY_S, HUB, STRANGER, TREASURER, Street

DELAY_S = 15 * DAY_S
NEW_HUB = signer("new hub")


def request(street: Street) -> int:
    """Announce the new hub; when it matures."""
    (log,) = street.do(TREASURER, street.vault, calls.request_hub(NEW_HUB.address)).logs
    found = parse_log(log[1], log[2])
    assert isinstance(found, HubRequested)
    announced = calls.Replacement(NEW_HUB.address, found.matures_at_s)
    assert street.ask(street.vault, calls.replacement()) == announced
    return found.matures_at_s


def finish_refusal(street: Street) -> str:
    return street.refused(TREASURER, street.vault, calls.finish_hub())


@pytest.mark.parametrize(
    "data", [calls.request_hub(NEW_HUB.address), calls.cancel_hub(), calls.finish_hub()]
)
def test_nobody_but_the_treasurer_replaces_the_hub(street: Street, data: bytes) -> None:
    for thief in (HUB, STRANGER, NEW_HUB):
        assert street.refused(thief, street.vault, data) == "not the treasurer"


def test_the_new_key_claims_and_credits_and_the_old_one_no_more(street: Street) -> None:
    home = street.open("ada", 50 * BOLT)
    street.fund_pool(30 * BOLT)
    stale = street.credit_data(home, BOLT)
    matures_at_s = request(street)
    street.claim(home.voucher(BOLT))
    street.evm.pass_time(matures_at_s - 1 - street.evm.now_s)
    assert finish_refusal(street) == "request is not mature"
    (log,) = street.do(TREASURER, street.vault, calls.finish_hub()).logs
    assert parse_log(log[1], log[2]) == HubReplaced(NEW_HUB.address)
    assert street.ask(street.vault, calls.hub()) == NEW_HUB.address
    data = street.claim_data(home.voucher(2 * BOLT))
    assert street.refused(HUB, street.vault, data) == "not the hub"
    street.do(NEW_HUB, street.vault, data)
    assert street.refused(STRANGER, street.vault, stale) == "not the hub's credit"
    street.do(STRANGER, street.vault, street.credit_data(home, BOLT, by=NEW_HUB))
    assert finish_refusal(street) == "no request"


def test_the_new_hub_is_somebody_else_and_not_the_treasurer(street: Street) -> None:
    for bad in (bytes(20), HUB.address, TREASURER.address):
        data = calls.request_hub(bad)
        assert street.refused(TREASURER, street.vault, data) == "bad hub"


def test_a_replacement_lapses_and_only_then_may_another_be_asked(street: Street) -> None:
    matures_at_s = request(street)
    again = calls.request_hub(STRANGER.address)
    street.evm.pass_time(matures_at_s + DAY_S - 1 - street.evm.now_s)
    assert street.refused(TREASURER, street.vault, again) == "one request at a time"
    assert finish_refusal(street) == "request has lapsed"
    street.do(TREASURER, street.vault, again)
    assert finish_refusal(street) == "request is not mature"


def test_a_cancelled_replacement_replaces_nobody(street: Street) -> None:
    none = street.refused(TREASURER, street.vault, calls.cancel_hub())
    assert none == "no request"
    request(street)
    (log,) = street.do(TREASURER, street.vault, calls.cancel_hub()).logs
    assert parse_log(log[1], log[2]) == HubCancelled()
    street.evm.pass_time(DELAY_S)
    assert finish_refusal(street) == "no request"
