"""Where a journal is, by configuration: a file, or a database."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self, TypeAlias

from gridplus.failures import InputError
from gridplus.journal.facts import Journal, Stored
from gridplus.journal.postgres import SCHEMES, PostgresJournal, PostgresPlace
from gridplus.journal.sqlite import SqliteJournal

JournalPlace: TypeAlias = Path | PostgresPlace


class OpenJournal(Journal, Protocol):
    """A journal that holds its place until it is closed."""

    def adopt(self, facts: Sequence[Stored]) -> None:
        """Append `facts` (at least one) as another journal stored them. Raises StorageError when
        they do not follow."""

    def close(self) -> None:
        """Release the place; harmless when closed already."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def journal_place(name: str, *, folder: Path, password: str | None = None) -> JournalPlace:
    """A path (relative to `folder`), or the URL of a PostgreSQL database.

    Raises InputError for a URL that cannot be used, or a password for what has none.
    """
    if name.partition("://")[0] in SCHEMES:
        return PostgresPlace(name, password)
    if "://" in name:
        raise InputError(f"a journal is a file or a postgresql:// URL, not {name.split(':')[0]}://")
    if password is not None:
        raise InputError(f"{name}: a journal in a file has no password; remove it")
    return folder / name


def journal_part(place: JournalPlace, index: int) -> JournalPlace:
    """Where a part of what would be at `place` is: hub.journal becomes hub.0.journal, the schema
    hub becomes hub_0. Raises InputError for a URL that names no schema."""
    if isinstance(place, Path):
        return place.with_name(f"{place.stem}.{index}{place.suffix}")
    return place.part(index)


def open_journal(
    place: JournalPlace, *, now_s: Callable[[], int], page_limit: int | None = None
) -> OpenJournal:
    """Raises StorageError as the journals do; InputError for a page limit of a database."""
    if isinstance(place, Path):
        return SqliteJournal.open(place, now_s=now_s, page_limit=page_limit)
    if page_limit is not None:
        raise InputError("journal_page_limit bounds a file; limit the database on its server")
    return PostgresJournal.open(place, now_s=now_s)


def migrate_journal(place: JournalPlace, *, version: int) -> None:
    """Bring the tables of a journal that nobody has open to another version, up or down.

    Raises InputError for a version that is not known, StorageError as opening does.
    """
    if isinstance(place, Path):
        if not place.is_file():
            raise InputError(f"{place} does not exist")
        SqliteJournal.migrate(place, version=version)
    else:
        PostgresJournal.migrate(place, version=version)
