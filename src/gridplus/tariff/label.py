"""The facts label: what a plan costs on average per kWh at 500, 1000 and 2000 kWh a month.

Modelled on the Electricity Facts Label of Texas (16 TAC 25.475), which prints these three uses. An
indexed plan has no average price without a history: the label names the month of prices and the
shape of use behind its figures, and is computed by the same rater as a bill.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.tariff.components import row_on
from gridplus.tariff.course import CourseRater
from gridplus.tariff.fields import format_octets
from gridplus.tariff.line import Code, Line, Side
from gridplus.tariff.plan import Plan
from gridplus.tariff.rate import rate, share_ubolt
from gridplus.tariff.tally import Tally
from gridplus.units import HOUR_S, Interval, format_ubolt, share_by_largest_remainder

USES_KWH = (500, 1_000, 2_000)
WH_PER_KWH = 1_000


RECORD_USE_W = 1_368
"""1,000 kWh a month all year round, in whole Wh a quarter hour: 32.8 kWh a day."""


@dataclass(frozen=True, slots=True)
class WorstDay:
    """The dearest day of a record from `since` to `until`: its net bill (µBOLT) at 32.8 kWh."""

    day: date
    net_ubolt: int
    since: date
    until: date

    def document(self) -> dict[str, Document]:
        return {
            "day": self.day.isoformat(),
            "net_ubolt": self.net_ubolt,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
        }

    def text(self) -> str:
        return (
            f"Worst day of {self.since} to {self.until}, at 32.8 kWh a day: {self.day}, "
            f"{format_ubolt(self.net_ubolt)} BOLT.\n"
        )


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A month's use: its parts (µBOLT), charges and credits both 0 or more, and what it costs."""

    use_kwh: int
    lines_ubolt: tuple[tuple[Code, int], ...]

    @property
    def total_ubolt(self) -> int:
        """Charges less credits."""
        return self._sum_ubolt(Side.CHARGE) - self._sum_ubolt(Side.CREDIT)

    @property
    def average_hundredths(self) -> int:
        """Hundredths of a cent per kWh; charges and credits each half up."""
        return self._average(Side.CHARGE) - self._average(Side.CREDIT)

    @property
    def parts_hundredths(self) -> dict[Code, int]:
        """The average's parts, credits below zero; what is printed sums to what is printed."""
        parts: dict[Code, int] = {}
        for side, sign in ((Side.CHARGE, 1), (Side.CREDIT, -1)):
            of_side = [(code, amount) for code, amount in self.lines_ubolt if code.side is side]
            if of_side:
                amounts = [amount for _, amount in of_side]
                shares = share_by_largest_remainder(self._average(side), amounts)
                parts |= {
                    code: sign * share for (code, _), share in zip(of_side, shares, strict=True)
                }
        return parts

    def _sum_ubolt(self, side: Side) -> int:
        return sum(amount for code, amount in self.lines_ubolt if code.side is side)

    def _average(self, side: Side) -> int:
        return (self._sum_ubolt(side) * 2 + 100 * self.use_kwh) // (200 * self.use_kwh)


@dataclass(frozen=True, slots=True)
class FactsLabel:
    """A plan's label for the prices of the month that begins on `month`."""

    plan: Plan
    month: date
    use_is_flat: bool
    rows: tuple[LabelRow, ...]

    def document(self) -> dict[str, Document]:
        """The label as a document; the plan is named by its digest."""
        return {
            "plan": format_octets(self.plan.digest),
            "month": f"{self.month:%Y-%m}",
            "use_is_flat": self.use_is_flat,
            "rows": [
                {
                    "use_kwh": row.use_kwh,
                    "total_ubolt": row.total_ubolt,
                    "lines_ubolt": {code.value: amount for code, amount in row.lines_ubolt},
                }
                for row in self.rows
            ],
        }

    def text(self) -> str:
        """The label as a table of ¢/kWh, for people."""
        plan = self.plan
        head = [
            f"{plan.name} ({plan.id}, version {plan.version})",
            f"{self._prices()}, use {self._shape()}.",
            "",
            _table_row("use a month", [f"{row.use_kwh} kWh" for row in self.rows]),
            _table_row("average, ¢/kWh", [_cents(row.average_hundredths) for row in self.rows]),
        ]
        columns = [row.parts_hundredths for row in self.rows]
        codes = [code for code in Code if any(column.get(code) for column in columns)]
        parts = [
            _table_row(f"  {code.value}", [_cents(column.get(code, 0)) for column in columns])
            for code in codes
        ]
        bills = [format_ubolt(row.total_ubolt) for row in self.rows]
        foot = [_table_row("bill, BOLT", bills), "", self._passed_through()]
        return "\n".join(head + parts + foot) + "\n"

    def _prices(self) -> str:
        index = self.plan.index
        if index is None:
            return f"In {self.month:%Y-%m}"
        market = "day-ahead" if index.market == "DAM" else "real-time"
        return f"At {self.plan.settlement_point} {market} prices of {self.month:%Y-%m}"

    def _shape(self) -> str:
        return "the same in every interval" if self.use_is_flat else "in a given daily shape"

    def _passed_through(self) -> str:
        delivery = self.plan.delivery
        if delivery is None:
            return f"Delivery is not part of this plan; collected {self.plan.as_of}."
        since = row_on(delivery.rows, self.month).since
        return (
            f"{delivery.tdsp} delivery as of {since}; charges and taxes collected "
            f"{self.plan.as_of}."
        )


def facts_label(
    plan: Plan,
    *,
    month: date,
    prices: Sequence[PriceVersion] = (),
    profile: Sequence[int] = (),
) -> FactsLabel:
    """The label for the month that begins on `month`.

    A plan with an index needs `prices`: one final version for each day of the month, in order.
    `profile` weighs the month's settlement intervals, one weight >= 0 each; empty means flat use.
    Raises InputError when the days are not the whole month, or the weights are not one each.
    """
    days = _days_of_month(month)
    if plan.index is not None and [version.operating_day for version in prices] != days:
        raise InputError(
            f"{plan.id}: a facts label needs the prices of each day of one month, in order; "
            f"{len(prices)} of {len(days)} days have final {plan.settlement_point} "
            f"{plan.index.market} prices"
        )
    versions = prices if plan.index is not None else [None] * len(days)
    intervals = [
        (version, interval)
        for version, day in zip(versions, days, strict=True)
        for interval in operating_day_intervals(day, plan.time_zone)
    ]
    weights = list(profile) or [1] * len(intervals)
    if len(weights) != len(intervals) or min(weights) < 0:
        raise InputError(f"a profile of this month has {len(intervals)} weights of 0 or more")
    rows = tuple(_row(plan, use_kwh, intervals=intervals, weights=weights) for use_kwh in USES_KWH)
    return FactsLabel(plan, days[0], use_is_flat=not profile, rows=rows)


def worst_day(plan: Plan, *, history: Sequence[tuple[date, PriceVersion | None]]) -> WorstDay:
    """The dearest day of a record of days in order, for the same use in every interval.

    `history` has a price version for each day of a plan with an index. Raises InputError when it
    is empty or lacks a version.
    """
    if not history:
        raise InputError("a worst day needs a record of days")
    rater = CourseRater(plan)
    for day, prices in history:
        for interval in operating_day_intervals(day, plan.time_zone):
            use_wh = RECORD_USE_W * interval.length_s // HOUR_S
            read = IntervalRead(interval, use_wh, 0, register_import_wh=0, register_export_wh=0)
            rater.take(read, prices)
    course = rater.course
    if course.waits is not None:
        raise InputError(f"{course.waits.day}: {course.waits.reason.value}")
    day, net_ubolt = course.worst_day
    return WorstDay(day, net_ubolt, since=history[0][0], until=history[-1][0])


def _row(
    plan: Plan,
    use_kwh: int,
    *,
    intervals: Sequence[tuple[PriceVersion | None, Interval]],
    weights: Sequence[int],
) -> LabelRow:
    uses_wh = share_by_largest_remainder(use_kwh * WH_PER_KWH, weights)
    lines: list[Line] = []
    total = Tally()
    for (prices, interval), use_wh in zip(intervals, uses_wh, strict=True):
        read = IntervalRead(interval, use_wh, 0, register_import_wh=use_wh, register_export_wh=0)
        rated = rate(plan, prices, read=read, before=total)
        lines += rated.lines
        total = rated.after
    shared = share_ubolt(lines, Tally(), after=total)
    return LabelRow(use_kwh, tuple(shared.items()))


def _days_of_month(first: date) -> list[date]:
    days = [first.replace(day=1)]
    while (following := days[-1] + timedelta(1)).month == first.month:
        days.append(following)
    return days


def _cents(hundredths: int) -> str:
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


def _table_row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<22}" + "".join(f"{cell:>14}" for cell in cells)
