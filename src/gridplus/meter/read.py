"""Interval reads: what the meter says, what the device key signs, and what may follow what.

A meter has two registers that never fall, one for energy taken from the grid and one for energy
fed into it. A read is the difference of the registers over one settlement interval.
"""

import struct
from dataclasses import dataclass
from enum import Enum

from gridplus.failures import InputError
from gridplus.units import HOUR_S, SETTLEMENT_INTERVAL_S, U48_MAX, Interval
from gridplus.wallet.names import ChannelId

SERVICE_LIMIT_W = 96_000
"""400 A at 240 V: the largest service a home gets. No interval can carry more than this power."""
REGISTER_MAX_WH = U48_MAX
_READ_KIND = b"gridplus.read/1"


@dataclass(frozen=True, slots=True)
class IntervalRead:
    """Energy of one interval (Wh), and the two registers (Wh) at its end.

    Raises InputError for an amount below zero or above `REGISTER_MAX_WH`.
    """

    interval: Interval
    import_wh: int
    export_wh: int
    register_import_wh: int
    register_export_wh: int

    def __post_init__(self) -> None:
        for name in ("import_wh", "export_wh", "register_import_wh", "register_export_wh"):
            amount = getattr(self, name)
            if not 0 <= amount <= REGISTER_MAX_WH:
                raise InputError(f"{name} of the read of {self.interval} cannot be {amount}")


@dataclass(frozen=True, slots=True)
class SignedRead:
    """A read with the signature (64 bytes) of the channel's device key over `message`."""

    channel: ChannelId
    read: IntervalRead
    signature: bytes

    @property
    def message(self) -> bytes:
        return read_message(self.channel, self.read)


class ReadRefusal(Enum):
    """Why a read is not accepted, in the order of the checks; the value is for people."""

    NOT_ON_GRID = "the interval is not a settlement interval of 15 minutes"
    INTERVAL_REPEATED = "this interval, or a later one, has been read before"
    INTERVAL_GAP = "the interval does not begin where the last read ended"
    IMPOSSIBLE_ENERGY = "more energy than the largest home service can carry in the interval"
    REGISTER_FELL = "a register stands lower than after the last read"
    REGISTER_MISMATCH = "the registers moved by another amount than the read says"


def read_message(channel: ChannelId, read: IntervalRead) -> bytes:
    """The 91 bytes a device key signs: kind, channel, start u64, length u32, then import, export
    and their registers as u64, big endian."""
    return _READ_KIND + struct.pack(
        ">32sQIQQQQ",
        channel,
        read.interval.start_s,
        read.interval.length_s,
        read.import_wh,
        read.export_wh,
        read.register_import_wh,
        read.register_export_wh,
    )


def energy_limit_wh(interval: Interval) -> int:
    """The most energy, each way, that a home's service can carry in `interval`: 24,000 Wh in 15
    minutes."""
    return SERVICE_LIMIT_W * interval.length_s // HOUR_S


def check_follows(previous: IntervalRead | None, read: IntervalRead) -> ReadRefusal | None:
    """Whether `read` continues `previous` without gap, repetition or jump.

    `previous` is None for a meter's first read: its registers may then stand at any height that
    holds the interval's own energy. Returns the first refusal that applies, or None.
    """
    if read.interval.length_s != SETTLEMENT_INTERVAL_S:
        return ReadRefusal.NOT_ON_GRID
    if previous is not None and read.interval.start_s < previous.interval.end_s:
        return ReadRefusal.INTERVAL_REPEATED
    if previous is not None and read.interval.start_s > previous.interval.end_s:
        return ReadRefusal.INTERVAL_GAP
    if max(read.import_wh, read.export_wh) > energy_limit_wh(read.interval):
        return ReadRefusal.IMPOSSIBLE_ENERGY
    return _check_registers(previous, read)


def _check_registers(previous: IntervalRead | None, read: IntervalRead) -> ReadRefusal | None:
    before_import_wh = read.register_import_wh - read.import_wh
    before_export_wh = read.register_export_wh - read.export_wh
    if previous is None:
        fits = before_import_wh >= 0 and before_export_wh >= 0
        return None if fits else ReadRefusal.REGISTER_MISMATCH
    if (
        read.register_import_wh < previous.register_import_wh
        or read.register_export_wh < previous.register_export_wh
    ):
        return ReadRefusal.REGISTER_FELL
    if (before_import_wh, before_export_wh) != (
        previous.register_import_wh,
        previous.register_export_wh,
    ):
        return ReadRefusal.REGISTER_MISMATCH
    return None
