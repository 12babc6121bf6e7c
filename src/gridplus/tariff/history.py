"""A home's bills as they stand: the newest version of each interval, and the end of its chain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gridplus.failures import InputError, invariant
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff.bill import BillDocument
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
        tip, versions = opening, {}
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
        return cls(tip, versions)

    @classmethod
    def of_bills(cls, bills: Sequence[BillDocument]) -> "History":
        """What one home's bills say, at least one, in the order of their days. Raises InputError
        when one does not continue the one before it."""
        tip, stated = bills[0].opening, list[Stated]()
        for bill in bills:
            if bill.opening != tip:
                raise InputError(
                    f"the bill of {bill.operating_day} does not continue the one before it; name "
                    "every day of one home, in order"
                )
            statements = [billed.statement for billed in bill.intervals]
            for statement in statements:
                if (statement.channel, statement.previous_head) != (tip.channel, tip.head):
                    raise InputError(f"the bill of {bill.operating_day} is no chain; verify it")
                tip = statement.tip
            stated += [Stated(statement, bill.plan, bill.prices) for statement in statements]
        return cls.of(bills[0].opening, stated)

    @property
    def last(self) -> Interval:
        """The newest interval that was billed; there is one."""
        return self.versions[max(self.versions)].interval
