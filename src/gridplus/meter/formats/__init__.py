"""Meter files: bytes -> energy per interval and the faults of the rows."""

from gridplus.meter.formats.plain_csv import IntervalEnergy, MeterFile, parse_meter_csv

__all__ = ["IntervalEnergy", "MeterFile", "parse_meter_csv"]
