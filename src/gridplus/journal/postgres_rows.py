"""Rows to and from a PostgreSQL server: binary, prepared, a transaction each call."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gridplus.journal.paging import PAGE_OF_FACTS, Row, StateRow

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

COPIED_FROM = 50
"""Rows. Fewer are faster as one INSERT, a round trip less; bench/journal.py measures both."""
_INSERT = """INSERT INTO facts SELECT * FROM
    unnest(%b::bigint[], %b::bigint[], %b::text[], %b::bytea[], %b::bytea[], %b::bigint[])"""
_KEEP = """INSERT INTO states SELECT * FROM
    unnest(%b::bigint[], %b::bigint[], %b::bytea[], %b::bigint[])
    ON CONFLICT (number) DO UPDATE
    SET sequence = excluded.sequence, body = excluded.body, crc32 = excluded.crc32"""
_COPY = "COPY facts FROM STDIN (FORMAT BINARY)"
_TYPES = ("int8", "int8", "text", "bytea", "bytea", "int8")


def write_rows(connection: "Connection", rows: Sequence[Row]) -> None:
    """Durable when it returns."""
    (insert_rows if len(rows) < COPIED_FROM else copy_rows)(connection, rows)


def insert_rows(connection: "Connection", rows: Sequence[Row]) -> None:
    connection.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)], prepare=True)


def copy_rows(connection: "Connection", rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)


def write_states(connection: "Connection", rows: Sequence[StateRow]) -> None:
    """Durable when it returns; the same again changes nothing."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(_KEEP, columns, prepare=True)


def read_states_after(connection: "Connection", after: int) -> Sequence[StateRow]:
    """A page."""
    query = f"""SELECT number, sequence, body, crc32 FROM states
        WHERE number > %s ORDER BY number LIMIT {PAGE_OF_FACTS}"""  # noqa: S608
    with connection.cursor(binary=True) as cursor:
        rows: Any = cursor.execute(query.encode(), [after], prepare=True).fetchall()
        return rows  # type: ignore[no-any-return]


def newest_sequence(connection: "Connection") -> int:
    """0 when there is none."""
    row = connection.execute("SELECT coalesce(max(sequence), 0) FROM facts").fetchone()
    return 0 if row is None else int(row[0])


def read_rows(
    connection: "Connection", after: int, *, limit: int, subject: bytes | None = None
) -> Sequence[Row]:
    """A page."""
    about = "" if subject is None else "AND subject = %(subject)s"
    if subject:
        about += " AND subject <> ''"  # of which the index is known to hold all
    query: Any = f"""SELECT sequence, recorded_at_s, kind, subject, body, crc32 FROM facts
        WHERE sequence > %(after)s {about} ORDER BY sequence LIMIT %(limit)s"""  # noqa: S608
    with connection.cursor(binary=True) as cursor:
        cursor.execute(query, {"after": after, "subject": subject, "limit": limit}, prepare=True)
        rows: Any = cursor.fetchall()
        return rows  # type: ignore[no-any-return]
