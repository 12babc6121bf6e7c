"""A session at a PostgreSQL server, for threads that wait: the driver's loop runs as long as one
call takes."""

import asyncio
import socket
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, Self, TypeVar

from gridplus.failures import StorageError

T = TypeVar("T")
REACH_S: Final = 5
"""So long one server of the URL may take to answer a new connection."""
LEAVE_S: Final = 2
_KEPT_ALIVE: Final = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 2),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 10_000),
)
"""A server whose machine is gone is noticed after ten seconds, also in the middle of a commit."""


class ServerError(Exception):
    """What the server or the driver says, in one line. `lost`: of this session nothing more is to
    be had, and whether its last statement was done is not known; `code`: SQLSTATE, where there is
    one."""

    def __init__(self, said: str, *, lost: bool, code: str | None) -> None:
        super().__init__(said)
        self.lost = lost
        self.code = code


class Session:
    """Statements one at a time; the caller sees to that. All raise ServerError."""

    def __init__(self) -> None:
        """Use `open`."""
        self._driver = _driver()
        self._loop = _Loop()
        self._connection: Any = None

    @classmethod
    def open(cls, url: str, *, password: str | None = None) -> Self:
        """At the first server of the URL that may be used. Its parameters are those of asyncpg;
        those that it does not know are settings of the session."""
        session = cls()
        connect = session._driver.connect(url, password=password, timeout=REACH_S)
        try:
            session._connection = session._wait(connect)
        except (ValueError, OverflowError) as error:
            session._loop.close()
            raise ServerError(f"its URL cannot be used: {error}", lost=False, code=None) from None
        except BaseException:
            session._loop.close()
            raise
        return session

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What one statement finds; prepared, binary."""
        return [*map(tuple, self._wait(self._connection.fetch(statement, *parameters)))]

    def value(self, statement: str, *parameters: object) -> Any:
        """The first value of its first row; None where there is no row."""
        return self._wait(self._connection.fetchval(statement, *parameters))

    def run(self, script: str) -> None:
        """One or more statements, in one transaction."""
        self._wait(self._connection.execute(script))

    def run_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """One statement for each row, in one transaction."""
        self._wait(self._connection.executemany(statement, rows))

    def copy(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Rows with all columns of the table, in one transaction."""
        self._wait(self._connection.copy_records_to_table(table, records=rows))

    def close(self) -> None:
        """Harmless when it is closed or lost already."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(ServerError):
                self._wait(connection.close(timeout=LEAVE_S))
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._loop.run_until_complete(work)
        # Whoever begins or ends a service waits inside its loop: ours runs on another thread then.
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(self._loop.run_until_complete, work).result()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        driver, named = self._driver, self._driver.exceptions
        ended = (named.AdminShutdownError, named.CrashShutdownError, named.PostgresConnectionError)
        try:
            return self._run(work)
        except (
            OSError,
            driver.PostgresError,
            driver.InterfaceError,
            driver.InternalClientError,
        ) as error:
            connection = self._connection
            lost = (
                connection is None or connection.is_closed() or isinstance(error, (OSError, *ended))
            )
            code = getattr(error, "sqlstate", None)
            raise ServerError(_said(error), lost=lost, code=code) from error


def _said(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"connection failed: {error.strerror or error or type(error).__name__}"
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class _Loop(asyncio.SelectorEventLoop):
    """The driver asks it for connections."""

    async def create_connection(self, *where: Any, **how: Any) -> Any:
        transport, protocol = await super().create_connection(*where, **how)
        found = transport.get_extra_info("socket")
        if found is not None:
            for level, name, number in _KEPT_ALIVE:
                if hasattr(socket, name):
                    found.setsockopt(level, getattr(socket, name), number)
        return transport, protocol


def _driver() -> Any:
    """Only who has such a journal needs the driver."""
    try:
        import asyncpg
    except ImportError as error:
        raise StorageError(
            f"a journal in PostgreSQL needs its driver ({error}); run: pip install "
            "'gridplus[postgres]'"
        ) from None
    return asyncpg
