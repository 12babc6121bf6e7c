"""A meter that is a file: what it says is over, the newest interval last. It has no battery."""

from collections.abc import Iterable, Mapping

import numpy as np

from gridplus.failures import InputError
from gridplus.meter import IntervalRead
from gridplus.meter.formats import parse_meter_file
from gridplus.planner import Energies, Rule, State
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval


class FileMeter:
    """See `devices.HomeDevices`. Registers go on from `since`, the newest read that is known; with
    none they begin at 0 with the first row. `problems` says which rows are left out, and why."""

    def __init__(
        self, pieces: Iterable[bytes], *, what: str, since: IntervalRead | None = None
    ) -> None:
        """Raises InputError unless the file is of one meter, in intervals of 15 minutes."""
        parsed = parse_meter_file(pieces, what=what)
        if len(parsed.meters) != 1:
            raise InputError(f"{what} is of {len(parsed.meters)} meters; a home has one")
        self.problems = tuple(parsed.problems.sentences)
        self._what = what
        self._since = since
        self._energy_wh: dict[int, tuple[int, int]] = {}
        self._reads: dict[int, IntervalRead] = {}
        imported = 0 if since is None else since.register_import_wh
        exported = 0 if since is None else since.register_export_wh
        for read in next(iter(parsed.meters.values())).rows(parsed.source):
            if read.length_s != SETTLEMENT_INTERVAL_S:
                raise InputError(f"{what} has intervals of {read.length_s} s; a home reads 900")
            self._energy_wh[read.start_s] = read.import_wh, read.export_wh
            if since is not None and read.start_s < since.interval.end_s:
                continue
            imported, exported = imported + read.import_wh, exported + read.export_wh
            interval = Interval(read.start_s, read.length_s)
            self._reads[read.start_s] = IntervalRead(
                interval, read.import_wh, read.export_wh, imported, exported
            )

    @property
    def newest(self) -> Interval:
        return Interval(max(self._energy_wh), SETTLEMENT_INTERVAL_S)

    def following(self) -> tuple[IntervalRead, ...]:
        """The reads that follow `since` without a gap; without it, from the first row on."""
        found = list[IntervalRead]()
        for read in self._reads.values():
            before = found[-1] if found else self._since
            if before is not None and read.interval.start_s != before.interval.end_s:
                break
            found.append(read)
        return tuple(found)

    def gap(self) -> Interval | None:
        """The first interval that the file leaves out before its newest one."""
        followed = self.following()
        last = followed[-1] if followed else self._since
        if last is None or last.interval.end_s > self.newest.start_s:
            return None
        return Interval(last.interval.end_s, SETTLEMENT_INTERVAL_S)

    @property
    def stored_uwh(self) -> int:
        return 0

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        starts = range(start_s, end_s, SETTLEMENT_INTERVAL_S)
        found = [self._energy_wh.get(at_s, (0, 0)) for at_s in starts]
        load, solar = [taken for taken, _ in found], [fed for _, fed in found]
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
