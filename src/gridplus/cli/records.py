"""Meter and price files, and the records bundled with the demo, as what the rater takes."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import click

from gridplus.demo.options import bundled
from gridplus.demo.street_data import (
    SETTLEMENT_POINT,
    available_days,
    day_ahead_prices,
    home_numbers,
    home_series,
)
from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_bounds, operating_day_intervals
from gridplus.market.formats import PriceSeries, parse_price_file
from gridplus.meter import IntervalRead, MeterRead
from gridplus.meter.formats import MeterFile, parse_meter_file
from gridplus.tariff import Plan, parse_plan
from gridplus.tariff.moment import local_day
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval, share_by_largest_remainder

BUNDLED_PLANS = (
    "plans/fixed.toml", "plans/free-nights.toml", "plans/usage-credit.toml",
    "plans/usage-charge-waived.toml", "plans/net-metering.toml", "plans/demand.toml",
    "plan-houston-day-ahead.toml", "plans/collar.toml", "plans/block-and-index.toml",
)  # fmt: skip
"""Every bundled plan that can be billed with bundled prices; `plans/real-time.toml` cannot."""


def load_plans(paths: Sequence[Path]) -> list[Plan]:
    """The plans of the files, or the bundled ones."""
    if not paths:
        return [parse_plan(bundled(name), what=name) for name in BUNDLED_PLANS]
    return [parse_plan(path.read_bytes(), what=str(path)) for path in paths]


def load_reads(path: Path) -> tuple[dict[str, list[IntervalRead]], bool]:
    """The reads of each meter in a file, in settlement intervals or shorter, and whether every row
    of it was good. What was left out is said on standard error."""
    found = parse_meter_file(_pieces(path), what=str(path))
    for sentence in found.problems.sentences:
        click.echo(f"gridplus: {sentence}", err=True)
    reads = {meter: _interval_reads(found, meter) for meter in found.meters}
    return reads, found.problems.count == 0


def bundled_homes(days: Sequence[date]) -> dict[str, list[IntervalRead]]:
    """The 17 homes of the demo without a battery, over `days` of the price years."""
    homes = {}
    for number in home_numbers():
        series, reads = home_series(number), []
        for interval in (i for day in days for i in operating_day_intervals(day)):
            load_wh, solar_wh = series.at(interval)
            taken_wh, fed_wh = max(load_wh - solar_wh, 0), max(solar_wh - load_wh, 0)
            reads.append(IntervalRead(interval, taken_wh, fed_wh, 0, 0))
        homes[f"home-{number:02d}"] = reads
    return homes


@dataclass
class PriceBook:
    """Final prices by settlement point, market and day: from files first, then the bundled ones.

    `why` says of a day that is not there what is wrong with its file.
    """

    paths: tuple[Path, ...]
    point_type: str | None = None
    why: dict[tuple[str, str, date], str] = field(default_factory=dict)
    _series: dict[tuple[str, str], list[PriceSeries]] = field(default_factory=dict)

    def version(self, plan: Plan, day: date) -> PriceVersion | None:
        """The prices of the plan's index on `day`, or None. Raises InputError for a bad file."""
        if plan.index is None:
            return None
        key = plan.settlement_point, plan.index.market, day
        for series in self._of(plan):
            try:
                return series.version(day, known_at_s=operating_day_bounds(day)[1])
            except InputError as error:
                self.why[key] = str(error)
        if key[:2] == (SETTLEMENT_POINT, "DAM"):
            with suppress(InputError):
                return day_ahead_prices(day)
        return None

    def reason(self, plan: Plan, day: date) -> str:
        """What is known of why a day has no prices, after '; '."""
        market = "" if plan.index is None else plan.index.market
        why = self.why.get((plan.settlement_point, market, day))
        return "" if why is None else f"; {why}"

    def month(self, plan: Plan, first: date) -> list[PriceVersion]:
        """Every day of a month that has prices, in order."""
        days = [first + timedelta(at) for at in range(31)]
        found = [self.version(plan, day) for day in days if day.month == first.month]
        return [prices for prices in found if prices is not None]

    def record(self, plan: Plan) -> list[tuple[date, PriceVersion | None]]:
        """The years bundled; of a plan with an index those days that have prices."""
        first, last = available_days()
        days = [first + timedelta(at) for at in range((last - first).days + 1)]
        versions = [(day, self.version(plan, day)) for day in days if plan.holds_on(day)]
        return [(day, prices) for day, prices in versions if prices or plan.index is None]

    def _of(self, plan: Plan) -> list[PriceSeries]:
        index = plan.index
        if index is None:
            return []
        key = plan.settlement_point, index.market
        if key not in self._series:
            self._series[key] = [
                parse_price_file(
                    _bytes(path),
                    what=str(path),
                    settlement_point=plan.settlement_point,
                    market=index.market,
                    point_type=self.point_type,
                )
                for path in self.paths
            ]
            for fault in (fault for series in self._series[key] for fault in series.faults):
                click.echo(f"gridplus: {fault}", err=True)
        return self._series[key]


def price_table(
    book: PriceBook, plans: Sequence[Plan], *, homes: Mapping[str, Sequence[IntervalRead]]
) -> dict[tuple[str, str, date], PriceVersion]:
    """The prices of every day that a home has reads of, for each index of the plans."""
    table: dict[tuple[str, str, date], PriceVersion] = {}
    for plan in plans:
        if plan.index is None:
            continue
        starts = {read.interval.start_s for reads in homes.values() for read in reads}
        for day in {local_day(plan.time_zone, start_s) for start_s in starts}:
            prices = book.version(plan, day)
            if prices is not None:
                table[plan.settlement_point, plan.index.market, day] = prices
    return table


def days_of(text_from: str, text_to: str) -> list[date]:
    """'2021-07-01', '2021-07-31' -> the days, both ends in. Raises InputError."""
    try:
        first, last = date.fromisoformat(text_from), date.fromisoformat(text_to)
    except ValueError:
        raise InputError(f"{text_from} to {text_to}: write days like 2021-07-01") from None
    if last < first:
        raise InputError(f"{last} lies before {first}")
    return [first + timedelta(at) for at in range((last - first).days + 1)]


def _interval_reads(found: MeterFile, meter: str) -> list[IntervalRead]:
    rows = found.meters[meter].rows(found.source)
    return [read for row in rows for read in _split(row, what=found.what)]


def _split(row: MeterRead, *, what: str) -> Iterator[IntervalRead]:
    """Up to a quarter hour as it is; longer ones in equal parts, by largest remainder."""
    interval = row.interval
    if interval.length_s <= SETTLEMENT_INTERVAL_S:
        yield IntervalRead(interval, row.import_wh, row.export_wh, 0, 0)
        return
    count, rest_s = divmod(interval.length_s, SETTLEMENT_INTERVAL_S)
    if rest_s or count > 4:
        raise InputError(f"{what}: {interval} is too long to be billed; give hours or less")
    taken, fed = (
        share_by_largest_remainder(wh, [1] * count) for wh in (row.import_wh, row.export_wh)
    )
    parts: tuple[Interval, ...] = interval.split(count)
    for part, taken_wh, fed_wh in zip(parts, taken, fed, strict=True):
        yield IntervalRead(part, taken_wh, fed_wh, 0, 0)


def _bytes(path: Path) -> bytes:
    return b"".join(_pieces(path))


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as raw:
            file = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            while piece := file.read(1 << 20):
                yield piece
    except (OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
