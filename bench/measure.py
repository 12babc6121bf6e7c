"""How figures are taken and shown: rounds in turn, medians, and each one beside another."""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

Work: TypeAlias = Callable[[int], object]
BATCH = 20
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: so many rounds, so many seconds a contender and round."""

    rounds: int
    seconds: float

    @classmethod
    def asked(cls) -> "Effort":
        """From the command line: --rounds, --seconds, or --quick."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--rounds", type=int, default=5, help="of which the median counts")
        parser.add_argument("--seconds", type=float, default=0.3, help="a contender and round")
        parser.add_argument("--quick", action="store_true", help="only to see that it runs")
        asked = parser.parse_args()
        return QUICK if asked.quick else cls(asked.rounds, asked.seconds)


QUICK = Effort(1, 0.02)


@dataclass(frozen=True, slots=True)
class Beside:
    """A peer or a limit, a second; `rate` None was not measured."""

    name: str
    rate: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours, a second (None: not measured), and what stands beside it."""

    what: str
    ours: float | None
    beside: Sequence[Beside]


def per_cpu_second(contenders: Mapping[str, Work], effort: Effort) -> dict[str, float]:
    """Median calls per CPU second of this process. The contenders take turns in each round, so
    that whatever else the machine does meets all of them; each is called with 0, 1, 2, ..."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(effort.rounds):
        for name, work in contenders.items():
            found[name].append(_rate(work, effort.seconds))
    return {name: median(rates) for name, rates in found.items()}


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table: ours, theirs, and how many times theirs ours is."""
    print(f"\n{title}")
    print(f"  {'':38} {'ours':>12}   {'beside it':44} {'its':>12} {'ours is':>9}")
    for row in rows:
        what, ours = row.what, _figure(row.ours)
        for other in row.beside:
            ratio = f"{row.ours / other.rate:.2f} x" if row.ours and other.rate else ""
            line = f"  {what:38} {ours:>12}   {other.name:44} {_figure(other.rate):>12} {ratio:>9}"
            print(line.rstrip())
            what, ours = "", ""


def _figure(rate: float | None) -> str:
    return NOT_MEASURED if rate is None else f"{rate:,.0f}"


def _rate(work: Work, seconds: float) -> float:
    begin_s = time.process_time()
    work(0)
    batch = BATCH if time.process_time() - begin_s < seconds / BATCH else 1
    done, begin_s = 0, time.process_time()
    while (spent_s := time.process_time() - begin_s) < seconds:
        for number in range(done, done + batch):
            work(number)
        done += batch
    return done / spent_s
