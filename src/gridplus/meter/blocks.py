"""Reads in longer blocks: half hours, hours, local days. Sums never change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from itertools import groupby
from zoneinfo import ZoneInfo

from gridplus.meter.file import Problems
from gridplus.meter.metered import MeterRead, Quality, format_stretch
from gridplus.units import DAY_S, HOUR_S, SETTLEMENT_INTERVAL_S


class Block(Enum):
    """A length to sum to; a local day has 23, 24 or 25 hours."""

    QUARTER = SETTLEMENT_INTERVAL_S
    HALF = HOUR_S // 2
    HOUR = HOUR_S
    DAY = DAY_S


def in_blocks(
    reads: Sequence[MeterRead], block: Block, *, zone: ZoneInfo, problems: Problems
) -> tuple[MeterRead, ...]:
    """`reads` (in order, without overlap) summed to blocks of one length.

    A block has the quality of its least sure read, its newest version and instant, and the source
    of its first read. A block that the reads do not cover whole is left out and named, and so is
    one that a read crosses.
    """
    found = []
    for begin_s, group in groupby(
        reads, key=lambda read: opening_s(read.start_s, block, zone=zone)
    ):
        mine = tuple(group)
        length_s = _closing_s(begin_s, block, zone=zone) - begin_s
        if sum(r.length_s for r in mine) == length_s and mine[-1].end_s == begin_s + length_s:
            found.append(_summed(mine, begin_s, length_s=length_s))
        else:
            problems.add(0, f"{format_stretch(begin_s, length_s)} is not covered whole; left out")
    return tuple(found)


def opening_s(at_s: int, block: Block, *, zone: ZoneInfo) -> int:
    """The second at which the block that holds `at_s` begins."""
    if block is not Block.DAY:
        return at_s - at_s % int(block.value)
    local = datetime.fromtimestamp(at_s, zone)
    return int(local.replace(hour=0, minute=0, second=0, fold=0).timestamp())


def _closing_s(begin_s: int, block: Block, *, zone: ZoneInfo) -> int:
    if block is not Block.DAY:
        return begin_s + int(block.value)
    return int((datetime.fromtimestamp(begin_s, zone) + timedelta(1)).timestamp())


def _summed(reads: Sequence[MeterRead], start_s: int, *, length_s: int) -> MeterRead:
    rules = {read.rule for read in reads if read.rule}
    return MeterRead(
        start_s,
        length_s,
        sum(read.import_wh for read in reads),
        sum(read.export_wh for read in reads),
        _least_sure(reads),
        reads[0].source,
        max(read.version for read in reads),
        max(read.known_at_s for read in reads),
        ", ".join(sorted(rules)),
    )


def _least_sure(reads: Sequence[MeterRead]) -> Quality:
    qualities = {read.quality for read in reads}
    for quality in (Quality.ESTIMATED, Quality.EDITED):
        if quality in qualities:
            return quality
    return Quality.ACTUAL
