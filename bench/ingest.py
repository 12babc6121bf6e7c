"""Meter reads taken in a second: parsed, validated, estimated, kept in every version.

`python bench/ingest.py [--rounds 5] [--seconds 0.3] [--quick]` prints one table. The file has ten
homes over a month as Smart Meter Texas writes them, with a hole to estimate in each; the same
energy stands in a Green Button feed. Beside them: a plain loop over the rows, csv and expat alone.
"""

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.parsers import expat
from zoneinfo import ZoneInfo

from gridplus.demo.street_data import home_series
from gridplus.meter.exports import to_espi
from gridplus.meter.file import MeterFile
from gridplus.meter.formats import parse_meter_file
from gridplus.meter.formats.smart_meter_texas import COLUMNS
from gridplus.retailer.read_store import ReadStore
from gridplus.units import HOUR_S, Interval
from measure import Beside, Effort, Row, Work, per_cpu_second, show

TEXAS = ZoneInfo("America/Chicago")
FIRST_DAY = datetime(2021, 8, 1, tzinfo=TEXAS)
HOMES, DAYS = 10, 31
HOLE = range(1_000, 1_010)
"""Quarter hours of each home that are missing: 2 1/2 hours, filled by the weekday's average."""


@dataclass(frozen=True)
class Files:
    """The same reads as a table and as a feed, and how many there are."""

    table: bytes
    feed: bytes
    count: int

    def parsed(self, _number: int = 0) -> MeterFile:
        return parse_meter_file([self.table], what="smt.csv")

    def feed_parsed(self, _number: int = 0) -> MeterFile:
        return parse_meter_file([self.feed], what="gb.xml")

    def taken_in(self, _number: int = 0) -> None:
        """From bytes to durable versions, in a store of its own."""
        with new_store() as store:
            taken = store.take(self.parsed())
        assert taken.count("new") == self.count
        assert taken.count("estimated") == HOMES * len(HOLE)

    def by_hand(self, _number: int = 0) -> int:
        """What one writes first: a dictionary a row, strptime, Decimal; nothing is checked."""
        reads = {}
        for row in csv.DictReader(self.table.decode().splitlines()):
            local = datetime.strptime(
                f"{row['USAGE_DATE']} {row['USAGE_START_TIME']}", "%m/%d/%Y %H:%M"
            ).replace(tzinfo=TEXAS)
            energy_wh = int(Decimal(row["USAGE_KWH"]) * 1_000)
            reads[row["ESIID"], local.timestamp()] = (energy_wh, row["ESTIMATED_ACTUAL"])
        return len(reads)

    def csv_alone(self, _number: int = 0) -> int:
        return sum(1 for _ in csv.reader(self.table.decode().splitlines()))

    def expat_alone(self, _number: int = 0) -> None:
        expat.ParserCreate(namespace_separator=" ").Parse(self.feed, True)


@contextmanager
def new_store() -> Iterator[ReadStore]:
    with (
        tempfile.TemporaryDirectory() as folder,
        ReadStore.open(Path(folder) / "reads.db", now_s=lambda: 1) as store,
    ):
        yield store


def files() -> Files:
    header = ",".join(COLUMNS)
    lines = [header]
    for home in range(1, HOMES + 1):
        lines += _rows(home)
    table = "\n".join(lines).encode() + b"\n"
    found = parse_meter_file([table], what="smt.csv")
    meters = [(name, tuple(reads.rows(found.source))) for name, reads in found.meters.items()]
    feed = b"".join(to_espi(meters, zone=TEXAS, made_at_s=int(FIRST_DAY.timestamp())))
    return Files(table, feed, found.count)


def _rows(home: int) -> Iterator[str]:
    series = home_series(home)
    for quarter in range(96 * DAYS):
        if quarter in HOLE:
            continue
        wall = FIRST_DAY + timedelta(minutes=15 * quarter)
        load_wh, _ = series.at(Interval(int(wall.timestamp()), HOUR_S // 4))
        end = wall + timedelta(minutes=15)
        yield (
            f"'1008900000000{home:04},{wall:%m/%d/%Y},{wall:%m/%d/%Y} 23:59:59,{wall:%H:%M},"
            f"{end:%H:%M},{load_wh / 1000:.3f},A,Consumption"
        )


def main() -> None:
    effort, made = Effort.asked(), files()
    assert made.by_hand() == made.count
    assert made.csv_alone() == made.count + 1
    assert made.feed_parsed().count == made.count
    with new_store() as full:
        full.take(made.parsed())

        def again(_number: int) -> None:
            assert full.take(made.parsed()).count("unchanged") == made.count

        contenders: dict[str, Work] = {
            "taken in": made.taken_in,
            "again": again,
            "parsed": made.parsed,
            "by hand": made.by_hand,
            "csv": made.csv_alone,
            "feed": made.feed_parsed,
            "expat": made.expat_alone,
        }
        found = per_cpu_second(contenders, effort)
    a_second = {name: rate * made.count for name, rate in found.items()}
    by_hand = Beside("peer: DictReader, strptime, Decimal, no check", a_second["by hand"])
    csv_alone = Beside("limit: the csv module alone", a_second["csv"])
    show(
        f"{made.count:,} reads of {HOMES} homes: reads a CPU second",
        [
            Row("parsed, VEE, durable", a_second["taken in"], (by_hand, csv_alone)),
            Row("the same file again: nothing new", a_second["again"], (csv_alone,)),
            Row("parsed only", a_second["parsed"], (by_hand, csv_alone)),
            Row(
                "Green Button parsed",
                a_second["feed"],
                (Beside("limit: expat alone, no handler", a_second["expat"]),),
            ),
        ],
    )
    print("\n  Durable: one commit with fsync a file. VEE: validation, and ten estimates a home.")


if __name__ == "__main__":
    main()
