"""What a hub asks of all its homes at once, kept up with each of them: a column a question, so that
nobody walks the homes to know how the hub stands, who is owed, or who needs somebody."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gridplus.hub.exposure import ExposureStep, exposure_of
from gridplus.hub.home import Home
from gridplus.hub.standing import Standing

NEVER: Final = 1 << 62
"""In a column of times or days: not at all."""


class Figure(NamedTuple):
    """Of one home: money in µBOLT; seconds and days since 1970, `NEVER` for not at all."""

    unsigned: int
    unclaimed: int
    unposted: int
    unclaimed_since_s: int
    spares_from: int
    stopped: bool
    leaving: bool
    owed: bool
    lent: bool
    held: bool
    urgent: bool


def figure_of(home: Home) -> Figure:
    """What one home adds. `owed`: a voucher that the chain has not paid whole; `lent`: a credit
    that it does not hold; `urgent`: somebody should look."""
    word, durable, credit = home.view.word, home.durable, home.machine.credit
    since_s, spares = home.unclaimed_since_s, home.spares_from
    return Figure(
        unsigned=home.machine.bill.counters.spent_ubolt - durable.spent_ubolt,
        unclaimed=max(0, durable.spent_ubolt - word.spent),
        unposted=home.machine.credited - word.earned,
        unclaimed_since_s=NEVER if since_s is None else since_s,
        spares_from=NEVER if spares is None else spares,
        stopped=home.stopped is not None,
        leaving=home.view.exit_started,
        owed=not home.view.counters.covers(durable),
        lent=credit is not None and credit.earned > word.earned,
        held=home.hold is not None,
        urgent=exposure_of(home).step is not ExposureStep.GOOD,
    )


class Column:
    """A number of each home, what they add up to, and how far they reach."""

    def __init__(self) -> None:
        self.numbers = array("q")
        self.total = 0
        self._most: int | None = None
        self._least: int | None = None

    def extend(self, numbers: Sequence[int]) -> None:
        self.numbers.extend(numbers)
        self.total += sum(numbers)
        self._most = self._least = None

    def put(self, at: int, number: int) -> None:
        before, self.numbers[at] = self.numbers[at], number
        self.total += number - before
        if self._most is not None:
            self._most = None if before == self._most else max(self._most, number)
        if self._least is not None:
            self._least = None if before == self._least else min(self._least, number)

    @property
    def most(self) -> int | None:
        """The largest; looked for only when that of before is gone. None where there is nobody."""
        if self._most is None:
            self._most = max(self.numbers, default=None)
        return self._most

    @property
    def least(self) -> int | None:
        """The smallest, in the same way."""
        if self._least is None:
            self._least = min(self.numbers, default=None)
        return self._least


class Marked:
    """A yes or no of each home."""

    def __init__(self) -> None:
        self.answers = bytearray()

    @property
    def count(self) -> int:
        return self.answers.count(1)

    def __iter__(self) -> Iterator[int]:
        """Where it is yes, in order."""
        at = self.answers.find(1)
        while at >= 0:
            yield at
            at = self.answers.find(1, at + 1)


def _columns() -> tuple[Column, ...]:
    return tuple(Column() for _ in range(5))


def _marks() -> tuple[Marked, ...]:
    return tuple(Marked() for _ in range(6))


@dataclass
class Figures:
    """Of all homes, by the order in which they were opened."""

    count: int = 0
    _columns: tuple[Column, ...] = field(default_factory=_columns)
    _marks: tuple[Marked, ...] = field(default_factory=_marks)

    def extend(self, figures: Sequence[Figure]) -> None:
        """More homes."""
        columns = list(zip(*figures, strict=True))
        for column, numbers in zip(self._columns, columns[:5], strict=True):
            column.extend(numbers)
        for marked, answers in zip(self._marks, columns[5:], strict=True):
            marked.answers.extend(answers)
        self.count += len(figures)

    def put(self, at: int, figure: Figure) -> None:
        """What became of a home."""
        for column, number in zip(self._columns, figure[:5], strict=True):
            column.put(at, number)
        for marked, answer in zip(self._marks, figure[5:], strict=True):
            marked.answers[at] = answer

    def at(self, at: int) -> Figure:
        numbers = [column.numbers[at] for column in self._columns]
        return Figure._make([*numbers, *(marked.answers[at] == 1 for marked in self._marks)])

    def is_owed(self, at: int) -> bool:
        return self._marks[2].answers[at] == 1

    def spares(self, at: int, *, today: int) -> bool:
        """Whether a home would keep a day's cap if its newest voucher were claimed today."""
        return today >= self._columns[4].numbers[at]

    @property
    def stopped(self) -> Marked:
        return self._marks[0]

    @property
    def leaving(self) -> Marked:
        return self._marks[1]

    @property
    def owed(self) -> Marked:
        return self._marks[2]

    @property
    def lent(self) -> Marked:
        return self._marks[3]

    @property
    def held(self) -> Marked:
        return self._marks[4]

    @property
    def urgent(self) -> Marked:
        return self._marks[5]

    @property
    def unposted(self) -> int:
        """µBOLT of credits that the chain does not know."""
        return self._columns[2].total

    def standing(self, *, payable: int | None) -> Standing:
        """How all homes stand."""
        unsigned, unclaimed, unposted, since_s, _ = self._columns
        oldest_s = since_s.least
        return Standing(
            homes=self.count,
            stopped=self.stopped.count,
            leaving=self.leaving.count,
            unsigned=unsigned.total,
            largest_unsigned=unsigned.most or 0,
            unclaimed=unclaimed.total,
            oldest_unclaimed_s=oldest_s if oldest_s != NEVER else None,
            unposted=unposted.total,
            payable=payable,
        )
