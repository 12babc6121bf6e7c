"""Canonical reads as one Parquet file. Needs pyarrow, which comes with the retailer's extra."""

from collections.abc import Iterable

import pyarrow as pa
from pyarrow import parquet

from gridplus.meter.exports.rows import COLUMNS, MeterReads, rows

_INSTANT = pa.timestamp("s", tz="UTC")
_TYPES = {"interval_start_utc": _INSTANT, "known_at_utc": _INSTANT}
_INTEGERS = {"seconds", "import_wh", "export_wh", "version"}


def to_parquet(meters: Iterable[MeterReads]) -> bytes:
    """The columns of the CSV: instants as UTC timestamps, amounts as 64-bit integers."""
    table = list(zip(*rows(meters), strict=True)) or [() for _ in COLUMNS]
    arrays = []
    for name, values in zip(COLUMNS, table, strict=True):
        if name in _TYPES:
            texts = pa.array([value.rstrip("Z") or None for value in values], pa.string())
            arrays.append(texts.cast(pa.timestamp("s")).cast(_INSTANT))
        else:
            arrays.append(pa.array(values, pa.int64() if name in _INTEGERS else pa.string()))
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(arrays, names=list(COLUMNS)), sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written
