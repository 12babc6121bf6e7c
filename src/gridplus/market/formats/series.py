"""What a price file holds once it is read: prices by UTC start, and the faults of its rows.

A bad row is reported and left out; the good rows go on. An operating day is all or nothing: a day
with a hole gives no price version.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from gridplus.failures import InputError
from gridplus.market.prices import (
    PRICE_LIMIT_UBOLT_PER_MWH,
    Market,
    PriceVersion,
    operating_day_intervals,
)
from gridplus.rows import Row
from gridplus.units import UBOLT_PER_BOLT, format_utc, utc_from_s

UBOLT_PER_MWH = {"$/MWh": UBOLT_PER_BOLT, "$/kWh": 1_000 * UBOLT_PER_BOLT}
"""µBOLT/MWh in one of each unit."""
_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,18})?", re.ASCII)
_NAMED = 5
Price = tuple[int, int]
"""UTC start (seconds since 1970), µBOLT/MWh."""


@dataclass(frozen=True)
class PriceSeries:
    """Prices (µBOLT/MWh) by UTC start second, each for `step_s`, at one settlement point.

    `faults` are sentences 'file, line: reason' for the rows that were left out. `what` names the
    file; it becomes the source of the price versions.
    """

    what: str
    settlement_point: str
    market: Market
    step_s: int
    prices: Mapping[int, int]
    faults: tuple[str, ...]

    def version(self, day: date, *, known_at_s: int) -> PriceVersion:
        """The final prices of operating day `day`, version 1.

        Raises InputError that names the missing intervals when the day has a gap.
        """
        starts = [i.start_s for i in operating_day_intervals(day, length_s=self.step_s)]
        missing = [format_utc(utc_from_s(at)) for at in starts if at not in self.prices]
        if missing:
            raise InputError(
                f"{self.what}: the prices of {day} are refused, {len(missing)} of {len(starts)} "
                f"are missing: {first_of(missing)}" + first_of(self.faults, lead="; bad rows: ")
            )
        return PriceVersion(
            settlement_point=self.settlement_point,
            operating_day=day,
            market=self.market,
            kind="final",
            version=1,
            known_at_s=known_at_s,
            source=self.what,
            start_s=starts[0],
            step_s=self.step_s,
            prices_ubolt_per_mwh=tuple(self.prices[at] for at in starts),
        )


@dataclass(slots=True)
class Gathered:
    """A price file while it is read: prices by UTC start second, their lines, and the faults."""

    what: str
    prices: dict[int, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    line_of: dict[int, int] = field(default_factory=dict)

    def put(self, line: int, price_at: Price) -> None:
        start_s, price = price_at
        first_line = self.line_of.setdefault(start_s, line)
        if first_line != line:
            self.prices.pop(start_s, None)
            when = format_utc(utc_from_s(start_s))
            raise InputError(f"{when} stands on line {first_line} too; neither is used")
        self.prices[start_s] = price

    def fault(self, line: int, reason: str) -> None:
        self.faults.append(f"{self.what}, line {line}: {reason}")


def gather(
    rows: Iterable[Row],
    parse_row: Callable[[list[str]], Price | None],
    *,
    what: str,
    settlement_point: str,
) -> Gathered:
    """The good rows and the faults of the others.

    `parse_row` returns None for a row that is not ours and raises InputError with the reason for a
    bad one. An interval that is given twice counts for neither: nobody can tell which is right.
    Raises InputError when no row is good.
    """
    found = Gathered(what)
    for line, fields in rows:
        try:
            row = parse_row(fields)
            if row is not None:
                found.put(line, row)
        except InputError as error:
            found.fault(line, str(error))
    if not found.prices:
        why = first_of(found.faults, lead=": ")
        raise InputError(f"{what} has no good row for {settlement_point}{why}")
    return found


def parse_price(text: str, unit: str) -> int:
    """'25.13', '$/MWh' -> 25_130_000 µBOLT/MWh.

    Raises InputError for what is no decimal number (NaN, 1e3), finer than 1 µBOLT/MWh (6 decimals
    of $/MWh), or beyond ±20,000 $/MWh.
    """
    if not _DECIMAL.fullmatch(text):
        raise InputError(f"{text!r} is not a decimal number of {unit}")
    price = Decimal(text) * UBOLT_PER_MWH[unit]
    if price != int(price):
        raise InputError(f"{text} {unit} is finer than 0.000001 $/MWh")
    if abs(price) > PRICE_LIMIT_UBOLT_PER_MWH:
        raise InputError(f"{text} {unit} is beyond ±20,000 $/MWh")
    return int(price)


def first_of(texts: Sequence[str], *, lead: str = "") -> str:
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return lead + ", ".join(texts[:_NAMED]) + more if texts else ""
