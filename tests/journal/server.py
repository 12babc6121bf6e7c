"""A PostgreSQL server of the tests' own: its folder, its socket, its processes, durable as shipped.

It refuses to run as root: then it runs as the user its package made.
"""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridplus.journal import PostgresPlace
from gridplus.journal.postgres_session import Session

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"


class NoServerError(Exception):
    """Why there is none."""


@dataclass
class Server:
    """`folder` holds data, log and socket."""

    folder: Path
    user: tuple[str, ...]
    _schemas: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def place(self, schema: str) -> PostgresPlace:
        return PostgresPlace(f"{self.url}&options=-csearch_path%3D{schema}")

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@/postgres?host={self.folder}"

    def new_place(self) -> PostgresPlace:
        """Room for one journal."""
        schema = f"journal_{next(self._schemas)}"
        self.execute(f"CREATE SCHEMA {schema}")
        return self.place(schema)

    def execute(self, statement: str, *, url: str | None = None) -> list[tuple[Any, ...]]:
        """As the server's administrator, on a connection of its own."""
        with Session.open(url or self.url) as session:
            if ";" not in statement:
                return session.rows(statement)
            session.run(statement)
            return []

    def wait_until_ready(self) -> None:
        """A server that lost a process ends the others, recovers and takes connections again."""
        command = [str(PROGRAMS / "pg_isready"), "-q", "-h", str(self.folder), "-t", "1"]
        for _ in range(300):
            if subprocess.run(command, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise NoServerError("it does not come back")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c shared_buffers=16MB -k {self.folder}"
        log = str(self.folder / "log")
        self._control("-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str) -> None:
        """`immediate` is what a crash leaves; recovery comes with the next start."""
        self._control("-w", "-m", mode, "stop")

    def end_connections(self) -> None:
        """Cut every other connection, in whatever it is doing."""
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def initialise(self) -> None:
        options = ("--no-sync", "--no-locale", "-A", "trust", "-E", "UTF8", "-U", USER)
        self._run("initdb", *options, "-D", str(self.folder / "data"))

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.user, str(PROGRAMS / program), *arguments]
        try:
            subprocess.run(
                command,
                cwd=self.folder,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=120,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NoServerError(f"{program}: {error}") from None


@contextmanager
def running_server() -> Iterator[Server]:
    """A fresh server, ended and removed afterwards. Raises NoServerError."""
    if not (PROGRAMS / "postgres").is_file():
        raise NoServerError("PostgreSQL 15 is not installed (Debian's postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="gridplus-pg-"))
    server = Server(folder, _as_other_user(folder))
    try:
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)


def _as_other_user(folder: Path) -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        raise NoServerError(f"run as root, and there is no user {USER} to run it as") from None
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
