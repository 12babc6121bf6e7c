"""A table of text rows, each with its place: bytes -> a header and numbered rows."""

import codecs
import csv
from collections.abc import Iterable, Iterator

from gridplus.failures import InputError

Row = tuple[int, list[str]]
"""Line number in the file, fields."""
LINE_LIMIT = 65_536
"""Characters of a line; a table of a meter or a market has a hundred or so."""


def parse_table(
    data: bytes | Iterable[bytes], *, what: str, delimiter: str = ","
) -> tuple[list[str], Iterator[Row]]:
    """The header's names, and the rows below with their line numbers; empty lines are skipped.

    `data` may come in pieces, which are read as the rows are taken. Raises InputError, at once or
    while rows are taken, when it is empty, not UTF-8, has an endless line or is no such table.
    """
    pieces = (data,) if isinstance(data, bytes) else data
    rows = _numbered(text_lines(pieces, what), what, delimiter=delimiter)
    header = next(rows, None)
    if header is None:
        raise InputError(f"{what} is empty")
    return header[1], rows


def text_lines(pieces: Iterable[bytes], what: str) -> Iterator[str]:
    """The lines of UTF-8 text that comes in pieces, without their ends.

    Raises InputError where it is no text or a line has more than `LINE_LIMIT` characters.
    """
    rest = ""
    for text in _decoded(pieces, what):
        lines = (rest + text).splitlines(keepends=True)
        rest = lines.pop() if lines else ""
        if len(rest) > LINE_LIMIT:
            raise InputError(f"{what} has a line of more than {LINE_LIMIT} characters")
        for line in lines:
            yield line.rstrip("\r\n")
    yield from rest.splitlines()


def _decoded(pieces: Iterable[bytes], what: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    before = 0
    try:
        for piece in pieces:
            yield decoder.decode(piece)
            before += len(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InputError(f"{what} is not UTF-8 text: byte {before + error.start}") from None


def _numbered(lines: Iterable[str], what: str, *, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, [field.strip() for field in fields]
    except csv.Error as error:
        raise InputError(f"{what}, line {reader.line_num}: {error}") from None
