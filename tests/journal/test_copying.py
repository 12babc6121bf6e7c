"""Copies of a journal, from each store to each."""

from pathlib import Path

import pytest

from gridplus.failures import InputError, StorageError
from gridplus.journal import Fact, Stored
from gridplus.journal.copying import copy_all, extend, pack, parcel, sum_of, unpack
from tests.journal.stores import NOW_S, SqliteStore, Store, read_at

FACTS = [Stored(n, NOW_S + n, read_at(n)) for n in range(1, 1_206)]


@pytest.fixture
def file(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "copy")


def fill(store: Store, count: int) -> None:
    with store.open() as journal:
        journal.adopt(FACTS[:count])


@pytest.mark.parametrize("backwards", [False, True])
def test_a_copy_is_the_same_and_is_brought_up_to_a_longer_source(
    backwards: bool, store: Store, file: SqliteStore
) -> None:
    source, copy = (file, store) if backwards else (store, file)
    for count in (3, len(FACTS)):
        with source.open() as journal, copy.open() as copied:
            journal.adopt(FACTS[journal.last_sequence : count])
            assert copy_all(journal, to=copied) == sum_of(FACTS[:count])
            assert list(copied.replay()) == FACTS[:count]
            assert copy_all(journal, to=copied).facts == count


def test_the_sum_of_other_facts_is_another(store: Store) -> None:
    sums = {sum_of(FACTS[:5]), sum_of(FACTS[:4]), sum_of(FACTS[1:5]), sum_of(reversed(FACTS[:5]))}
    late = Stored(5, NOW_S, FACTS[4].fact)
    assert len({*sums, sum_of([*FACTS[:4], late])}) == 5


def test_a_copy_of_another_journal_is_not_extended(store: Store, file: SqliteStore) -> None:
    fill(store, 5)
    with file.open() as copied:
        copied.append([Fact("ReadReceived", b"", b"other")])
        with store.open() as journal, pytest.raises(StorageError, match="of another journal"):
            copy_all(journal, to=copied)
        assert copied.last_sequence == 1


def test_a_copy_that_is_ahead_of_its_source_is_told(store: Store, file: SqliteStore) -> None:
    fill(store, 5)
    fill(file, 7)
    with (
        store.open() as journal,
        file.open() as copied,
        pytest.raises(StorageError, match="restored from an older one"),
    ):
        copy_all(journal, to=copied)


def test_facts_that_do_not_follow_are_not_adopted(store: Store) -> None:
    fill(store, 3)
    with store.open() as journal, pytest.raises(StorageError):
        journal.adopt(FACTS[4:6])
    with store.open() as journal:
        assert journal.last_sequence == 3


def test_a_parcel_carries_facts_and_says_where_it_is_cut_or_damaged() -> None:
    whole = parcel(FACTS)
    assert list(unpack(whole)) == FACTS
    assert list(unpack(b"")) == []
    for cut in (1, 20, len(pack(FACTS[0])) + 3):
        with pytest.raises(InputError, match="cut off"):
            list(unpack(whole[:cut]))
    for place in (7, 15, 17, 27, 40):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        with pytest.raises(InputError, match=r"damaged|cut off"):
            list(unpack(bytes(damaged)))


def test_a_parcel_has_an_end_and_always_brings_something_new() -> None:
    huge = [Stored(n, NOW_S, Fact("PlanAdopted", b"", bytes(5_000_000))) for n in (1, 2, 3)]
    assert list(unpack(parcel(huge))) == huge[:2]


def test_nothing_is_new_to_a_copy_that_has_it_all(file: SqliteStore) -> None:
    fill(file, 9)
    with file.open() as journal:
        assert extend(journal, FACTS[8:9]) == 0
        assert extend(journal, FACTS[8:12]) == 3
