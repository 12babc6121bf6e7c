"""The hub's word at a close, held against the bill that an owner has."""

import pytest

from gridplus.channel import Counters
from gridplus.failures import InputError
from gridplus.owner import check_word
from gridplus.wallet import ChannelId
from gridplus.wire import FinalWord
from tests.verify.signed_day import signed_day

BILL, _TRUTH = signed_day()
LAST = BILL.closing
HELD = Counters(LAST.spent_ubolt, LAST.earned_ubolt)


def word(spent: int = 0, earned: int = 0, head: bytes = bytes(32)) -> FinalWord:
    return FinalWord(
        BILL.channel, Counters(HELD.spent_ubolt + spent, HELD.earned_ubolt + earned), head
    )


def test_a_word_that_is_the_bills_own_or_newer_is_said_in_words() -> None:
    assert check_word(word(head=LAST.head), BILL, what="b.json") == "That is what b.json says."
    said = check_word(word(1_500_000, 20), BILL, what="b.json")
    assert said == "Since b.json: 1.500000 BOLT more spent, 0.000020 BOLT more earned."


@pytest.mark.parametrize(
    "told",
    [word(1, 0, LAST.head), word(0, -1, LAST.head), word(-1, 0), word(5, -1)],
    ids=["same link, more spent", "same link, less earned", "spent fell", "earned fell"],
)
def test_a_word_that_contradicts_the_bill_is_not_to_be_signed(told: FinalWord) -> None:
    with pytest.raises(InputError, match=r"contradicts b\.json.*do not sign"):
        check_word(told, BILL, what="b.json")


def test_a_bill_of_another_home_proves_nothing() -> None:
    other = FinalWord(ChannelId(bytes(32)), HELD, LAST.head)
    with pytest.raises(InputError, match=r"b\.json is another home's"):
        check_word(other, BILL, what="b.json")
