"""Files of reads and of rated lines: partitioned Parquet, a row for a home and a local day.

`zone=LZ_HOUSTON/month=2021-08/bucket-00.parquet` holds the homes of one bucket (by a hash of their
name) on one plan, in row groups of one day each, days in order. Each file is a job that depends on
no other: whoever runs it, wherever, writes the same integers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.tariff import Code, Plan
from gridplus.tariff.batch import Exact, Flows, Integers, RatedDay, Standing, rate_day
from gridplus.units import ABOLT_PER_PBOLT

READS = pa.schema(
    [
        ("home", pa.string()),
        ("day", pa.date32()),
        ("import_wh", pa.list_(pa.int32())),
        ("export_wh", pa.list_(pa.int32())),
    ]
)
AMOUNT = pa.decimal128(38, 0)
"""aBOLT, exactly."""


@dataclass(frozen=True)
class Job:
    """One file of reads to rate. `prices` by local day; empty for a plan without an index."""

    plan: Plan
    prices: Mapping[date, PriceVersion]
    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class RatedFile:
    """What became of a job: its sums in aBOLT, or the reason why the file was `refused`."""

    source: Path
    rows: int = 0
    intervals: int = 0
    charges_abolt: int = 0
    credits_abolt: int = 0
    refused: str | None = None


def write_reads(path: Path, days: Sequence[tuple[Sequence[str], Flows]]) -> None:
    """One file of reads: the homes of each day's rows, and what they took and fed in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with parquet.ParquetWriter(path, READS, compression="zstd") as writer:
        for homes, flows in days:
            columns = [pa.array(homes, pa.string()), pa.array([flows.day] * len(flows))]
            columns += [_lists(wh) for wh in (flows.import_wh, flows.export_wh)]
            writer.write_table(pa.table(columns, schema=READS))


def jobs_of(
    plan: Plan, prices: Mapping[date, PriceVersion], *, reads: Path, out: Path
) -> list[Job]:
    """A job for each Parquet file below `reads`, to the same place below `out`.

    Raises InputError when there is none.
    """
    sources = sorted(reads.rglob("*.parquet"))
    if not sources:
        raise InputError(f"{reads} holds no Parquet file of reads")
    return [Job(plan, prices, path, out / path.relative_to(reads)) for path in sources]


def rate_file(job: Job) -> RatedFile:
    """Rate one file, a day at a time. What is wrong with it is said; nothing is then written."""
    written = job.target.with_suffix(".part")
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
        found = _rate(job, written)
    except (InputError, pa.ArrowException) as error:
        written.unlink(missing_ok=True)
        return RatedFile(job.source, refused=str(error))
    written.replace(job.target)
    return found


def _rate(job: Job, written: Path) -> RatedFile:
    with parquet.ParquetFile(job.source) as file:
        homes = pc.unique(file.read(["home"])["home"])
        standing, last_day = Standing.opening(len(homes)), np.full(len(homes), -1, dtype=np.int64)
        rows = intervals = 0
        writer = None
        try:
            for names, flows in _days(file, job.source):
                places = np.asarray(pc.index_in(names, homes), dtype=np.int64)
                _require_once(names, flows.day, places=places, last_day=last_day)
                prices = job.prices.get(flows.day)
                rated = rate_day(job.plan, prices, flows=flows, before=standing.take(places))
                standing = standing.put(places, rated.after)
                table = _lines_table(names, rated)
                writer = writer or parquet.ParquetWriter(written, table.schema, compression="zstd")
                writer.write_table(table)
                rows, intervals = rows + len(flows), intervals + flows.import_wh.size
        finally:
            if writer is not None:
                writer.close()
    if writer is None:
        raise InputError(f"{job.source} holds no reads")
    sums = standing.charges.total_abolt(), standing.credits.total_abolt()
    return RatedFile(job.source, rows, intervals, *sums)


def _days(file: Any, source: Path) -> Iterator[tuple[Any, Flows]]:
    """Row group after row group. Raises InputError for one that is not of one day."""
    if not file.schema_arrow.equals(READS):
        raise InputError(f"{source} has other columns than {', '.join(READS.names)} as written")
    for group in range(file.num_row_groups):
        table = file.read_row_group(group).combine_chunks()
        days = pc.unique(table["day"]).to_pylist()
        if len(days) != 1 or any(column.null_count for column in table.columns):
            raise InputError(f"{source}, row group {group}: holds nulls or not just one day")
        flows = (_matrix(table[name], f"{source}, {days[0]}") for name in READS.names[2:])
        yield table["home"].combine_chunks(), Flows(days[0], *flows)


def _matrix(column: Any, where: str) -> Any:
    lists = column.combine_chunks()
    lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
    values = lists.flatten()
    if len(lengths) != 1 or values.null_count:
        raise InputError(f"{where}: holds nulls, or rows of {sorted(lengths)} intervals")
    return values.to_numpy().reshape(len(lists), lengths[0])


def _lists(matrix: Any) -> Any:
    rows, width = matrix.shape
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * width)
    return pa.ListArray.from_arrays(offsets, pa.array(matrix.astype(np.int32).ravel()))


def _require_once(names: Any, day: date, *, places: Integers, last_day: Integers) -> None:
    twice = last_day[places] >= day.toordinal()
    if not twice.any() and len(np.unique(places)) < len(places):
        counts = np.bincount(places)
        twice = counts[places] > 1
    if twice.any():
        home = names[int(np.argmax(twice))].as_py()
        raise InputError(f"home {home}: {day} stands twice or after a later day")
    last_day[places] = day.toordinal()


def _lines_table(names: Any, rated: RatedDay) -> Any:
    """home, day, digests of plan and prices, and a column of aBOLT for each code of a bill."""
    rows = len(names)
    prices = None if rated.prices_digest is None else rated.prices_digest.hex()
    columns = {
        "home": names,
        "day": pa.array([rated.day] * rows),
        "plan": pa.array([rated.plan_digest.hex()] * rows, pa.string()),
        "prices": pa.array([prices] * rows, pa.string()),
    }
    nothing = np.zeros(rows, dtype=np.int64)
    for code in Code:
        amount = rated.lines.get(code, Exact(nothing, nothing))
        columns[code.value] = _decimals(amount)
    return pa.table(columns)


def _decimals(amount: Exact) -> Any:
    pbolt = pa.array(amount.pbolt).cast(pa.decimal128(19, 0))
    whole = pc.multiply(pbolt, pa.scalar(Decimal(ABOLT_PER_PBOLT)))
    rest = pa.array(amount.rest_abolt).cast(pa.decimal128(19, 0))
    return pc.add(whole.cast(pa.decimal128(37, 0)), rest).cast(AMOUNT)
