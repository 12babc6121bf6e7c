"""Where the embedded chain keeps its bytes: one SQLite file, one transaction per block.

py-evm writes a block piece by piece. The pieces wait in memory and reach the file together, so
that after any crash the file holds whole blocks only.
"""

import sqlite3
from pathlib import Path

from eth.db.backends.base import BaseDB

from gridplus.failures import StorageError

_APPLICATION_ID = 0x47_50_43_48
_SCHEMA = f"""
BEGIN EXCLUSIVE;
CREATE TABLE node (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION_ID};
COMMIT;
"""


class BlockStore(BaseDB):
    """Keys and values, as py-evm wants them; `commit` makes all writes since the last one durable.

    `path` None keeps them in memory. Raises StorageError for a file that is not a chain, that
    another process holds, or that cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self.name = "the chain in memory" if path is None else f"the chain file {path}"
        self._waiting: dict[bytes, bytes | None] = {}
        try:
            self._file = sqlite3.connect(path or ":memory:", timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise StorageError(f"{self.name} cannot be opened: {error}") from None
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._file.close()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise StorageError(f"{self.name} is in use by another process") from None
            raise StorageError(f"{self.name} cannot be used: {error}") from None
        except StorageError:
            self._file.close()
            raise

    def _prepare(self) -> None:
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        (application_id,) = self._file.execute("PRAGMA application_id").fetchone()
        (tables,) = self._file.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application_id != _APPLICATION_ID and tables:
            raise StorageError(f"{self.name} is a database of something else")
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        if not tables:
            self._file.executescript(_SCHEMA)
        self._file.execute("BEGIN EXCLUSIVE")
        self._file.execute("COMMIT")

    def __getitem__(self, key: bytes) -> bytes:
        if key in self._waiting:
            value = self._waiting[key]
        else:
            row = self._file.execute("SELECT value FROM node WHERE key = ?", (key,)).fetchone()
            value = row and row[0]
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._waiting[bytes(key)] = bytes(value)

    def __delitem__(self, key: bytes) -> None:
        if key not in self:
            raise KeyError(key)
        self._waiting[bytes(key)] = None

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    def commit(self) -> None:
        """Make all waiting writes durable, or, on StorageError, none."""
        written = [(key, value) for key, value in self._waiting.items() if value is not None]
        deleted = [(key,) for key, value in self._waiting.items() if value is None]
        self._waiting.clear()
        try:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT OR REPLACE INTO node VALUES (?, ?)", written)
            self._file.executemany("DELETE FROM node WHERE key = ?", deleted)
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
            raise StorageError(f"{self.name} refused a block: {error}") from None

    def discard(self) -> None:
        """Forget all writes since the last commit."""
        self._waiting.clear()

    def close(self) -> None:
        self._file.close()
