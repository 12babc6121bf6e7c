"""Meter files: bytes -> reads of each meter, the problems of the rows, and notes.

A bad row is reported with file, line and reason and left out; the good rows go on. A file that is
none of these formats, or in which nothing is good, is refused as a whole.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from gridplus.failures import InputError
from gridplus.meter.file import MeterFile, Problems, RegisterRead
from gridplus.meter.formats.espi import parse_espi
from gridplus.meter.formats.mapping import CsvMapping, parse_mapping
from gridplus.meter.formats.options import NO_OPTIONS, Options
from gridplus.meter.formats.p1 import parse_p1
from gridplus.meter.formats.plain_csv import parse_plain_csv
from gridplus.meter.formats.signed import parse_signed
from gridplus.meter.formats.smart_meter_texas import parse_smart_meter_texas

__all__ = [
    "FORMATS",
    "NO_OPTIONS",
    "CsvMapping",
    "Format",
    "MeterFile",
    "Options",
    "Problems",
    "RegisterRead",
    "parse_mapping",
    "parse_meter_file",
]

FILE_LIMIT = 256 << 20
"""Bytes of one file, uncompressed: some 3 million rows of Smart Meter Texas."""
_HEAD = 4_096


class Parser(Protocol):
    """Raises InputError when nothing in the bytes is good."""

    def __call__(self, pieces: Iterable[bytes], *, what: str, options: Options) -> MeterFile: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its name, what it is, and the pattern by which its head is known."""

    name: str
    title: str
    head: re.Pattern[bytes]
    parse: Parser


def _format(name: str, title: str, *, head: bytes, parse: Parser) -> Format:
    marked = rb"(?:\xef\xbb\xbf)?\s*(?:" + head + rb")"
    return Format(name, title, re.compile(marked, re.IGNORECASE), parse)


_ALL = (
    _format(
        "smt",
        "Smart Meter Texas, 15-minute CSV",
        head=rb'"?ESIID"?\s*,',
        parse=parse_smart_meter_texas,
    ),
    _format(
        "espi",
        "Green Button (NAESB ESPI), Atom XML",
        head=rb"<|\xff\xfe|\xfe\xff",
        parse=parse_espi,
    ),
    _format("p1", "telegrams of a P1 port (DSMR 4, 5)", head=rb"/[A-Z0-9]{3}\d", parse=parse_p1),
    _format("signed", "reads a Smart Agent signed, JSON lines", head=rb"\{", parse=parse_signed),
    _format("csv", "CSV, plain or mapped", head=rb"[^\x00]*[,;\t|]", parse=parse_plain_csv),
)
FORMATS = {found.name: found for found in _ALL}
"""In the order in which a head is tried."""


def parse_meter_file(
    pieces: Iterable[bytes],
    *,
    what: str,
    format_name: str | None = None,
    options: Options = NO_OPTIONS,
) -> MeterFile:
    """Parse the bytes of a file, which may come in pieces, as the named format or as the one its
    head tells (a mapping means CSV).

    Raises InputError when the bytes are no known format, too many, or nothing in them is good.
    """
    bounded = _bounded(pieces, what)
    head = b""
    for piece in bounded:
        head += piece
        if len(head) >= _HEAD:
            break
    if format_name is None:
        format_name = "csv" if options.mapping is not None else _sniff(head, what)
    found = FORMATS.get(format_name)
    if found is None:
        raise InputError(f"{format_name!r} is no format; there are {', '.join(FORMATS)}")
    parsed = found.parse(chain([head], bounded), what=what, options=options)
    return parsed if options.source is None else replace(parsed, source=options.source)


def _sniff(head: bytes, what: str) -> str:
    for found in FORMATS.values():
        if found.head.match(head):
            return found.name
    if not head.strip():
        raise InputError(f"{what} is empty")
    titles = "; ".join(f"{found.name}: {found.title}" for found in FORMATS.values())
    raise InputError(f"{what} is none of the formats known here ({titles})")


def _bounded(pieces: Iterable[bytes], what: str) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > FILE_LIMIT:
            raise InputError(f"{what} has more than {FILE_LIMIT >> 20} MiB; split it")
        yield piece
