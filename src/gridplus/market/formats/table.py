"""Comma-separated text: bytes -> a header and numbered rows."""

import csv
from collections.abc import Iterator

from gridplus.failures import InputError

Row = tuple[int, list[str]]
"""Line number in the file, fields."""


def parse_table(data: bytes, *, what: str) -> tuple[list[str], Iterator[Row]]:
    """The header's names, and the rows below with their line numbers; empty lines are skipped.

    Raises InputError when `data` is empty, not UTF-8 or not comma-separated text.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{what} is not UTF-8 text: byte {error.start}") from None
    rows = _numbered(lines, what)
    header = next(rows, None)
    if header is None:
        raise InputError(f"{what} is empty")
    return header[1], rows


def _numbered(lines: list[str], what: str) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, [field.strip() for field in fields]
    except csv.Error as error:
        raise InputError(f"{what}, line {reader.line_num}: {error}") from None
