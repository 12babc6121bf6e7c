"""The linear program of a home, solved by HiGHS: what every store takes and gives, together.

One program has, for each interval, what the home imports, exports and holds back of its sun, and
for each store what it takes, gives and holds. Wishes are soft: what is missing has a weight that
outranks money, and a more important wish outranks a less important one. So it is never infeasible.
A choice that is no convex one (take or give, feed in or not, charge strongly or not at all) is
left open at first; where the optimum cheats, the larger side is kept, and it is solved again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from gridplus.failures import InputError
from gridplus.planner.ahead import Ahead
from gridplus.planner.battery import UWH_PER_WH
from gridplus.planner.course import import_limit_wh, site_limits_wh
from gridplus.planner.devices import CLIMATE, WATER, Wish
from gridplus.planner.home import Home
from gridplus.planner.store import Store, Want
from gridplus.units import HOUR_S, PPM

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int32]
WH_PER_KWH = 1_000
ABOLT_PER_WH = 1e15
"""1 BOLT/kWh; the program counts in kWh, °C and BOLT."""
RANK_RATIO = 4.0
"""One rank of importance outweighs so much of the rank below."""
LEAST_WEIGHT = 0.25
"""BOLT/kWh: what is missing of the least wish weighs at least this, however cheap energy is."""
TOLERANCE_KWH = 5e-4
MOST_ROUNDS = 40


class Flows(NamedTuple):
    """The optimum: arrays of `count` for the site, one of its own length for each store; kWh, and
    °C for a house. `worth` is what one more kWh in an interval is worth, BOLT/kWh."""

    levels: tuple[Floats, ...]
    takes: tuple[Floats, ...]
    imports: Floats
    curtailed: Floats
    worth: Floats
    peaks_w: tuple[float, ...]


@dataclass
class _Sheet:
    """A linear program that is being written: columns and rows in blocks."""

    costs: list[Floats] = field(default_factory=list)
    lows: list[Floats] = field(default_factory=list)
    highs: list[Floats] = field(default_factory=list)
    sides: list[Floats] = field(default_factory=list)
    entries: list[tuple[Places, Places, Floats]] = field(default_factory=list)
    columns: int = 0
    rows: int = 0

    def column(
        self, count: int, cost: "Floats | float" = 0.0, *, low: "Floats | float" = 0.0, high: Any
    ) -> Places:
        """`count` columns; their places."""
        for block, values in ((self.costs, cost), (self.lows, low), (self.highs, high)):
            block.append(np.broadcast_to(np.asarray(values, np.float64), (count,)))
        places = np.arange(self.columns, self.columns + count, dtype=np.int32)
        self.columns += count
        return places

    def row(self, right: Floats, *, at_most: "Floats | None" = None) -> Places:
        """Rows that equal `right`, or that lie between it and `at_most`; their places."""
        self.sides.append(np.stack([right, right if at_most is None else at_most]))
        places = np.arange(self.rows, self.rows + right.shape[0], dtype=np.int32)
        self.rows += right.shape[0]
        return places

    def enter(self, rows: Places, columns: Places, *, value: "Floats | float") -> None:
        values = np.broadcast_to(np.asarray(value, np.float64), rows.shape)
        self.entries.append((rows, columns, values))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a store's columns stand."""

    take: Places
    give: Places
    level: Places


class Program:
    """A home's program. `fixed_wh` is what runs beside the stores: appliances in their slots."""

    def __init__(
        self, home: Home, ahead: Ahead, *, stores: Sequence[Store], fixed_wh: Sequence[int]
    ) -> None:
        self._home, self._ahead, self._stores = home, ahead, stores
        self._sheet = _Sheet()
        self._weights = weights_of(home, ahead)
        self.relaxed_bolt = 0.0
        self._prices = np.array(ahead.prices, np.float64) / ABOLT_PER_WH
        self._site(np.array(fixed_wh, np.float64))
        self._places = [self._store(store) for store in stores]
        self._peaks = [self._peak(at) for at in range(len(ahead.peaks))]
        new_solver: Callable[[], Any] = _highs().Highs
        self._solver = new_solver()
        for option, value in (("output_flag", False), ("presolve", "off"), ("threads", 1)):
            self._solver.setOptionValue(option, value)
        self._solver.passModel(self._model())

    def relax(self, *, effort: int) -> Flows | None:
        """The optimum while choices may cheat; None when `effort` simplex iterations were not
        enough. Its cost, weights of what is missing in it, is then in `relaxed_bolt`."""
        self._solver.setOptionValue("simplex_iteration_limit", effort)
        values = self._run()
        if values is None:
            return None
        self.relaxed_bolt = float(self._solver.getInfo().objective_function_value)
        return self._flows(values)

    def solve(self, *, effort: int) -> Flows | None:
        """The optimum in which no choice cheats any more; None as for `relax`."""
        self._solver.setOptionValue("simplex_iteration_limit", effort)
        for _ in range(MOST_ROUNDS):
            values = self._run()
            if values is None:
                return None
            if not self._forbid(values):
                break
        return None if values is None else self._flows(values)

    def _run(self) -> Floats | None:
        self._solver.run()
        if self._solver.getModelStatus() != _highs().HighsModelStatus.kOptimal:
            return None
        return np.array(self._solver.getSolution().col_value)

    def set_fixed(self, fixed_wh: Sequence[int]) -> None:
        """Change what runs beside the stores; the basis is kept."""
        right = (np.array(self._ahead.net_wh) + np.array(fixed_wh)) / WH_PER_KWH
        self._solver.changeRowsBounds(len(right), self._balance, right, right)

    def _site(self, fixed_wh: Floats) -> None:
        """import - export - taken + given - held back = load - solar."""
        sheet, count, ahead = self._sheet, self._ahead.count, self._ahead
        net_kwh = (np.array(ahead.net_wh) + fixed_wh) / WH_PER_KWH
        widest = sum(max(store.take_wh) + store.give_wh for store in self._stores) / WH_PER_KWH
        widest += sum(appliance.energy_wh for appliance in self._home.appliances) / WH_PER_KWH
        most = np.abs(net_kwh) + np.array(ahead.solar_wh) / WH_PER_KWH + widest
        self._import = sheet.column(count, self._prices[:, 0], high=most)
        self._export = sheet.column(count, -self._prices[:, 1], high=most)
        sun_kwh = np.array(ahead.solar_wh) / WH_PER_KWH
        self._held = sheet.column(count, high=sun_kwh * self._home.site.curtail)
        self._balance = sheet.row(net_kwh)
        for columns, sign in ((self._import, 1.0), (self._export, -1.0), (self._held, -1.0)):
            sheet.enter(self._balance, columns, value=sign)
        site = self._home.site
        self._limit(self._import, [import_limit_wh(site, ahead, at=i) for i in range(count)])
        self._limit(self._export, [site_limits_wh(site, ahead.length_s)[1]] * count)

    def _limit(self, columns: Places, limits_wh: Sequence[int | None]) -> None:
        """At most so much where there is a limit, less the Wh that every store may be rounded up
        by."""
        found = [(at, wh) for at, wh in enumerate(limits_wh) if wh is not None]
        if not found:
            return
        sheet, count = self._sheet, len(found)
        columns = columns[[at for at, _ in found]]
        room_kwh = [max(0, wh - len(self._stores)) / WH_PER_KWH for _, wh in found]
        over = sheet.column(count, self._weights[None], high=np.inf)
        rows = sheet.row(np.full(count, -np.inf), at_most=np.array(room_kwh))
        sheet.enter(rows, columns, value=1.0)
        sheet.enter(rows, over, value=-1.0)

    def _store(self, store: Store) -> _Columns:
        """level - keep x level before - gain x taken + drain x given = drift."""
        sheet, count, unit = self._sheet, store.count, unit_of(store)
        gain = np.array(store.gain) * WH_PER_KWH / unit
        take = sheet.column(count, high=np.array(store.take_wh) / WH_PER_KWH)
        wear = store.wear_abolt_per_wh / ABOLT_PER_WH
        give = sheet.column(count, wear, high=store.give_wh / WH_PER_KWH)
        floor = max(store.low, min(store.start, store.reserve)) if store.give_wh else store.low
        level = sheet.column(count, low=floor / unit, high=store.high / unit)
        drift = np.array(store.drift) / unit
        right = drift.copy()
        right[0] += store.start * store.keep_ppm / PPM / unit
        rows = sheet.row(right)
        sheet.enter(rows, level, value=1.0)
        sheet.enter(rows[1:], level[:-1], value=-store.keep_ppm / PPM)
        sheet.enter(rows, take, value=-gain)
        drain = UWH_PER_WH * PPM / store.give_ppm * WH_PER_KWH / unit
        sheet.enter(rows, give, value=drain)
        if store.device == WATER:  # what is not in the tank is not drawn
            weight = weight_of(self._weights, store, want=store.wants[0]) * unit
            missing = sheet.column(count, weight, high=-drift)
            sheet.enter(rows, missing, value=-1.0)
        balance = self._balance[store.first : store.end]
        sheet.enter(balance, take, value=-1.0)
        sheet.enter(balance, give, value=1.0)
        for want in store.wants:
            self._want(store, want, level=level[want.at - store.first])
        return _Columns(take, give, level)

    def _want(self, store: Store, want: Want, *, level: np.int32) -> None:
        """level + below >= low, level - above <= high; what is missing weighs in kWh taken."""
        sheet, unit = self._sheet, unit_of(store)
        weight = weight_of(self._weights, store, want=want) * unit
        for end, sign in ((want.low, 1.0), (want.high, -1.0)):
            if end is None:
                continue
            slack = sheet.column(1, weight, high=np.inf)
            edge = np.array([sign * end / unit])
            row = sheet.row(edge, at_most=np.array([np.inf]))
            sheet.enter(row, np.array([level], np.int32), value=sign)
            sheet.enter(row, slack, value=1.0)

    def _peak(self, at: int) -> Places:
        """The billed power, kW: at least what is free, at least each window's average."""
        sheet, peak = self._sheet, self._ahead.peaks[at]
        price = peak.price_abolt_per_w * WH_PER_KWH / (ABOLT_PER_WH * WH_PER_KWH)
        power = sheet.column(1, price, low=peak.free_w / WH_PER_KWH, high=np.inf)
        per_hour = HOUR_S / peak.window_s
        for place, window in enumerate(peak.windows):
            before_kwh = peak.before_wh / WH_PER_KWH if place == 0 else 0.0
            row = sheet.row(np.array([before_kwh * per_hour]), at_most=np.array([np.inf]))
            sheet.enter(row, power, value=1.0)
            columns = self._import[list(window)]
            sheet.enter(np.repeat(row, len(columns)), columns, value=-per_hour)
        return power

    def _model(self) -> Any:
        sheet = self._sheet
        rows, columns, values = (
            np.concatenate([entry[part] for entry in sheet.entries]) for part in range(3)
        )
        order = np.argsort(columns, kind="stable")
        sides = np.concatenate(sheet.sides, axis=1)
        model = _highs().HighsLp()
        model.num_col_, model.num_row_ = sheet.columns, sheet.rows
        model.col_cost_ = np.concatenate(sheet.costs)
        self._low, self._high = np.concatenate(sheet.lows), np.concatenate(sheet.highs)
        model.col_lower_, model.col_upper_ = self._low, self._high
        model.row_lower_, model.row_upper_ = sides[0], sides[1]
        matrix = model.a_matrix_
        matrix.format_ = _highs().MatrixFormat.kColwise
        matrix.start_ = np.searchsorted(columns[order], np.arange(sheet.columns + 1))
        matrix.index_, matrix.value_ = rows[order], values[order]
        return model

    def _forbid(self, values: Floats) -> bool:
        """Close the smaller side of every choice in which the optimum cheats; whether it did."""
        closed = False
        choices = [(self._import, self._export)]
        choices += [(places.take, places.give) for places in self._places]
        for one, other in choices:
            both = (values[one] > TOLERANCE_KWH) & (values[other] > TOLERANCE_KWH)
            smaller = np.where(values[one] < values[other], one, other)[both]
            closed |= self._bound(smaller, np.zeros(len(smaller)), high=np.zeros(len(smaller)))
        for store, places in zip(self._stores, self._places, strict=True):
            closed |= self._decide_weak(store, places.take, taken=values[places.take])
        return closed

    def _decide_weak(self, store: Store, take: Places, *, taken: Floats) -> bool:
        """A charge too weak to exist is made as weak as it may be, or none; the last is made."""
        least = store.least_wh / WH_PER_KWH
        weak = take[(taken > TOLERANCE_KWH) & (taken < least - TOLERANCE_KWH)]
        if not len(weak):
            return False
        strong = (taken[weak - take[0]] * 2 >= least) | (len(weak) == 1)
        return self._bound(weak, np.where(strong, least, 0.0), high=strong * self._high[weak])

    def _bound(self, columns: Places, low: Floats, *, high: Floats) -> bool:
        if len(columns):
            self._solver.changeColsBounds(len(columns), columns, low, high)
        return bool(len(columns))

    def _flows(self, values: Floats) -> Flows:
        duals = np.array(self._solver.getSolution().row_dual)
        return Flows(
            levels=tuple(values[places.level] for places in self._places),
            takes=tuple(values[places.take] for places in self._places),
            imports=values[self._import],
            curtailed=values[self._held],
            worth=duals[self._balance],
            peaks_w=tuple(float(values[place[0]]) * WH_PER_KWH for place in self._peaks),
        )


def weight_of(weights: Mapping[Wish | None, float], store: Store, *, want: Want) -> float:
    """BOLT for each millionth that is missing of `want`: as for the kWh that would mend it."""
    strongest = max((abs(gain) for gain in store.gain), default=0) or UWH_PER_WH
    return weights[want.wish] / (strongest * WH_PER_KWH)


def unit_of(store: Store) -> float:
    """What one unit of the program is in millionths: a kWh, or a °C."""
    return 1e6 if store.device == CLIMATE else 1e9


def weights_of(home: Home, ahead: Ahead) -> dict[Wish | None, float]:
    """BOLT for each kWh that is missing of a wish; None stands for the limits of the site."""
    dearest = max(max(map(abs, pair)) for pair in ahead.prices) / ABOLT_PER_WH
    peaks = sum(
        peak.price_abolt_per_w * HOUR_S / peak.window_s / ABOLT_PER_WH for peak in ahead.peaks
    )
    weight = LEAST_WEIGHT + 4 * dearest + peaks
    weights: dict[Wish | None, float] = {}
    for wish in (*reversed(home.order), None):
        weights[wish] = weight
        weight *= RANK_RATIO
    return weights


def _highs() -> Any:
    """HiGHS, loaded by the homes that need it. Raises InputError where it is not installed."""
    try:
        import highspy
    except ImportError:
        raise InputError(
            "a home with more than a battery is planned with HiGHS; install gridplus[agent]"
        ) from None
    return highspy
