"""`gridplus journal`: the journal of any service that is not running."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gridplus.journal import JournalPlace

F = TypeVar("F", bound=Callable[..., Any])


@click.group(name="journal")
def command() -> None:
    """What a service remembers: verify it, copy it, bring it to another version.

    A PLACE is a file or the URL of a PostgreSQL database. The service must not be running; of a
    running hub `gridplus hub backup` makes a copy.
    """


def _secret(command: F) -> F:
    """--password."""
    return click.option(
        "--password",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A file that only you may read, with the database's password.",
    )(command)


@command.command()
@click.argument("place")
@_secret
def verify(place: str, password: Path | None) -> None:
    """Read every fact of the journal at PLACE; its number and one checksum over all.

    Two journals with the same checksum hold the same.
    """
    from gridplus.journal import open_journal
    from gridplus.journal.copying import sum_of

    with open_journal(_there(_place(place, password)), now_s=_never) as journal:
        click.echo(f"{place}: {sum_of(journal.replay())}")


@command.command()
@click.argument("source")
@click.argument("to")
@_secret
def copy(source: str, to: str, password: Path | None) -> None:
    """Bring the journal at TO, new or an older copy, up to SOURCE; then read and compare both.

    Makes a back-up, restores one, and moves a journal from a file to a database or back. The
    password is that of the one which is a database.
    """
    from gridplus.journal import PostgresPlace, open_journal
    from gridplus.journal.copying import copy_all

    is_database = [isinstance(_place(name, None), PostgresPlace) for name in (source, to)]
    places = [
        _place(name, password if database else None)
        for name, database in zip((source, to), is_database, strict=True)
    ]
    with (
        open_journal(_there(places[0]), now_s=_never) as begun,
        open_journal(places[1], now_s=_never) as copied,
    ):
        click.echo(f"{to}: {copy_all(begun, to=copied)}, the same as in {source}")


@command.command()
@click.argument("place")
@click.option("--to", "version", required=True, type=int, help="The schema's version.")
@_secret
def migrate(place: str, version: int, password: Path | None) -> None:
    """Bring the tables of the journal at PLACE to an older or newer version; no fact changes.

    Opening a journal brings it to the newest version by itself. This is the way back, before an
    older program takes over.
    """
    from gridplus.journal import migrate_journal

    migrate_journal(_place(place, password), version=version)
    click.echo(f"{place}: its schema is {version}")


def _place(name: str, password: Path | None) -> "JournalPlace":
    from gridplus.journal import journal_place
    from gridplus.keystore import read_token

    secret = None if password is None else read_token(password)
    return journal_place(name, folder=Path(), password=secret)


def _there(place: "JournalPlace") -> "JournalPlace":
    """Reading must not make an empty journal."""
    from gridplus.failures import InputError

    if isinstance(place, Path) and not place.is_file():
        raise InputError(f"{place} does not exist")
    return place


def _never() -> int:
    """Copies keep the times they have."""
    return 0
