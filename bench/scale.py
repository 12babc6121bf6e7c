"""A month of quarter hours for a thousand to a hundred thousand homes, rated in columns.

`python bench/scale.py [--rounds 5] [--seconds 0.3] [--quick]` prints two tables and a line.
The first sets intervals a CPU second, with a line of each code for every home and day, beside a
Decimal loop that makes the same lines, the exact rater, and a copy of the same memory. The second
rates whole months, day after day, in one process and divided over two, and shows how time and the
peak of memory (both processes together) grow. The line is of the same month from Parquet files to
Parquet files. pandas is measured where it is installed; it is no dependency.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gridplus.demo.street_data import day_ahead_prices
from gridplus.market import operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.retailer.month import differences, jobs_of, run_jobs, write_reads
from gridplus.tariff import Tally, parse_plan, rate, rates_at
from gridplus.tariff.batch import Flows, Standing, interval_lines, rate_day
from gridplus.units import ABOLT_PER_PBOLT
from measure import QUICK, Beside, Effort, Row, per_cpu_second, show
from rating import DAYS, DecimalRater, month_of
from town import bundled_plan

CHUNK = 4_096
"""Homes whose month is in memory together: a day of their reads at a time."""
PER_DAY = 96
GROWTH, GROWTH_QUICK = (1_000, 10_000, 100_000), (10, 20)
MEGABYTE = 1 << 20
TIERED = """format = "gridplus.plan/2"
id = "tiered"
version = 1
name = "Tiers with a usage credit"
time_zone = "America/Chicago"
jurisdiction = "simulation"
customer_class = "residential"
settlement_point = "LZ_HOUSTON"
effective_from = 2020-01-01
as_of = 2026-01-31
[[components]]
kind = "tiers"
tiers = [{ up_to = "500 kWh", price = "10.00 ¢/kWh" }, { price = "12.00 ¢/kWh" }]
[[components]]
kind = "usage_credit"
above = "1000 kWh"
credit = "125.00 $"
[[components]]
kind = "minimum_use_fee"
below = "800 kWh"
fee = "9.95 $"
[[components]]
kind = "taxes"
rows = [{ from = 2012-01-01, puc_assessment = "0.1667 %", gross_receipts = "2 %", source = "-" }]
"""


def flows_of(day: date, *, homes: int, shift: int) -> Flows:
    """Reads made from a pattern, each home and day a little different; solar at noon."""
    rows = np.arange(shift, shift + homes, dtype=np.int32)[:, None]
    hours = np.arange(PER_DAY, dtype=np.int32)[None, :]
    load = (rows * 37 + hours * 101 + day.day * 13) % 700
    solar = np.where((hours > 32) & (hours < 72), (rows * 11 + day.day * 7) % 500, 0)
    net = (load - solar).astype(np.int32)
    return Flows(day, np.maximum(net, 0), np.maximum(-net, 0))


def month_of_homes(first: int, homes: int) -> int:
    """What `homes` owe after the month (aBOLT); a chunk of them at a time, a day at a time."""
    plan, total = bundled_plan(), 0
    prices = {day: day_ahead_prices(day) for day in DAYS}
    for shift in range(first, first + homes, CHUNK):
        count = min(CHUNK, first + homes - shift)
        standing = Standing.opening(count)
        for day in DAYS:
            flows = flows_of(day, homes=count, shift=shift)
            standing = rate_day(plan, prices[day], flows=flows, before=standing).after
        total += sum(standing.charges.pbolt.tolist()) * ABOLT_PER_PBOLT
        total += sum(standing.charges.rest_abolt.tolist())
    return total


@dataclass(frozen=True)
class Spent:
    """What rating so many homes took, reading this file and making the reads included."""

    homes: int
    processes: int
    wall_s: float
    cpu_s: float
    peak_bytes: int
    charges_abolt: int

    @property
    def row(self) -> str:
        intervals = self.homes * len(DAYS) * PER_DAY
        figures = f"{self.wall_s:9.1f} s {self.cpu_s:9.1f} s {self.peak_bytes // MEGABYTE:9,} MB"
        speed = f"{intervals / self.wall_s / 1e6:9.1f} M/s"
        return f"  {self.homes:>9,} {intervals:>13,} {self.processes:>9} {figures} {speed}"


def spent(homes: int, *, processes: int) -> Spent:
    """In processes of their own, so that each peak is its own; the homes are divided over them."""
    parts = [homes * part // processes for part in range(processes + 1)]
    begin_s = time.perf_counter()
    running = [
        subprocess.Popen(
            [sys.executable, __file__, "--part", str(first), str(last - first)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for first, last in pairwise(parts)
    ]
    printed = [json.loads(one.communicate()[0]) for one in running]
    wall_s = time.perf_counter() - begin_s
    cpu_s, peak, charges = (sum(one[name] for one in printed) for name in ("cpu_s", "peak", "owed"))
    return Spent(homes, processes, wall_s, cpu_s, peak, charges)


def print_part(first: int, homes: int) -> None:
    owed = month_of_homes(first, homes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
    print(json.dumps({"cpu_s": time.process_time(), "peak": peak, "owed": owed}))


def print_files(homes: int, *, buckets: int) -> None:
    """From Parquet to Parquet in this process, then one file again by DuckDB."""
    plan, prices = bundled_plan(), {day: day_ahead_prices(day) for day in DAYS}
    each = homes // buckets
    with TemporaryDirectory() as folder:
        reads, out = Path(folder, "reads"), Path(folder, "out")
        for bucket in range(buckets):
            names = [f"home-{bucket}-{number}" for number in range(each)]
            days = ((names, flows_of(day, homes=each, shift=bucket * each)) for day in DAYS)
            write_reads(reads / "month=2021-08" / f"bucket-{bucket:02d}.parquet", list(days))
        jobs = jobs_of(plan, prices, reads=reads, out=out)
        begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
        found = run_jobs(jobs)
        wall_s, cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
        assert all(one.refused is None for one in found)
        begin_s = time.perf_counter()
        assert differences(jobs[0]) == []
        audit_s = time.perf_counter() - begin_s
    count = sum(one.intervals for one in found)
    print(
        f"\nFrom Parquet to Parquet, one process: {homes:,} homes, {count:,} intervals in "
        f"{wall_s:.1f} s ({cpu_s:.1f} s CPU),\npeak {peak // MEGABYTE:,} MB with the making of the "
        f"reads; DuckDB audits one file of {buckets} in {audit_s:.1f} s, no difference"
    )


def pandas_rater(flows: Flows) -> Callable[[int], object] | None:
    """What one writes with pandas: a row an interval, prices by place, sums by home; no taxes."""
    try:
        pandas = import_module("pandas")
    except ImportError:
        return None
    homes, count = flows.import_wh.shape
    interval = operating_day_intervals(flows.day)
    each = [rates_at(bundled_plan(), day_ahead_prices(flows.day), interval=one) for one in interval]
    rates = pandas.DataFrame(
        [{code.value: price for code, price in one.import_prices} for one in each]
    )
    codes = list(rates.columns)
    rates["place"] = range(count)
    reads = pandas.DataFrame(
        {
            "home": np.repeat(np.arange(homes), count),
            "place": np.tile(np.arange(count), homes),
            "import_wh": flows.import_wh.ravel().astype(np.int64),
        }
    )

    def rated(_number: int) -> object:
        joined = reads.merge(rates, on="place")
        for code in codes:
            joined[code] = joined[code] * joined["import_wh"]
        return joined.groupby("home")[codes].sum()

    return rated


def speeds(effort: Effort, *, homes: int) -> list[Row]:
    """Intervals a CPU second, all on the same day or month."""
    month, day = month_of(0), DAYS[3]
    decimals, flows = DecimalRater(month), flows_of(day, homes=homes, shift=0)
    prices, standing = day_ahead_prices(day), Standing.opening(homes)
    both = np.stack([flows.import_wh, flows.export_wh]).astype(np.int64)
    tiered = parse_plan(TIERED.encode(), what="the tiered plan")
    require_agreement(flows)

    def one(work: Callable[[int], object], number: int) -> object:
        return work(number % len(month.reads))

    pandas = pandas_rater(flows)
    found = per_cpu_second(
        {
            "columns": lambda _: rate_day(month.plan, prices, flows=flows, before=standing),
            "each": lambda _: interval_lines(month.plan, prices, flows=flows, before=standing),
            "tiers": lambda _: rate_day(tiered, None, flows=flows, before=standing),
            "copy": lambda _: both.copy(),
            "decimal": partial(one, decimals.rated),
            "exact": partial(one, month.rated),
            **({} if pandas is None else {"pandas": pandas}),
        },
        effort,
    )
    count, by_pandas = flows.import_wh.size, found.get("pandas")
    beside = (
        Beside("peer: Decimal loop, the same lines, rates given", found["decimal"]),
        Beside("the exact rater, one by one", found["exact"]),
        Beside("peer: pandas, import by code alone", by_pandas and by_pandas * count),
        Beside("limit: numpy copy of import and export", found["copy"] * count),
    )
    return [
        Row("day-ahead with cap, lines by day", found["columns"] * count, beside),
        Row("the same, lines by interval", found["each"] * count, beside[-1:]),
        Row("tiers, credit, fee, lines by day", found["tiers"] * count, beside[-1:]),
    ]


def require_agreement(flows: Flows) -> None:
    """Some of the rows that are measured are what the exact rater says, to the aBOLT."""
    plan, prices = bundled_plan(), day_ahead_prices(flows.day)
    before = Standing.opening(len(flows))
    after = rate_day(plan, prices, flows=flows, before=before).after
    for row in range(0, len(flows), max(len(flows) // 4, 1)):
        tally = Tally()
        for place, interval in enumerate(operating_day_intervals(flows.day)):
            wh = int(flows.import_wh[row, place]), int(flows.export_wh[row, place])
            read = IntervalRead(interval, *wh, *wh)
            tally = rate(plan, prices, read=read, before=tally).after
        assert after.tally(row) == tally


def main() -> None:
    if sys.argv[1:2] == ["--part"]:
        print_part(int(sys.argv[2]), int(sys.argv[3]))
        return
    if sys.argv[1:2] == ["--files"]:
        print_files(int(sys.argv[2]), buckets=int(sys.argv[3]))
        return
    effort = Effort.asked()
    quick = effort == QUICK
    rows = speeds(effort, homes=64 if quick else CHUNK)
    show("Homes on one plan, rated in columns: intervals a CPU second", rows)
    print("\nA month of homes, day by day, by processes (process start and reads included)")
    print(
        f"  {'homes':>9} {'intervals':>13} {'processes':>9} {'wall':>11} {'CPU':>11} {'peak':>12}"
    )
    for homes in GROWTH_QUICK if quick else GROWTH:
        one, two = (spent(homes, processes=count) for count in (1, 2))
        assert one.charges_abolt == two.charges_abolt
        print(f"{one.row}\n{two.row}", flush=True)
    files = ["20", "2"] if quick else ["100000", "16"]
    subprocess.run([sys.executable, __file__, "--files", *files], check=True)


if __name__ == "__main__":
    main()
