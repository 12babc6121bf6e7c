"""A journal in one SQLite file: write-ahead log, one fsync a commit, one writer, append only."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Self

from gridplus.failures import StorageError, invariant
from gridplus.journal.facts import Fact, State, Stored
from gridplus.journal.paging import (
    PAGE_OF_FACTS,
    Row,
    StateRow,
    read_pages,
    read_states,
    rows_of,
    stamped,
    state_rows_of,
)
from gridplus.journal.sqlite_schema import STEPS
from gridplus.journal.steps import way

APPLICATION_ID = 0x47724A6C
_REASONS = {
    sqlite3.SQLITE_BUSY: "another process has it open; a journal has one writer",
    sqlite3.SQLITE_NOTADB: "it is not a Grid+ journal",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore it from a copy",
    sqlite3.SQLITE_FULL: "the disk or the page limit is full; make room and open it again",
}


class SqliteJournal:
    """Facts of one service. Threads may share it; a second opener of the file is refused.

    After a failed append the journal is closed: what the caller holds in memory may be ahead of
    the disk, and only a replay of the reopened file says what is true.
    """

    def __init__(
        self, path: Path, *, connection: sqlite3.Connection, now_s: Callable[[], int]
    ) -> None:
        """Use `open`."""
        self._path = path
        self._connection: sqlite3.Connection | None = connection
        self._now_s = now_s
        self._lock = threading.Lock()
        (last,) = connection.execute("SELECT coalesce(max(sequence), 0) FROM facts").fetchone()
        self._last: int = last

    @classmethod
    def open(cls, path: Path, *, now_s: Callable[[], int], page_limit: int | None = None) -> Self:
        """Open the journal at `path`, or create it (its folder must exist; mode 0600).

        `now_s` stamps facts, in seconds since 1970; `page_limit` bounds the file, in 4 KiB pages.
        Raises StorageError when the file is foreign, damaged, of a newer schema or in use.
        """
        with _as_storage_error(path):
            _make_private(path)
            connection = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
            try:
                _prepare(connection, path, page_limit=page_limit)
                return cls(path, connection=connection, now_s=now_s)
            except BaseException:
                connection.close()
                raise

    @classmethod
    def migrate(cls, path: Path, *, version: int) -> None:
        """Bring the tables of a journal that nobody has open to `version`, up or down, for the
        program of that version. Raises as `open` does, InputError for a version not known."""
        with (
            _as_storage_error(path),
            closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection,
        ):
            _prepare(connection, path, version=version)

    @property
    def last_sequence(self) -> int:
        """The newest durable fact; 0 when there is none."""
        return self._last

    def append(self, facts: Sequence[Fact]) -> int:
        """Make `facts` (at least one) durable, all or none; returns the sequence of the first.

        Raises StorageError, after which the journal is closed and none of them is visible; only
        after a failed fsync is it the reopened file that tells.
        """
        invariant(len(facts) > 0, "a commit has at least one fact")
        with self._lock, _as_storage_error(self._path):
            connection = self._require_open()
            return self._write(connection, stamped(facts, after=self._last, now_s=self._now_s()))

    def adopt(self, facts: Sequence[Stored]) -> None:
        """Append `facts` (at least one) as another journal stored them. Raises as `append` does,
        and when they do not follow."""
        with self._lock, _as_storage_error(self._path):
            self._write(self._require_open(), facts)

    def replay(self, *, after: int = 0, subject: bytes | None = None) -> Iterator[Stored]:
        """Durable facts with a sequence above `after`, in order; all, or those about `subject`.

        Facts appended while the iterator is in use are seen too. Raises StorageError at a fact
        that is damaged or missing.
        """
        return read_pages(
            partial(self._page, subject=subject),
            after=after,
            place=str(self._path),
            whole=subject is None,
        )

    def keep(self, states: Sequence[State]) -> None:
        """Make `states` durable, all or none, each in place of the one of its number. Raises as
        `append` does."""
        insert = "INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?)"
        with self._lock, _as_storage_error(self._path):
            self._commit(self._require_open(), insert, rows=state_rows_of(states))

    def kept(self) -> Iterator[State]:
        """What was kept last under each number, in order. Raises StorageError at a damaged one."""
        return read_states(self._state_page, place=str(self._path))

    def forget(self) -> None:
        """Keep nothing any more; no fact goes. Raises as `append` does."""
        with self._lock, _as_storage_error(self._path):
            self._commit(self._require_open(), "DELETE FROM states WHERE ?", rows=[(1,)])

    def close(self) -> None:
        """Release the file; harmless when closed already."""
        with self._lock, _as_storage_error(self._path):
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write(self, connection: sqlite3.Connection, facts: Sequence[Stored]) -> int:
        insert = "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)"
        self._commit(connection, insert, rows=rows_of(facts))
        first, self._last = self._last + 1, self._last + len(facts)
        return first

    def _commit(
        self, connection: sqlite3.Connection, statement: str, *, rows: Sequence[tuple[object, ...]]
    ) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, rows)
            connection.execute("COMMIT")
        except BaseException:
            self._connection = None
            connection.close()
            raise

    def _require_open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageError(f"{self._path}: the journal is closed; open it again and replay")
        return self._connection

    def _page(self, after: int, limit: int, *, subject: bytes | None) -> list[Row]:
        about = "" if subject is None else "AND subject = :subject"
        if subject:
            about += " AND subject <> x''"  # of which the index is known to hold all
        query = f"""SELECT sequence, recorded_at_s, kind, subject, body, crc32 FROM facts
            WHERE sequence > :after {about} ORDER BY sequence LIMIT :limit"""  # noqa: S608
        asked = {"after": after, "subject": subject, "limit": limit}
        with self._lock, _as_storage_error(self._path):
            return self._require_open().execute(query, asked).fetchall()

    def _state_page(self, after: int) -> list[StateRow]:
        query = f"""SELECT number, sequence, body, crc32 FROM states
            WHERE number > ? ORDER BY number LIMIT {PAGE_OF_FACTS}"""  # noqa: S608
        with self._lock, _as_storage_error(self._path):
            return self._require_open().execute(query, (after,)).fetchall()


def _make_private(path: Path) -> None:
    """An empty file of mode 0600 where there was none, and its name durable in the folder.

    An existing file is never opened here: closing it would drop the lock that a journal of this
    process may hold on it (POSIX record locks belong to the process, not to the descriptor).
    """
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
            os.fsync(folder)
            os.close(folder)
        if not path.is_file():
            raise StorageError(f"{path}: cannot be used as a journal: it is not a file")
        path.chmod(0o600)
    except OSError as error:
        raise StorageError(f"{path}: cannot be used as a journal: {error.strerror}") from error


def _prepare(
    connection: sqlite3.Connection,
    path: Path,
    *,
    page_limit: int | None = None,
    version: int | None = None,
) -> None:
    """Take the lock, learn whose file it is before anything is written, set durability, and bring
    the tables to `version` (None: the newest known)."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    identity = tuple(
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "schema_version")
    )
    if identity != (0, 0, 0) and identity[0] != APPLICATION_ID:
        raise StorageError(f"{path}: it is not a Grid+ journal")
    found = int(identity[1])
    script, version = way(STEPS, found=found, wanted=version, place=str(path))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    if page_limit is not None:
        connection.execute(f"PRAGMA max_page_count = {page_limit}")
    if found != version:
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};"
        connection.executescript(f"BEGIN IMMEDIATE; {script} {marks} COMMIT;")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")
    _sync_what_was_found(connection, path)


def _sync_what_was_found(connection: sqlite3.Connection, path: Path) -> None:
    """A process that was killed may have left a commit whole in the log but not on the disk. It is
    replayed, so whoever asks is told that it is durable: it must be."""
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StorageError(f"{path}: its log cannot be brought to the disk; open it again")


@contextmanager
def _as_storage_error(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise StorageError(f"{path}: {_REASONS.get(code, f'SQLite says: {error}')}") from error
