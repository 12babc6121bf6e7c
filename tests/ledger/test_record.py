import json

import pytest
from hypothesis import given, settings

from gridplus.failures import InputError
from gridplus.ledger import Ledger, format_batch, parse_batch
from tests.ledger.street import BOLT, HOMES, StreetDay, deposit, street_days


@given(street_days())
@settings(max_examples=20, deadline=None)
def test_replaying_the_recorded_batches_gives_the_same_ledger(street: StreetDay) -> None:
    facts = [format_batch(batch) for batch in street.batches]
    replayed = Ledger.replay(parse_batch(fact, what="a fact") for fact in facts)
    posted = Ledger.replay(street.batches)
    assert replayed.transfers == posted.transfers
    assert replayed.trial_balance() == posted.trial_balance()


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("amount_ubolt", "5", "amount that is no integer"),
        ("amount_ubolt", True, "amount that is no integer"),
        ("memo", 5, "text that is none"),
        ("memo", None, "text that is none"),
        ("code", "bribe", "'bribe' is not a valid Code"),
        ("day", "2021-02-30", "day is out of range"),
        ("id", "0x00", "64 lowercase hex digits"),
        ("id", "0x" + "AB" * 32, "64 lowercase hex digits"),
        ("colour", "red", "does not have the fields"),
    ],
)
def test_a_damaged_record_is_refused_with_its_place(
    field: str, value: object, complaint: str
) -> None:
    document = json.loads(format_batch(deposit(HOMES[0], BOLT) + deposit(HOMES[1], BOLT)))
    document["transfers"][1][field] = value
    with pytest.raises(InputError, match=f"fact 7, transfer 2.*{complaint}"):
        parse_batch(json.dumps(document).encode(), what="fact 7")


@pytest.mark.parametrize("text", ["[]", "{}", '{"transfers": 1}'])
def test_a_record_without_transfers_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="fact 7 has no list of transfers"):
        parse_batch(text.encode(), what="fact 7")
