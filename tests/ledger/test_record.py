import struct

import pytest
from hypothesis import given, settings

from gridplus.failures import Bug, InputError
from gridplus.ledger import Ledger, Phase, format_batch, parse_batch, pending, resolution
from tests.ledger.street import BOLT, DAY, HOMES, StreetDay, deposit, street_days

(DEPOSIT,) = deposit(HOMES[0], BOLT)
PENDING = pending(DEPOSIT)
VOIDED = resolution(PENDING, Phase.VOIDED, day=DAY)
RECORD = format_batch((DEPOSIT, VOIDED))


@given(street_days())
@settings(max_examples=20, deadline=None)
def test_replaying_the_recorded_batches_gives_the_same_ledger(street: StreetDay) -> None:
    """I-LE-4."""
    facts = [format_batch(batch) for batch in street.batches]
    replayed = Ledger.replay(parse_batch(fact, what="a fact") for fact in facts)
    posted = Ledger.replay(street.batches)
    assert replayed.transfers == posted.transfers
    assert replayed.trial_balance() == posted.trial_balance()
    assert format_batch(replayed.transfers) == format_batch(posted.transfers)


def test_every_phase_is_recorded() -> None:
    batch = (PENDING, VOIDED, resolution(PENDING, Phase.POSTED, day=DAY))
    assert parse_batch(format_batch(batch), what="fact 7") == batch
    assert parse_batch(format_batch(()), what="fact 7") == ()


def changed(old: bytes, new: bytes) -> bytes:
    assert RECORD.count(old) == 1
    return RECORD.replace(old, new)


@pytest.mark.parametrize(
    ("damaged", "complaint"),
    [
        (changed(b"\0deposit\0", b"\0deposed\0"), "transfer 1, cannot be read: 'deposed'"),
        (changed(b"voided", b"undone"), "transfer 2, cannot be read: 'undone'"),
        (changed(b"2021-02-15", b"2021-02-30"), "transfer 1, cannot be read: day is out of range"),
        (changed(b"home deposits", b"home dep\xffsits"), "transfer 1, cannot be read: 'utf-8'"),
        (RECORD[:-1], "transfer 1, cannot be read: iterative unpacking"),
        (RECORD[:-4] + struct.pack(">I", 99), "transfer 2, cannot be read: list index"),
        (RECORD[:20], "transfer 1, cannot be read: unpack_from requires"),
        (b"{}", "is not a batch of the ledger"),
        (b"", "is not a batch of the ledger"),
    ],
)
def test_a_damaged_record_is_refused_with_its_place(damaged: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=f"fact 7.*{complaint}"):
        parse_batch(damaged, what="fact 7")


def test_a_text_that_would_run_into_the_next_is_a_bug() -> None:
    with pytest.raises(Bug, match="no text of a transfer holds a zero byte"):
        format_batch((DEPOSIT._replace(memo="a\0b"),))
