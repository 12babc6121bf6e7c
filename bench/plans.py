"""Plans per second, beside the HiGHS linear program on the same problems in the same run.

Problems are whole days of 96 intervals: real homes, real prices, actual load. The linear program
has five variables an interval (charge, discharge, import, export, stored) and a price for energy
missing at the end; *cold* passes the whole model, *warm* changes costs and right-hand sides of one
that is kept, and starts from its last basis. `python bench/plans.py` prints a table.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from statistics import median
from typing import Any, TypeAlias

import highspy
import numpy as np
import numpy.typing as npt

from gridplus.demo.street_data import day_ahead_prices, home_numbers, home_series
from gridplus.market import operating_day_intervals
from gridplus.planner import UWH_PER_WH, Battery, Home, Outlook, parse_home, plan_battery
from gridplus.tariff import energy_prices, parse_plan
from gridplus.units import PPM

Floats: TypeAlias = npt.NDArray[np.float64]
DAYS = tuple(date(2021, 1, 10) + timedelta(30 * i) for i in range(12))
ABOLT_PER_BOLT = 1e18
WH_PER_KWH = 1_000
ABOLT_PER_WH = 1e15
"""1 BOLT/kWh."""
MISSING_BOLT_PER_KWH = 1_000.0


@dataclass(frozen=True, slots=True)
class Optimum:
    """What the linear program found: cost without the price of what is missing, the missing, and
    the plan: Wh charged less Wh discharged in each interval, rounded.
    """

    cost_bolt: float
    end_short_kwh: float
    moved_wh: tuple[int, ...]


class LinearProgram:
    """One battery over `count` intervals, in kWh and BOLT; columns by kind, then by interval."""

    def __init__(self, battery: Battery, *, count: int, length_s: int) -> None:
        self._battery, self._count = battery, count
        self._limit_kwh = battery.limit_wh(length_s) / WH_PER_KWH
        new_solver: Callable[[], Any] = highspy.Highs
        self._highs = new_solver()
        self._highs.setOptionValue("output_flag", False)
        self._rows = self._matrix_rows()

    def solve(self, outlook: Outlook, *, stored_uwh: int, end_wh: int, warm: bool) -> Optimum:
        """The optimum; `warm` keeps the model and the basis of the solve before."""
        cost, (lower, upper) = self._cost(outlook), self._sides(outlook, stored_uwh, end_wh)
        if warm:
            columns, rows = (
                np.arange(len(cost), dtype=np.int32),
                np.arange(len(lower), dtype=np.int32),
            )
            self._highs.changeColsCost(len(cost), columns, cost)
            self._highs.changeRowsBounds(len(lower), rows, lower, upper)
        else:
            self._highs.clearSolver()
            self._highs.passModel(self._model(cost, lower, upper))
        self._highs.run()
        assert self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        values = self._highs.getSolution().col_value
        kwh = np.array(values[: 2 * self._count]).reshape(2, -1)
        moved_wh = tuple(np.rint((kwh[0] - kwh[1]) * WH_PER_KWH).astype(int).tolist())
        objective = self._highs.getInfo().objective_function_value
        return Optimum(objective - MISSING_BOLT_PER_KWH * values[-1], values[-1], moved_wh)

    def _cost(self, outlook: Outlook) -> Floats:
        n, prices = self._count, np.array(outlook.prices, dtype=np.float64)
        wear = self._battery.wear_abolt_per_wh
        columns = (np.zeros(n), np.full(n, wear), prices[:, 0], -prices[:, 1], np.zeros(n))
        return np.append(np.concatenate(columns) / ABOLT_PER_WH, MISSING_BOLT_PER_KWH)

    def _sides(self, outlook: Outlook, stored_uwh: int, end_wh: int) -> tuple[Floats, Floats]:
        net_kwh = np.array(outlook.net_load_wh) / WH_PER_KWH
        before_kwh = np.zeros(self._count)
        before_kwh[0] = stored_uwh / UWH_PER_WH / WH_PER_KWH
        equal = np.concatenate([net_kwh, before_kwh])
        return np.append(equal, end_wh / WH_PER_KWH), np.append(equal, highspy.kHighsInf)

    def _matrix_rows(self) -> tuple[list[int], list[int], list[float]]:
        """Starts, columns and values of: import - export - charge + discharge = net load; stored -
        stored before - charge x efficiency + discharge / efficiency = 0; stored + short >= end.
        """
        n, battery = self._count, self._battery
        starts: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for t in range(n):
            starts.append(len(columns))
            columns += [t, n + t, 2 * n + t, 3 * n + t]
            values += [-1.0, 1.0, 1.0, -1.0]
        for t in range(n):
            starts.append(len(columns))
            columns += [t, n + t, 4 * n + t]
            values += [-battery.charge_ppm / PPM, PPM / battery.discharge_ppm, 1.0]
            if t:
                columns.append(4 * n + t - 1)
                values.append(-1.0)
        starts.append(len(columns))
        return [*starts, len(columns) + 2], [*columns, 5 * n - 1, 5 * n], [*values, 1.0, 1.0]

    def _model(self, cost: Floats, lower: Floats, upper: Floats) -> highspy.HighsLp:
        n, battery = self._count, self._battery
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(cost), len(lower)
        model.col_cost_, model.row_lower_, model.row_upper_ = cost, lower, upper
        low_kwh, high_kwh = battery.reserve_wh / WH_PER_KWH, battery.capacity_wh / WH_PER_KWH
        limit, free = np.full(2 * n, self._limit_kwh), np.full(2 * n, highspy.kHighsInf)
        model.col_lower_ = np.concatenate([np.zeros(4 * n), np.full(n, low_kwh), [0.0]])
        model.col_upper_ = np.concatenate([limit, free, np.full(n, high_kwh), [highspy.kHighsInf]])
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_, matrix.index_, matrix.value_ = self._rows
        return model


def problems() -> tuple[Home, list[Outlook]]:
    """Every home of the street on `DAYS`, at the bundled plan's prices, with its actual load."""
    data = files("gridplus.demo") / "data"
    plan = parse_plan((data / "plan-houston-day-ahead.toml").read_bytes(), what="plan")
    home = parse_home((data / "home.toml").read_bytes(), what="home.toml")
    outlooks = []
    for day in DAYS:
        intervals = operating_day_intervals(day)
        prices = energy_prices(plan, day_ahead_prices(day), intervals=intervals)
        for number in home_numbers():
            load_wh, solar_wh = home_series(number).window(
                intervals[0].start_s, intervals[-1].end_s
            )
            outlooks.append(Outlook(prices, (load_wh - solar_wh).tolist()))
    return home, outlooks


def main() -> None:
    home, outlooks = problems()
    battery, end_wh = home.require_battery(), home.end_of_day_wh
    program = LinearProgram(battery, count=len(outlooks[0].prices), length_s=outlooks[0].length_s)
    start = {"stored_uwh": end_wh * UWH_PER_WH, "end_wh": end_wh}

    def exact(outlook: Outlook) -> float:
        return plan_battery(battery, outlook, **start).cost_abolt / ABOLT_PER_BOLT

    def solver(warm: bool) -> Callable[[Outlook], float]:
        return lambda outlook: program.solve(outlook, **start, warm=warm).cost_bolt

    rows = {
        "ours, exact integers": exact,
        "HiGHS, cold": solver(False),
        "HiGHS, warm": solver(True),
    }
    measured = {name: [timed(plan, outlook) for outlook in outlooks] for name, plan in rows.items()}
    ours = median(ms for ms, _ in measured["ours, exact integers"])
    best = [cost for _, cost in measured["HiGHS, cold"]]
    print(f"{len(outlooks)} home-days of {len(outlooks[0].prices)} intervals, CPU time, one core\n")
    print(f"{'planner':22} {'median ms':>9} {'plans/s':>8} {'x ours':>7}  cost above HiGHS, cold")
    for name, results in measured.items():
        ms = median(ms for ms, _ in results)
        above = [cost - least for (_, cost), least in zip(results, best, strict=True)]
        print(
            f"{name:22} {ms:9.3f} {1_000 * len(results) / sum(ms for ms, _ in results):8,.0f} "
            f"{ms / ours:7.1f}  at most {max(above) * 1e6:,.1f} µBOLT a home-day"
        )


def timed(plan: Callable[[Outlook], float], outlook: Outlook) -> tuple[float, float]:
    """(CPU milliseconds, cost in BOLT)."""
    begin_s = time.process_time()
    cost = plan(outlook)
    return (time.process_time() - begin_s) * 1_000, cost


if __name__ == "__main__":
    main()
