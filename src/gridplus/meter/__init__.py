"""Interval and register reads: types, continuity, versions and the hourly split; `formats`."""

from gridplus.meter.metered import Change, Direction, MeterRead, Quality, Source, changes
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
    "Change",
    "Direction",
    "IntervalRead",
    "MeterRead",
    "Quality",
    "ReadRefusal",
    "SignedRead",
    "Source",
    "changes",
    "check_follows",
    "energy_limit_wh",
    "read_message",
    "split_hour",
]
