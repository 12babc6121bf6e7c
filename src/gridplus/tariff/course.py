"""A home's bills under one plan over many days: what it would have paid, by line, day and month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff.line import Code, Line, Side
from gridplus.tariff.moment import local_day
from gridplus.tariff.plan import Plan
from gridplus.tariff.rate import Rated, rate
from gridplus.tariff.tally import Tally
from gridplus.units import ABOLT_PER_UBOLT, share_by_largest_remainder


class BillRefusal(Enum):
    """Why a bill is not made yet; the value is for people."""

    PRICES_NOT_KNOWN = "the final prices of the plan's index are not known; the bill waits for them"


@dataclass(frozen=True, slots=True)
class Waits:
    """The first local day that could not be billed, and why."""

    day: date
    reason: BillRefusal


@dataclass(frozen=True, slots=True)
class Course:
    """What a plan billed: the tally after it, exact sums (aBOLT) by line, and charges less credits
    by local day. With `waits`, the days from then on are not billed."""

    plan: Plan
    tally: Tally
    lines_abolt: Mapping[Code, int]
    days_abolt: Mapping[date, int]
    import_wh: int
    export_wh: int
    waits: Waits | None

    @property
    def net_ubolt(self) -> int:
        """What the home paid, less what it was credited."""
        return self.tally.spent_ubolt - self.tally.earned_ubolt

    @property
    def worst_day(self) -> tuple[date, int]:
        """The dearest local day, and its net bill in µBOLT, rounded down. At least one day."""
        day = max(self.days_abolt, key=lambda day: (self.days_abolt[day], day))
        return day, self.days_abolt[day] // ABOLT_PER_UBOLT

    @property
    def worst_month(self) -> tuple[str, int]:
        """The dearest local month, and its net bill in µBOLT, rounded down. At least one day."""
        months: dict[str, int] = {}
        for day, net_abolt in self.days_abolt.items():
            months[f"{day:%Y-%m}"] = months.get(f"{day:%Y-%m}", 0) + net_abolt
        month = max(months, key=lambda month: (months[month], month))
        return month, months[month] // ABOLT_PER_UBOLT


class CourseRater:
    """Takes a home's reads in order and adds its bills up. A day without prices ends it."""

    def __init__(self, plan: Plan, *, before: Tally = Tally()) -> None:  # noqa: B008 - immutable
        self._plan = plan
        self._tally = before
        self._lines: dict[Code, int] = {}
        self._days: dict[date, int] = {}
        self._import_wh = self._export_wh = 0
        self._waits: Waits | None = None

    def take(
        self, read: IntervalRead, prices: PriceVersion | None
    ) -> tuple[tuple[IntervalRead, Rated], ...]:
        """The read's bills: one, or one for each step of finer `prices`, over which its energy is
        spread evenly. None at all while a day before it, or its own, waits for prices.

        Raises InputError as `rate` does.
        """
        day = local_day(self._plan.time_zone, read.interval.start_s)
        if self._waits is None and prices is None and self._plan.index is not None:
            self._waits = Waits(day, BillRefusal.PRICES_NOT_KNOWN)
        if self._waits is not None:
            return ()
        used = None if self._plan.index is None else prices
        return tuple((part, self._bill(part, used, day=day)) for part in _parts(read, used))

    @property
    def course(self) -> Course:
        """What has been billed so far."""
        return Course(
            self._plan,
            self._tally,
            {code: self._lines[code] for code in Code if code in self._lines},
            dict(self._days),
            self._import_wh,
            self._export_wh,
            self._waits,
        )

    def _bill(self, read: IntervalRead, prices: PriceVersion | None, *, day: date) -> Rated:
        rated = rate(self._plan, prices, read=read, before=self._tally)
        self._add(rated.lines, day)
        self._tally = rated.after
        self._import_wh += read.import_wh
        self._export_wh += read.export_wh
        return rated

    def _add(self, lines: Sequence[Line], day: date) -> None:
        net = self._days.get(day, 0)
        for line in lines:
            self._lines[line.code] = self._lines.get(line.code, 0) + line.amount_abolt
            net += line.amount_abolt if line.side is Side.CHARGE else -line.amount_abolt
        self._days[day] = net


def compare_plans(
    plans: Sequence[Plan],
    homes: Mapping[str, Sequence[IntervalRead]],
    *,
    prices: Mapping[tuple[str, str, date], PriceVersion],
) -> dict[str, tuple[Course, ...]]:
    """What each home would have paid on each plan, its reads in order.

    `prices` are by settlement point, market and operating day. Raises InputError as `rate` does.
    """
    return {name: _courses(plans, reads, prices=prices) for name, reads in homes.items()}


def regret_ubolt(courses: Sequence[Course]) -> tuple[int | None, ...]:
    """How much more each plan cost than the cheapest; None for one whose bills wait."""
    known = [course.net_ubolt for course in courses if course.waits is None]
    return tuple(
        None if course.waits is not None else course.net_ubolt - min(known) for course in courses
    )


def _parts(read: IntervalRead, prices: PriceVersion | None) -> Sequence[IntervalRead]:
    """The read, in parts as long as a step of finer prices, by largest remainder."""
    if prices is None or prices.step_s >= read.interval.length_s:
        return (read,)
    if read.interval.length_s % prices.step_s:
        raise InputError(f"{prices} have steps of {prices.step_s} s, which do not divide the read")
    parts = read.interval.split(read.interval.length_s // prices.step_s)
    taken, fed = (
        share_by_largest_remainder(wh, [1] * len(parts)) for wh in (read.import_wh, read.export_wh)
    )
    return [
        IntervalRead(part, taken_wh, fed_wh, read.register_import_wh, read.register_export_wh)
        for part, taken_wh, fed_wh in zip(parts, taken, fed, strict=True)
    ]


def _courses(
    plans: Sequence[Plan],
    reads: Sequence[IntervalRead],
    *,
    prices: Mapping[tuple[str, str, date], PriceVersion],
) -> tuple[Course, ...]:
    """Read by read and plan by plan, so that what the plans share is found once."""
    raters = [(plan, CourseRater(plan)) for plan in plans]
    for read in reads:
        for plan, rater in raters:
            version = None
            if plan.index is not None:
                day = local_day(plan.time_zone, read.interval.start_s)
                version = prices.get((plan.settlement_point, plan.index.market, day))
            rater.take(read, version)
    return tuple(rater.course for _, rater in raters)
