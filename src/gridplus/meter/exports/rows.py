"""A row a read: what is known of it, in one spelling, as CSV or JSON lines."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from gridplus.meter.metered import MeterRead
from gridplus.units import format_utc, utc_from_s

MeterReads: TypeAlias = tuple[str, Sequence[MeterRead]]
"""A meter's name and its reads, in order of time."""
COLUMNS = (
    "meter", "interval_start_utc", "seconds", "import_wh", "export_wh", "quality", "source",
    "version", "known_at_utc", "rule",
)  # fmt: skip


class _Line:
    """A file of one line at a time."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def to_csv(meters: Iterable[MeterReads]) -> Iterator[bytes]:
    """Canonical CSV: the header, then a row a read. The plain CSV parser reads it again."""
    line = _Line()
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(COLUMNS)
    yield line.text.encode()
    for row in rows(meters):
        writer.writerow(row)
        yield line.text.encode()


def to_json_lines(meters: Iterable[MeterReads]) -> Iterator[bytes]:
    """A JSON object a line, with the columns of the CSV as keys."""
    for row in rows(meters):
        document = dict(zip(COLUMNS, row, strict=True))
        yield json.dumps(document, ensure_ascii=False).encode() + b"\n"


def rows(meters: Iterable[MeterReads]) -> Iterator[tuple[str | int, ...]]:
    """The values of `COLUMNS` for every read."""
    for meter, reads in meters:
        for read in reads:
            known = format_utc(utc_from_s(read.known_at_s)) if read.known_at_s else ""
            yield (
                meter, format_utc(utc_from_s(read.start_s)), read.length_s, read.import_wh,
                read.export_wh, read.quality.name, read.source.name, read.version, known, read.rule,
            )  # fmt: skip
