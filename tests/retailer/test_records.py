"""The ledger on disk: posted in groups, durable before it is answered, rebuilt as it was."""

from pathlib import Path

import pytest

from gridplus.failures import StorageError
from gridplus.journal import SqliteJournal
from gridplus.ledger import Code, Refused, bill, format_batch, movement
from gridplus.retailer.records import Records
from tests.ledger.street import BOLT, DAY, HOMES, billed, capital, deposit

HOME = HOMES[0]
BILL = bill(billed(HOME, {Code.ENERGY: BOLT}))
TOO_MUCH = movement(Code.TAX, HOME, day=DAY, amount_ubolt=1, home=HOME)


def opened(folder: Path, *, page_limit: int | None = None) -> SqliteJournal:
    path = folder / "retailer.journal"
    return SqliteJournal.open(path, now_s=lambda: 0, page_limit=page_limit)


def test_a_group_is_one_commit_and_each_batch_has_its_own_answer(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        records = Records(journal)
        answers = records.post(DAY, [capital(BOLT), deposit(HOME, BOLT), BILL, TOO_MUCH])
        assert answers[:3] == [capital(BOLT), deposit(HOME, BOLT), BILL]
        assert isinstance(answers[3], Refused)
        assert journal.last_sequence == 3


def test_a_retry_gets_the_same_answer_and_writes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        records = Records(journal)
        first = records.post(DAY, [deposit(HOME, BOLT), BILL])
        for _ in range(2):
            assert records.post(DAY, [deposit(HOME, BOLT), BILL]) == first
        assert journal.last_sequence == 2


def test_the_books_are_the_same_bit_for_bit_when_they_are_opened_again(tmp_path: Path) -> None:
    """I-LE-4."""
    with opened(tmp_path) as journal:
        before = Records(journal)
        before.post(DAY, [capital(BOLT), deposit(HOME, BOLT)])
        before.post(DAY, [TOO_MUCH, BILL])
    with opened(tmp_path) as journal:
        after = Records(journal).book.ledger
    assert format_batch(after.transfers) == format_batch(before.book.ledger.transfers)
    assert after.trial_balance() == before.book.ledger.trial_balance()
    assert isinstance(after.post(bill(billed(HOMES[1], {Code.TAX: 1}))), Refused)


def test_what_the_disk_refuses_is_not_answered_and_not_there_again(tmp_path: Path) -> None:
    with opened(tmp_path, page_limit=40) as journal:
        records = Records(journal)
        records.post(DAY, [deposit(HOME, BOLT)])
        many = [deposit(HOME, 1, number.to_bytes(4, "big")) for number in range(2_000)]
        with pytest.raises(StorageError, match="full"):
            records.post(DAY, many)
        with pytest.raises(StorageError, match="closed"):
            records.post(DAY, [BILL])
    with opened(tmp_path) as journal:
        assert Records(journal).book.ledger.deposit(HOME) == BOLT
