"""Rows to and from a PostgreSQL server: binary, prepared, a transaction each call."""

from collections.abc import Sequence
from typing import Any

from gridplus.journal.paging import PAGE_OF_FACTS, Row, StateRow
from gridplus.journal.postgres_session import Session

COPIED_FROM = 50
"""Rows. Fewer are faster as one INSERT, a round trip less; bench/journal.py measures both."""
_INSERT = """INSERT INTO facts SELECT * FROM
    unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bytea[], $6::bigint[])"""
_KEEP = """INSERT INTO states SELECT * FROM
    unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[])
    ON CONFLICT (number) DO UPDATE
    SET sequence = excluded.sequence, body = excluded.body, crc32 = excluded.crc32"""


def write_rows(session: Session, rows: Sequence[Row]) -> None:
    """Durable when it returns."""
    (insert_rows if len(rows) < COPIED_FROM else copy_rows)(session, rows)


def insert_rows(session: Session, rows: Sequence[Row]) -> None:
    session.rows(_INSERT, *_columns(rows))


def copy_rows(session: Session, rows: Sequence[Row]) -> None:
    session.copy("facts", rows)


def write_states(session: Session, rows: Sequence[StateRow]) -> None:
    """Durable when it returns; the same again changes nothing."""
    session.rows(_KEEP, *_columns(rows))


def read_states_after(session: Session, after: int) -> Sequence[StateRow]:
    """A page."""
    query = f"""SELECT number, sequence, body, crc32 FROM states
        WHERE number > $1 ORDER BY number LIMIT {PAGE_OF_FACTS}"""  # noqa: S608
    found: Any = session.rows(query, after)
    return found  # type: ignore[no-any-return]


def newest_sequence(session: Session) -> int:
    """0 when there is none."""
    return int(session.value("SELECT coalesce(max(sequence), 0) FROM facts"))


def read_rows(
    session: Session, after: int, *, limit: int, subject: bytes | None = None
) -> Sequence[Row]:
    """A page."""
    about = "" if subject is None else "AND subject = $3"
    if subject:
        about += " AND subject <> ''"  # of which the index is known to hold all
    query = f"""SELECT sequence, recorded_at_s, kind, subject, body, crc32 FROM facts
        WHERE sequence > $1 {about} ORDER BY sequence LIMIT $2"""  # noqa: S608
    found: Any = session.rows(query, after, limit, *(() if subject is None else (subject,)))
    return found  # type: ignore[no-any-return]


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
