"""Canonical reads as files: CSV, JSON lines, Parquet, Green Button."""

from gridplus.meter.exports.green_button import to_espi
from gridplus.meter.exports.rows import COLUMNS, MeterReads, to_csv, to_json_lines

__all__ = ["COLUMNS", "MeterReads", "to_csv", "to_espi", "to_json_lines"]
