"""Interval and register reads: types, continuity, and the hourly split; files in `formats`."""

from gridplus.meter.read import (
    IntervalRead,
    ReadRefusal,
    SignedRead,
    check_follows,
    energy_limit_wh,
    read_message,
)
from gridplus.meter.split import split_hour

__all__ = [
    "IntervalRead",
    "ReadRefusal",
    "SignedRead",
    "check_follows",
    "energy_limit_wh",
    "read_message",
    "split_hour",
]
