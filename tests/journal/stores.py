"""Both stores of facts, opened and attacked in the same words."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridplus.journal import Fact, JournalPlace, PostgresJournal, PostgresPlace, SqliteJournal
from gridplus.journal.opening import OpenJournal
from gridplus.journal.postgres_session import ServerError
from tests.journal.server import Server

NOW_S = 1_613_368_800
HOMES = [bytes([n]) * 32 for n in range(3)]


def read_at(number: int) -> Fact:
    return Fact("ReadReceived", HOMES[number % 3], f"read {number}".encode())


class Store(ABC):
    """Room for one journal."""

    rejection: type[Exception]

    @property
    @abstractmethod
    def place(self) -> JournalPlace: ...

    @abstractmethod
    def open(self, now_s: Callable[[], int] = lambda: NOW_S) -> OpenJournal: ...

    @abstractmethod
    def run(self, *statements: str) -> Sequence[Any]:
        """Go behind the journal's back, while it is closed; rows of the last statement."""

    @abstractmethod
    def octets(self, octets: bytes) -> str:
        """As a literal of SQL."""

    @abstractmethod
    def run_unguarded(self, statement: str) -> None:
        """The same, with what guards the facts out of the way."""


@dataclass(frozen=True)
class SqliteStore(Store):
    path: Path
    rejection = sqlite3.IntegrityError

    @property
    def place(self) -> JournalPlace:
        return self.path

    def open(self, now_s: Callable[[], int] = lambda: NOW_S) -> OpenJournal:
        return SqliteJournal.open(self.path, now_s=now_s)

    def run(self, *statements: str) -> Sequence[Any]:
        raw = sqlite3.connect(self.path, isolation_level=None)
        try:
            return [raw.execute(statement).fetchall() for statement in statements][-1]
        finally:
            raw.close()

    def octets(self, octets: bytes) -> str:
        return f"x'{octets.hex()}'"

    def run_unguarded(self, statement: str) -> None:
        self.run("DROP TRIGGER facts_never_change", "DROP TRIGGER facts_never_go", statement)


@dataclass(frozen=True)
class PostgresStore(Store):
    server: Server
    where: PostgresPlace
    rejection = ServerError

    @property
    def place(self) -> JournalPlace:
        return self.where

    def open(self, now_s: Callable[[], int] = lambda: NOW_S) -> PostgresJournal:
        return PostgresJournal.open(self.where, now_s=now_s, patience_s=1)

    def run(self, *statements: str) -> Sequence[Any]:
        return [self.server.execute(each, url=self.where.url) for each in statements][-1]

    def octets(self, octets: bytes) -> str:
        return f"'\\x{octets.hex()}'"

    def run_unguarded(self, statement: str) -> None:
        self.run(f"SET session_replication_role = replica; {statement}")
