"""A meter that is a file: what it says is over, the newest interval last. It has no battery."""

from collections.abc import Iterable, Mapping

import numpy as np

from gridplus.failures import InputError
from gridplus.meter import IntervalRead
from gridplus.meter.formats import parse_meter_file
from gridplus.planner import Energies, Rule, State
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval


class FileMeter:
    """See `devices.HomeDevices`. Registers begin at 0 with the first read of the file."""

    def __init__(self, pieces: Iterable[bytes], *, what: str) -> None:
        """Raises InputError unless the file is of one meter, in intervals of 15 minutes."""
        parsed = parse_meter_file(pieces, what=what)
        if len(parsed.meters) != 1:
            raise InputError(f"{what} is of {len(parsed.meters)} meters; a home has one")
        self._reads: dict[int, IntervalRead] = {}
        imported = exported = 0
        for read in next(iter(parsed.meters.values())).rows(parsed.source):
            if read.length_s != SETTLEMENT_INTERVAL_S:
                raise InputError(f"{what} has intervals of {read.length_s} s; a home reads 900")
            imported, exported = imported + read.import_wh, exported + read.export_wh
            interval = Interval(read.start_s, read.length_s)
            self._reads[read.start_s] = IntervalRead(
                interval, read.import_wh, read.export_wh, imported, exported
            )

    @property
    def newest(self) -> Interval:
        return self._reads[max(self._reads)].interval

    @property
    def stored_uwh(self) -> int:
        return 0

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        starts = range(start_s, end_s, SETTLEMENT_INTERVAL_S)
        found = [self._reads.get(at_s) for at_s in starts]
        load = [0 if read is None else read.import_wh for read in found]
        solar = [0 if read is None else read.export_wh for read in found]
        return np.array(load, dtype=np.int64), np.array(solar, dtype=np.int64)

    def follow(self, rule: Rule) -> None:
        """There is nothing to steer."""

    def read(self, start_s: int) -> IntervalRead:
        return self._reads[start_s]

    def standing(self, now_s: int, end_s: int) -> State:
        """Nothing stands behind it that could be planned."""
        return State()

    def outdoor_mc(self, start_s: int) -> int:
        raise InputError("a meter file knows no weather")

    def run(self, wanted_wh: Mapping[str, int]) -> None:
        """There is nothing to steer."""
