"""A journal in a PostgreSQL database: one statement and one round trip a commit, one writer.

The tables lie in the first schema of the connection's search path; a journal has a schema or a
database to itself. A commit whose answer was lost is looked for by its sequences before it is
written again, so a connection that breaks costs time and never a fact.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from gridplus.failures import InputError, StorageError, invariant
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
from gridplus.journal.postgres_rows import (
    newest_sequence,
    read_rows,
    read_states_after,
    write_rows,
    write_states,
)
from gridplus.journal.postgres_schema import STEPS
from gridplus.journal.postgres_session import ServerError, Session
from gridplus.journal.steps import way

T = TypeVar("T")
SCHEMES = ("postgresql", "postgres")
USUAL_PATIENCE_S = 30
_SEARCH_PATH = re.compile(r"search_path(?:=|%3[Dd])[0-9A-Za-z_]+")
_LOCK_SPACE = 0x47724A6C
_RETRY_S = 0.2
_SESSION = {
    "synchronous_commit": "on",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """Where a database is: a URL as libpq and asyncpg read it, without a password, which is beside
    it."""

    url: str
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raises InputError for another scheme or a password, which it does not repeat."""
        try:
            parts = urlsplit(self.url)
            secret = parts.password is not None or "password" in parse_qs(parts.query)
        except ValueError:
            raise InputError("a database's URL cannot be read") from None
        if secret:
            raise InputError(
                "a database's URL holds a password; write it to a file that only its owner "
                "may read, and name that file instead"
            )
        if parts.scheme not in SCHEMES:
            raise InputError(f"{self.url} is not the URL of a PostgreSQL database")

    def __str__(self) -> str:
        return self.url

    def part(self, index: int) -> "PostgresPlace":
        """The schema beside: hub_0 beside hub. Raises InputError for a URL that names none."""
        url, found = _SEARCH_PATH.subn(rf"\g<0>_{index}", self.url)
        if found != 1:
            raise InputError(
                f"{self.url} names no schema, from which those of the shards would have their "
                "names; add options=-csearch_path%3Dhub"
            )
        return PostgresPlace(url, self.password)


class PostgresJournal:
    """Facts of one service. Threads may share it; a second opener waits, and is refused.

    For `patience_s` seconds a lost connection is made anew and a predecessor's end is waited for;
    nothing is acknowledged meanwhile. A failed append closes the journal, as it does one in a file.
    """

    def __init__(
        self, place: PostgresPlace, *, now_s: Callable[[], int], patience_s: int = USUAL_PATIENCE_S
    ) -> None:
        """Use `open`."""
        self._place = place
        self._now_s = now_s
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._last = 0
        self._session: Session | None = None

    @classmethod
    def open(
        cls, place: PostgresPlace, *, now_s: Callable[[], int], patience_s: int = USUAL_PATIENCE_S
    ) -> Self:
        """Open the journal in the database, or create its tables there.

        `now_s` stamps facts, in seconds since 1970. Raises StorageError when the server cannot be
        reached, does not write durably, or the tables are foreign, of a newer schema or in use.
        """
        journal = cls(place, now_s=now_s, patience_s=patience_s)
        with journal._as_storage_error():
            journal._session = journal._connect()
            journal._last = newest_sequence(journal._session)
        return journal

    @classmethod
    def migrate(cls, place: PostgresPlace, *, version: int) -> None:
        """Bring the tables of a journal that nobody has open to `version`, up or down, for the
        program of that version. Raises as `open` does, InputError for a version not known."""
        journal = cls(place, now_s=lambda: 0)
        with journal._as_storage_error():
            journal._connect(version=version).close()

    @property
    def last_sequence(self) -> int:
        """The newest durable fact; 0 when there is none."""
        return self._last

    def append(self, facts: Sequence[Fact]) -> int:
        """Make `facts` (at least one) durable, all or none; returns the sequence of the first.

        Raises StorageError, after which the journal is closed: when the server refused, then none
        of them is visible; or when it could not be asked again, then the reopened journal tells.
        """
        invariant(len(facts) > 0, "a commit has at least one fact")
        with self._lock:
            self._require_open()
            return self._write(stamped(facts, after=self._last, now_s=self._now_s()))

    def adopt(self, facts: Sequence[Stored]) -> None:
        """Append `facts` (at least one) as another journal stored them. Raises as `append` does,
        and when they do not follow."""
        with self._lock:
            self._require_open()
            self._write(facts)

    def replay(self, *, after: int = 0, subject: bytes | None = None) -> Iterator[Stored]:
        """Durable facts with a sequence above `after`, in order; all, or those about `subject`.

        Facts appended while the iterator is in use are seen too. Raises StorageError at a fact
        that is damaged or missing.
        """
        return read_pages(
            partial(self._page, subject=subject),
            after=after,
            place=str(self._place),
            whole=subject is None,
        )

    def keep(self, states: Sequence[State]) -> None:
        """Make `states` durable, all or none, each in place of the one of its number. Raises as
        `append` does."""
        rows = state_rows_of(states)
        if rows:
            self._do(lambda session: write_states(session, rows))

    def kept(self) -> Iterator[State]:
        """What was kept last under each number, in order. Raises StorageError at a damaged one."""
        return read_states(self._state_page, place=str(self._place))

    def forget(self) -> None:
        """Keep nothing any more; no fact goes. Raises as `append` does."""
        self._do(lambda session: session.run("DELETE FROM states"))

    def close(self) -> None:
        """Leave the database; harmless when closed already."""
        with self._lock:
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write(self, facts: Sequence[Stored]) -> int:
        try:
            with self._as_storage_error():
                self._make_durable(rows_of(facts))
        except BaseException:
            self._drop()
            raise
        first, self._last = self._last + 1, self._last + len(facts)
        return first

    def _do(self, work: Callable[[Session], object]) -> None:
        """What may be done twice."""
        with self._lock:
            self._require_open()
            try:
                with self._as_storage_error():
                    self._insist(lambda session, _: work(session))
            except BaseException:
                self._drop()
                raise

    def _make_durable(self, rows: Sequence[Row]) -> None:
        """Write; where the answer was lost with the connection, look for the rows on another."""

        def write(session: Session, asked_before: bool) -> None:
            if not (asked_before and self._holds(session, rows)):
                write_rows(session, rows)

        self._insist(write)

    def _insist(self, work: Callable[[Session, bool], T]) -> T:
        """What `work` returns, done on another connection when this one is lost; it hears whether
        it was begun before."""
        session, asked_before = self._require_open(), False
        deadline_ns = time.monotonic_ns() + self._patience_s * 1_000_000_000
        while True:
            try:
                return work(session, asked_before)
            except ServerError as error:
                if not error.lost:
                    raise
            session.close()
            session = self._session = self._connect_until(deadline_ns)
            asked_before = True

    def _holds(self, session: Session, rows: Sequence[Row]) -> bool:
        """Whether a commit was made whose answer was lost. Raises StorageError when the database
        is behind what was acknowledged, or ahead by somebody else's facts."""
        newest = newest_sequence(session)
        if newest < self._last:
            raise StorageError(
                f"{self._place}: it has lost acknowledged facts, {newest + 1} to {self._last}; "
                "go back to the server that had them, or restore a copy"
            )
        found = read_rows(session, self._last, limit=PAGE_OF_FACTS) if newest > self._last else []
        if found and found != [*rows][:PAGE_OF_FACTS]:
            raise StorageError(
                f"{self._place}: somebody else has written; a journal has one writer"
            )
        return bool(found)

    def _connect_until(self, deadline_ns: int) -> Session:
        while True:
            try:
                return self._connect()
            except ServerError as error:
                if not error.lost or time.monotonic_ns() > deadline_ns:
                    raise
            time.sleep(_RETRY_S)

    def _connect(self, *, version: int | None = None) -> Session:
        place = self._place
        session = Session.open(place.url, password=place.password)
        try:
            _prepare(session, place, patience_s=self._patience_s, version=version)
        except BaseException:
            session.close()
            raise
        return session

    def _require_open(self) -> Session:
        if self._session is None:
            raise StorageError(f"{self._place}: the journal is closed; open it again and replay")
        return self._session

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _page(self, after: int, limit: int, *, subject: bytes | None) -> Sequence[Row]:
        with self._lock, self._as_storage_error():
            return self._insist(
                lambda session, _: read_rows(session, after, limit=limit, subject=subject)
            )

    def _state_page(self, after: int) -> Sequence[StateRow]:
        with self._lock, self._as_storage_error():
            return self._insist(lambda session, _: read_states_after(session, after))

    @contextmanager
    def _as_storage_error(self) -> Iterator[None]:
        try:
            yield
        except ServerError as error:
            raise StorageError(f"{self._place}: PostgreSQL says: {error}") from None


def _prepare(
    session: Session, place: PostgresPlace, *, patience_s: int, version: int | None = None
) -> None:
    """Be the only writer, see that commits are durable, and whose tables these are; bring them to
    `version` (None: the newest known)."""
    for name, value in (_SESSION | {"lock_timeout": f"{patience_s}s"}).items():
        session.value("SELECT set_config($1, $2, false)", name, value)
    for name in ("fsync", "full_page_writes"):
        if session.value(f"SHOW {name}") != "on":
            raise StorageError(f"{place}: the server has {name} off and forgets; turn it on")
    if session.value("SELECT current_schema()") is None:
        raise StorageError(f"{place}: its search path names no schema; create it first")
    _be_only_writer(session, place)
    tables = "FROM pg_tables WHERE schemaname = current_schema()"
    ours = session.value(f"SELECT count(*) {tables} AND tablename = 'journal_schema'")
    if not ours and session.value(f"SELECT count(*) {tables}"):
        raise StorageError(f"{place}: other tables are there; a journal has a schema to itself")
    found = session.value("SELECT version FROM journal_schema") if ours else 0
    script, version = way(STEPS, found=found, wanted=version, place=str(place))
    if found != version:
        known = f"INSERT INTO journal_schema VALUES ({version:d})"  # noqa: S608
        session.run(f"{script}; DELETE FROM journal_schema; {known}")  # noqa: S608
    # A predecessor may have been cut off while its commit was on its way to a standby: this commit
    # is durable when that one is, and only then is anything believed that stands here.
    session.run("UPDATE journal_schema SET version = version")


def _be_only_writer(session: Session, place: PostgresPlace) -> None:
    try:
        session.value(
            "SELECT pg_advisory_lock($1::bigint << 32 | oid::bigint)"
            " FROM pg_namespace WHERE nspname = current_schema()",
            _LOCK_SPACE,
        )
    except ServerError as error:
        if error.code != _LOCK_NOT_AVAILABLE:
            raise
        raise StorageError(
            f"{place}: another process has it open; a journal has one writer"
        ) from None
