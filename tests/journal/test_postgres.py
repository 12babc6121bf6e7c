"""What only a database server can do wrong."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gridplus.failures import InputError, StorageError
from gridplus.journal import Fact, PostgresJournal, PostgresPlace, journal_place, open_journal
from tests.journal.server import Server
from tests.journal.stores import NOW_S, PostgresStore, read_at


@pytest.fixture
def store(server: Server) -> PostgresStore:
    return PostgresStore(server, server.new_place())


class Load:
    """A thread that appends groups until it is told to stop, and what it was promised."""

    def __init__(self, journal: PostgresJournal) -> None:
        self._journal = journal
        self._enough = threading.Event()
        self._some = threading.Event()
        self._thread = threading.Thread(target=self._append)
        self.promised = 0
        self.refused: StorageError | None = None

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._enough.set()
        self._thread.join(60)

    def wait_for_more(self) -> None:
        """Return when something was promised after this moment."""
        self._some.clear()
        assert self._some.wait(30), self.refused

    def wait_until_refused(self) -> None:
        self._thread.join(60)

    def _append(self) -> None:
        try:
            while not self._enough.is_set():
                first = self.promised + 1
                assert self._journal.append([read_at(first + i) for i in range(7)]) == first
                self.promised += 7
                self._some.set()
        except StorageError as error:
            self.refused = error


def require_all(store: PostgresStore, count: int) -> None:
    with store.open() as journal:
        stored = list(journal.replay())
    assert [s.fact for s in stored] == [read_at(n) for n in range(1, count + 1)]


def patient(store: PostgresStore, patience_s: int) -> PostgresJournal:
    return PostgresJournal.open(store.where, now_s=lambda: NOW_S, patience_s=patience_s)


def crash(server: Server) -> None:
    server.stop("immediate")
    server.start()


def restart(server: Server) -> None:
    server.stop("fast")
    server.start()


@pytest.mark.parametrize("fault", [crash, restart, Server.end_connections])
def test_a_database_that_restarts_under_load_loses_and_doubles_nothing(
    fault: Callable[[Server], None], store: PostgresStore
) -> None:
    """I-ST-1."""
    with patient(store, 30) as journal, Load(journal) as load:
        for _ in range(2):
            load.wait_for_more()
            fault(store.server)
        load.wait_for_more()
    assert load.refused is None
    require_all(store, load.promised)


def test_a_database_that_stays_away_ends_the_journal_and_its_return_needs_no_repair(
    store: PostgresStore,
) -> None:
    """I-ST-2."""
    with patient(store, 1) as journal, Load(journal) as load:
        load.wait_for_more()
        store.server.stop("immediate")
        load.wait_until_refused()
    try:
        assert "PostgreSQL says: connection" in str(load.refused)
        with pytest.raises(StorageError, match="the journal is closed"):
            journal.append([read_at(0)])
        with pytest.raises(StorageError, match="PostgreSQL says: connection"):
            store.open()
    finally:
        store.server.start()
    with store.open() as journal:
        kept = journal.last_sequence
    assert kept in (load.promised, load.promised + 7), "the last answer may have been lost"
    require_all(store, kept)


def test_a_database_that_fell_behind_is_not_written_to(store: PostgresStore) -> None:
    with store.open() as journal:
        journal.append([read_at(n) for n in range(1, 6)])
        store.run_unguarded("DELETE FROM facts WHERE sequence > 3")
        store.server.end_connections()
        with pytest.raises(StorageError, match="lost acknowledged facts, 4 to 5; go back"):
            journal.append([read_at(6)])
    require_all(store, 3)


def test_facts_of_somebody_else_are_not_taken_for_our_own(store: PostgresStore) -> None:
    with store.open() as journal:
        journal.append([read_at(1)])
        store.run("INSERT INTO facts SELECT 2, 0, kind, subject, body, 0 FROM facts")
        store.server.end_connections()
        with pytest.raises(StorageError, match="somebody else has written"):
            journal.append([read_at(2)])


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_forgets_is_refused(setting: str, store: PostgresStore) -> None:
    store.server.execute(f"ALTER SYSTEM SET {setting} = off")
    restart(store.server)
    try:
        with pytest.raises(StorageError, match=f"has {setting} off and forgets; turn it on"):
            store.open()
    finally:
        store.server.execute(f"ALTER SYSTEM RESET {setting}")
        restart(store.server)
    store.open().close()


def test_a_schema_that_is_absent_foreign_or_newer_is_refused(store: PostgresStore) -> None:
    with pytest.raises(StorageError, match="names no schema; create it first"):
        open_journal(store.server.place("nowhere"), now_s=lambda: 0)
    store.run("CREATE TABLE cookies (name text)")
    with pytest.raises(StorageError, match="other tables are there"):
        store.open()
    store.run("DROP TABLE cookies")
    store.open().close()
    store.run("UPDATE journal_schema SET version = 7")
    with pytest.raises(StorageError, match="its schema is 7, this version knows"):
        store.open()


def test_a_refused_commit_leaves_nothing_and_closes_the_journal(store: PostgresStore) -> None:
    with store.open() as journal:
        journal.append([read_at(1)])
        store.run("ALTER TABLE facts ADD CHECK (length(body) < 99)")
        big = Fact("ReadReceived", b"", bytes(100))
        with pytest.raises(StorageError, match="PostgreSQL says: new row"):
            journal.append([read_at(2), big])
        with pytest.raises(StorageError, match="closed"):
            journal.append([read_at(2)])
    require_all(store, 1)


@pytest.mark.parametrize(
    "url", ["postgresql://hub:hunter2@db/grid", "postgresql://hub@db/grid?password=hunter2"]
)
def test_a_password_in_a_url_is_refused_and_never_repeated(url: str) -> None:
    with pytest.raises(InputError, match="holds a password; write it to a file") as error:
        journal_place(url, folder=Path())
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://hub@db:abc/grid", "its URL cannot be used"),
        ("postgresql://hub@127.0.0.1:99999/grid", "its URL cannot be used"),
        ("postgresql://hub@127.0.0.1:1/grid?sslmode=perhaps", "sslmode"),
        ("postgresql://hub@127.0.0.1:1/grid?sslmode=verify-full&sslrootcert=/no", "No such file"),
        ("postgresql://hub@127.0.0.1:1/grid", "connection failed"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_in_a_sentence(url: str, why: str) -> None:
    with pytest.raises(StorageError, match=f"PostgreSQL says: .*{why}"):
        PostgresJournal.open(PostgresPlace(url), now_s=lambda: NOW_S)


def test_a_journal_is_opened_and_closed_by_who_has_a_loop_of_his_own(store: PostgresStore) -> None:
    async def lived() -> int:
        with store.open() as journal:
            return await asyncio.to_thread(journal.append, [read_at(1)])

    assert asyncio.run(lived()) == 1
    require_all(store, 1)


def test_of_several_hosts_the_first_that_answers_is_taken(store: PostgresStore) -> None:
    url = store.where.url.replace("host=", "host=/nowhere,") + "&target_session_attrs=read-write"
    with PostgresJournal.open(PostgresPlace(url), now_s=lambda: NOW_S) as journal:
        assert journal.append([read_at(1)]) == 1
    require_all(store, 1)


def test_a_password_beside_the_url_is_never_shown() -> None:
    place = journal_place("postgresql://hub@db/grid", folder=Path(), password="hunter2")
    assert isinstance(place, PostgresPlace)
    assert place.password == "hunter2"
    assert "hunter2" not in f"{place} {place!r}"


@pytest.mark.parametrize("name", ["mysql://db/grid", "https://db"])
def test_another_kind_of_database_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="a journal is a file or a postgresql:// URL"):
        journal_place(name, folder=Path())


def test_a_file_takes_no_password_and_a_database_no_page_limit(tmp_path: Path) -> None:
    assert journal_place("hub.journal", folder=tmp_path) == tmp_path / "hub.journal"
    with pytest.raises(InputError, match="has no password"):
        journal_place("hub.journal", folder=tmp_path, password="x")
    with pytest.raises(InputError, match="limit the database on its server"):
        open_journal(PostgresPlace("postgresql://db"), now_s=lambda: 0, page_limit=3)
