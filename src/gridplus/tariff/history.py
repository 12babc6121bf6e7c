"""A home's bills as they stand: the newest version of each interval, and the end of its chain."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gridplus.failures import invariant
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff.given import Given
from gridplus.tariff.line import Line
from gridplus.tariff.plan import Plan
from gridplus.tariff.statement import Statement, Tip
from gridplus.tariff.tally import MonthToDate
from gridplus.units import Interval


@dataclass(frozen=True, slots=True)
class Version:
    """What one interval is billed at: its inputs, what the plan remembered before it, its lines.
    `digest` (32 bytes) is of the statement or restatement that said so last."""

    read: IntervalRead
    plan: Plan
    prices: PriceVersion | None
    given: Given
    month: MonthToDate | None
    lines: tuple[Line, ...]
    digest: bytes

    @property
    def interval(self) -> Interval:
        return self.read.interval


class Stated(NamedTuple):
    """A statement with the plan and the prices that it cites."""

    statement: Statement
    plan: Plan
    prices: PriceVersion | None


@dataclass(frozen=True, slots=True)
class History:
    """`versions` by the start of their interval, in order of time."""

    tip: Tip
    versions: Mapping[int, Version]

    @classmethod
    def of(cls, opening: Tip, stated: Iterable[Stated]) -> "History":
        """What statements say, each with its plan and prices, from where the chain stood before
        the first one."""
        history = cls(opening, {})
        return history.billed(stated)

    def billed(self, stated: Iterable[Stated]) -> "History":
        """The history after more statements."""
        tip, versions = self.tip, dict(self.versions)
        for statement, plan, prices in stated:
            invariant(statement.previous_head == tip.head, "statements follow each other")
            versions[statement.interval.start_s] = Version(
                statement.read,
                plan,
                prices,
                statement.given,
                statement.month,
                statement.lines,
                statement.digest,
            )
            tip = statement.tip
        return History(tip, versions)

    @property
    def last(self) -> Interval:
        """The newest interval that was billed; there is one."""
        return self.versions[max(self.versions)].interval
