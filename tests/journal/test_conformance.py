"""What every journal promises, on each store."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridplus.failures import Bug, StorageError
from gridplus.journal import Fact, State, Stored, migrate_journal
from tests.journal.stores import HOMES, NOW_S, Store, read_at

KINDS = st.text("AaZzµ ü", min_size=1, max_size=8)
FACTS = st.builds(Fact, KINDS, st.sampled_from([*HOMES, b""]), st.binary())


@given(commits=st.lists(st.lists(FACTS, min_size=1, max_size=5), max_size=6))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_reopened_journal_replays_every_fact_in_order_bit_for_bit(
    commits: list[list[Fact]], store: Store
) -> None:
    """Each example goes on where the last one stopped."""
    with store.open() as journal:
        start = journal.last_sequence
        firsts = [journal.append(facts) for facts in commits]
        before = list(journal.replay())
    with store.open() as journal:
        assert list(journal.replay()) == before
        assert journal.last_sequence == len(before)
    flat = [fact for facts in commits for fact in facts]
    assert before[start:] == [Stored(n, NOW_S, fact) for n, fact in enumerate(flat, start + 1)]
    assert firsts == [start + 1 + sum(map(len, commits[:n])) for n in range(len(commits))]


def test_a_replay_longer_than_a_page_has_no_gap(store: Store) -> None:
    with store.open() as journal:
        journal.append([read_at(n) for n in range(1, 2_502)])
        assert [stored.sequence for stored in journal.replay()] == list(range(1, 2_502))


def test_a_replay_starts_after_a_cursor_and_can_be_about_one_subject(store: Store) -> None:
    with store.open() as journal:
        journal.append([read_at(n) for n in range(1, 10)])
        assert [s.sequence for s in journal.replay(after=6)] == [7, 8, 9]
        assert [s.sequence for s in journal.replay(after=3, subject=HOMES[0])] == [6, 9]
        assert list(journal.replay(after=9)) == []
        assert list(journal.replay(subject=b"nobody")) == []


def test_a_replay_sees_what_is_appended_meanwhile(store: Store) -> None:
    with store.open() as journal:
        journal.append([read_at(n) for n in range(1, 1_001)])
        replay = journal.replay()
        assert next(replay).sequence == 1
        journal.append([read_at(1_001)])
        assert [s.sequence for s in replay] == list(range(2, 1_002))


def test_an_empty_commit_is_a_bug(store: Store) -> None:
    with store.open() as journal, pytest.raises(Bug, match="at least one fact"):
        journal.append([])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE facts SET kind = 'k' WHERE sequence = 1",
        "DELETE FROM facts WHERE sequence = 2",
        "INSERT INTO facts SELECT 1, 0, 'k', subject, body, 0 FROM facts WHERE sequence = 1",
        "INSERT INTO facts SELECT 4, 0, 'k', subject, body, 0 FROM facts WHERE sequence = 1",
        "INSERT INTO facts SELECT 0, 0, 'k', subject, body, 0 FROM facts WHERE sequence = 1",
    ],
)
def test_the_store_itself_refuses_to_change_drop_repeat_or_skip_a_fact(
    statement: str, store: Store
) -> None:
    with store.open() as journal:
        journal.append([read_at(1), read_at(2)])
    with pytest.raises(store.rejection, match="fact"):
        store.run(statement)
    with store.open() as reopened:
        assert [s.fact for s in reopened.replay()] == [read_at(1), read_at(2)]


@pytest.mark.parametrize(
    "decay",
    [
        "UPDATE facts SET kind = 'ReadRejected' WHERE sequence = 77",
        "UPDATE facts SET recorded_at_s = 7 WHERE sequence = 77",
        "UPDATE facts SET subject = body WHERE sequence = 77",
        "UPDATE facts SET crc32 = crc32 + 1 WHERE sequence = 77",
    ],
)
def test_a_fact_that_decayed_is_named(decay: str, store: Store) -> None:
    with store.open() as journal:
        journal.append([read_at(n) for n in range(1, 101)])
    store.run_unguarded(decay)
    with store.open() as journal, pytest.raises(StorageError, match="fact 77 is damaged"):
        list(journal.replay())


def test_states_are_kept_beside_the_facts_each_in_place_of_the_one_before(store: Store) -> None:
    with store.open() as journal:
        assert list(journal.kept()) == []
        journal.append([read_at(n) for n in range(1, 4)])
        journal.keep([State(n, 3, f"state {n}".encode()) for n in range(2_100)])
        journal.keep([State(7, 3, b"another")])
        facts = list(journal.replay())
    with store.open() as journal:
        states = list(journal.kept())
        assert [state.number for state in states] == list(range(2_100))
        assert states[7] == State(7, 3, b"another")
        assert states[8] == State(8, 3, b"state 8")
        assert list(journal.replay()) == facts
        journal.forget()
        assert list(journal.kept()) == []
        assert list(journal.replay()) == facts
        assert journal.append([read_at(4)]) == 4


@pytest.mark.parametrize("decay", ["sequence = 2", "body = 'x'"])
def test_a_damaged_state_is_said_to_be_one_and_can_be_forgotten(store: Store, decay: str) -> None:
    with store.open() as journal:
        journal.append([read_at(1)])
        journal.keep([State(0, 1, b"good"), State(5, 1, b"state")])
    decay = decay.replace("'x'", store.octets(b"x"))
    store.run(f"UPDATE states SET {decay} WHERE number = 5")  # noqa: S608
    with store.open() as journal:
        states = journal.kept()
        assert next(states) == State(0, 1, b"good")
        with pytest.raises(StorageError, match="state 5 is damaged"):
            next(states)
        journal.forget()
        journal.keep([State(5, 1, b"made again")])
        assert list(journal.kept()) == [State(5, 1, b"made again")]


def test_no_state_goes_down_to_a_schema_without_states_and_comes_back(store: Store) -> None:
    with store.open() as journal:
        journal.append([read_at(1)])
        journal.keep([State(0, 1, b"of then")])
    for version in (2, 3):
        migrate_journal(store.place, version=version)
    with store.open() as journal:
        assert list(journal.kept()) == []
        assert journal.last_sequence == 1


def test_a_fact_cut_out_behind_the_triggers_is_missed(store: Store) -> None:
    with store.open() as journal:
        journal.append([read_at(n) for n in range(1, 101)])
    store.run_unguarded("DELETE FROM facts WHERE sequence = 90")
    with store.open() as journal, pytest.raises(StorageError, match="a fact is missing after 16"):
        list(journal.replay())


def test_a_second_writer_is_refused_while_there_is_a_first(store: Store) -> None:
    with store.open() as journal:
        journal.append([read_at(1)])
        with pytest.raises(StorageError, match="a journal has one writer"):
            store.open()
        assert journal.append([read_at(2)]) == 2
    store.open().close()


def test_a_closed_journal_refuses_and_closes_twice(store: Store) -> None:
    journal = store.open()
    journal.close()
    journal.close()
    with pytest.raises(StorageError, match="the journal is closed"):
        journal.append([read_at(1)])
    with pytest.raises(StorageError, match="closed"):
        list(journal.replay())
