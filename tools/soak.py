"""Let many homes live a day against the real processes, and compare what every store knows.

python tools/soak.py --homes 1000 --hours 24 --seed 1 --out soak-out
Chain, hub and back office run as processes of their own and meet the homes over HTTP; the clock is
a file that runs as fast as the machine allows. Prints the verdict and how long it took; exits 1
when chain, ledger and newest vouchers differ by a µBOLT, or a bill does not verify.
"""

import argparse
import sys
import time
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from gridplus.demo.audit import audit
from gridplus.demo.conductor import perform
from gridplus.demo.measures import figures_of
from gridplus.demo.options import DemoOptions
from gridplus.demo.street_data import HomeSeries, home_numbers, home_series
from gridplus.failures import GridPlusError

_DAY_S = 86_400
_HOURS_OF_A_DAY = 24


@dataclass(frozen=True)
class Crowd(DemoOptions):
    """More homes than there is data for: the same 17, each time a week further in their year."""

    def __post_init__(self) -> None:
        if self.homes < 1:
            raise SystemExit("--homes is at least 1")

    @cached_property
    def street(self) -> dict[str, HomeSeries]:
        """By name."""
        numbers = home_numbers()
        known = {number: home_series(number) for number in numbers}
        return {
            f"home-{place:05d}": _later(known[numbers[place % len(numbers)]], place // len(numbers))
            for place in range(self.homes)
        }


class Lines:
    """Progress as lines with the seconds since the start."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()

    def phase(self, name: str) -> None:
        print(f"{time.monotonic() - self._began_s:8.1f} s  {name}", flush=True)

    def interval(self, done: int, total: int, *, label: str) -> None:
        if done % 12 == 0:
            self.phase(f"{done} of {total} intervals, {label}")


def _later(series: HomeSeries, weeks: int) -> HomeSeries:
    return replace(series, start_s=series.start_s - weeks % 4 * 7 * _DAY_S)


def main() -> int:
    parser = argparse.ArgumentParser(description="Many homes against the real processes.")
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=24, help="whole days of 24")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("soak-out"))
    asked = parser.parse_args()
    days = -(-asked.hours // _HOURS_OF_A_DAY)
    options = Crowd(date(2021, 8, 11), days, asked.homes, asked.seed, True, asked.out)
    began_s, lines = time.monotonic(), Lines()
    try:
        run = perform(options, lines)
        lines.phase("every store is read back, every bill verified")
        found = audit(run)
    except GridPlusError as error:
        print(f"stopped: {error}")
        return 1
    elapsed_s = time.monotonic() - began_s
    figures = figures_of(run, found, elapsed_ms=int(elapsed_s * 1000))
    for fault in found.faults:
        print(fault)
    agreed = figures.agrees and not found.faults
    payments = len(run.latencies_us)
    print(
        f"{asked.homes} homes, {days * _HOURS_OF_A_DAY} hours, seed {asked.seed}: {payments} "
        f"payments in {elapsed_s:.0f} s; {'chain, ledger and vouchers agree' if agreed else 'NO'}"
    )
    return int(not agreed)


if __name__ == "__main__":
    sys.exit(main())
