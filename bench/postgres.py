"""A PostgreSQL server for a bench, in a folder of its own, reached through a socket there."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE transfers (id bigint PRIMARY KEY, debit bigint NOT NULL REFERENCES accounts,
    credit bigint NOT NULL REFERENCES accounts, amount bigint NOT NULL);
INSERT INTO accounts SELECT n, 0 FROM generate_series(1, 1000) n;
"""
TRANSFER = r"""
\set id random(1, 9000000000000000)
\set debit random(1, 1000)
\set credit random(1, 1000)
BEGIN;
INSERT INTO transfers VALUES (:id, :debit, :credit, 7);
UPDATE accounts SET balance = balance + 7 WHERE id = :debit;
UPDATE accounts SET balance = balance - 7 WHERE id = :credit;
COMMIT;
"""
SERVER_USER = "postgres"


class NotStartedError(Exception):
    """Why there is no server to measure."""


@contextmanager
def server(folder: Path) -> Iterator["Server"]:
    """A fresh server with the schema; ended afterwards. Raises NotStartedError."""
    program = shutil.which("postgres")
    if program is None:
        raise NotStartedError("no PostgreSQL on PATH")
    found = Server(Path(program).resolve().parent, folder, _as_server_user(folder))
    found.run("initdb", "-A", "trust", "-U", SERVER_USER, "-D", str(folder / "data"))
    options = f"-c listen_addresses='' -k {folder}"
    log = ("-l", str(folder / "log"))
    found.run("pg_ctl", "-w", "-D", str(folder / "data"), *log, "-o", options, "start")
    try:
        found.run("psql", *found.where, "-c", SCHEMA)
        yield found
    finally:
        found.run("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "stop")


def _as_server_user(folder: Path) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: then it runs as its own user, who owns the folder."""
    if os.geteuid() != 0:
        return ()
    try:
        user = pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise NotStartedError(f"run as root, and there is no user {SERVER_USER}") from None
    os.chown(folder, user.pw_uid, user.pw_gid)
    folder.parent.chmod(0o755)
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")


class Server:
    def __init__(self, programs: Path, folder: Path, user: tuple[str, ...]) -> None:
        self._programs, self._folder, self._user = programs, folder, user
        self.where = ("-h", str(folder), "-U", SERVER_USER)
        self.url = f"postgresql://{SERVER_USER}@/postgres?host={folder}"

    def run(self, program: str, *arguments: str) -> str:
        command = [*self._user, str(self._programs / program), *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=120, cwd=self._folder
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error)
            raise NotStartedError(f"{program}: {said.strip().splitlines()[-1]}") from None
        return done.stdout

    def journal(self, *schemas: str) -> str:
        """The URL of a journal in the first of these schemas, which are made."""
        for schema in schemas:
            self.run("psql", *self.where, "-c", f"CREATE SCHEMA {schema}")
        return f"{self.url}&options=-csearch_path%3D{schemas[0]}"

    def transfers_a_second(self, seconds: int, *, clients: int) -> float:
        """Each transfer a transaction of its own, durable when it is answered."""
        script = self._folder / "transfer.sql"
        script.write_text(TRANSFER)
        crowd = ("-c", str(clients), "-T", str(seconds), "-M", "prepared", "-n")
        told = self.run("pgbench", *self.where, *crowd, "-f", str(script), "postgres")
        rate = re.search(r"tps = ([\d.]+)", told)
        assert rate is not None, told
        return float(rate[1])
