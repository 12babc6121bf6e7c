"""Intervals rated, statements chained and bills verified a second, over a month of a real home.

`python bench/rating.py [--rounds 5] [--seconds 0.3] [--quick]` prints one table. Beside `rate`
stand a Decimal loop that makes the same lines, plain integers and numpy with prices given and no
lines; all four agree on every interval to the aBOLT, or the run fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gridplus.demo.options import bundled
from gridplus.demo.street_data import day_ahead_prices
from gridplus.digest import canonical_json, keccak256
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff import (
    Plan,
    Rated,
    Rates,
    Side,
    Tally,
    Tip,
    next_statement,
    parse_plan,
    rate,
    rates_at,
)
from gridplus.units import ABOLT_PER_PBOLT, PPM
from gridplus.verify import verify_bill
from gridplus.wallet import ChannelId
from measure import Beside, Effort, Row, Work, per_cpu_second, show
from signed import SignedBill, signed_bill
from town import bundled_plan, reads_of

DAYS = tuple(date(2021, 8, 1) + timedelta(i) for i in range(31))
REMEMBERING = "plans/usage-credit.toml"
BILLS = 8
"""Their signatures are more than `recover` remembers, so that each recovery is a real one."""
CHANNEL = ChannelId(bytes(32))
Integers: TypeAlias = npt.NDArray[np.int64]
ABOLT_PER_BOLT = Decimal(10) ** 18


@dataclass(frozen=True)
class Month:
    """Reads of one home with the price version and the rates of each."""

    plan: Plan
    reads: Sequence[IntervalRead]
    prices: Sequence[PriceVersion]
    rates: Sequence[Rates]

    def rated(self, place: int) -> Rated:
        """Ours: from the price version to lines and sums."""
        read, prices = self.reads[place], self.prices[place]
        return rate(self.plan, prices, read=read, before=Tally())


def month_of(home: int) -> Month:
    plan, reads, prices = bundled_plan(), list[IntervalRead](), list[PriceVersion]()
    for day in DAYS:
        version = day_ahead_prices(day)
        for read in reads_of(home, day):
            reads.append(read)
            prices.append(version)
    rates = [
        rates_at(plan, version, interval=read.interval)
        for version, read in zip(prices, reads, strict=True)
    ]
    return Month(plan, reads, prices, rates)


class Remembering:
    """The same reads on the bundled plan with tiers and a usage credit, one after the other: each
    bill begins where the last one stood."""

    def __init__(self, month: Month) -> None:
        self._plan = parse_plan(bundled(REMEMBERING), what=REMEMBERING)
        self._reads = month.reads
        self._tally = Tally()

    def rated(self, number: int) -> Rated:
        place = number % len(self._reads)
        before = self._tally if place else Tally()
        found = rate(self._plan, None, read=self._reads[place], before=before)
        self._tally = found.after
        return found


class DecimalRater:
    """What one writes first: dollars and MWh as Decimal, a list of lines, prices from the rates."""

    def __init__(self, month: Month) -> None:
        self._reads = month.reads
        self._dollars = [
            tuple(Decimal(price) / PPM for _, price in (*rates.import_prices, *rates.export_prices))
            for rates in month.rates
        ]
        self._monthly = [Decimal(rates.fixed_pbolt) / 10**12 for rates in month.rates]
        self._puc, self._gross = (
            Decimal(ppm) / PPM
            for ppm in (month.rates[0].tax.puc_ppm, month.rates[0].tax.gross_receipts_ppm)
        )

    def rated(self, place: int) -> list[tuple[str, Decimal]]:
        """The interval's lines in dollars, and the sums of charges and credits at the end."""
        read = self._reads[place]
        energy, adder, delivery, fee, export = self._dollars[place]
        import_mwh = Decimal(read.import_wh) / 1_000_000
        lines = [
            ("energy", import_mwh * energy),
            ("adder", import_mwh * adder),
            ("delivery", import_mwh * delivery),
            ("ercot_fee", import_mwh * fee),
            ("delivery_monthly", self._monthly[place]),
        ]
        taxed = sum((amount for _, amount in lines), Decimal(0))
        lines.append(("tax_puc", taxed * self._puc))
        lines.append(("tax_gross_receipts", taxed * self._gross))
        lines.append(("export", Decimal(read.export_wh) / 1_000_000 * export))
        charges = sum((amount for _, amount in lines[:-1]), Decimal(0))
        return [*lines, ("charges", charges), ("credits", lines[-1][1])]


class IntegerRater:
    """Two multiplications an interval, prices given, no lines: as plain ints and with numpy."""

    def __init__(self, month: Month) -> None:
        self._rows = [
            (
                read.import_wh,
                read.export_wh,
                rates.import_abolt_per_wh,
                rates.export_abolt_per_wh,
                rates.fixed_abolt,
            )
            for read, rates in zip(month.reads, month.rates, strict=True)
        ]
        pbolt = [
            (
                row[0],
                row[1],
                row[2] // rates.tax.gross_up_ppm,
                row[3] // ABOLT_PER_PBOLT,
                rates.fixed_pbolt,
            )
            for row, rates in zip(self._rows, month.rates, strict=True)
        ]
        self._columns: Integers = np.array(pbolt, dtype=np.int64).T.copy()
        self._gross_up_ppm = month.rates[0].tax.gross_up_ppm
        most = np.abs(self._columns).max(axis=1).tolist()
        assert (most[0] * most[2] + most[4]) * self._gross_up_ppm < 1 << 63, "int64 would wrap"

    def rated(self, place: int) -> tuple[int, int]:
        """Charges and credits of one interval, in aBOLT."""
        import_wh, export_wh, import_price, export_price, fixed = self._rows[place]
        return import_wh * import_price + fixed, export_wh * export_price

    def whole_month(self, _number: int = 0) -> tuple[Integers, Integers]:
        """The same for every interval at once; credits stay in pBOLT."""
        import_wh, export_wh, import_price, export_price, monthly = self._columns
        charges = (import_wh * import_price + monthly) * self._gross_up_ppm
        return charges, export_wh * export_price


def require_agreement(month: Month, decimals: DecimalRater, integers: IntegerRater) -> None:
    """Every line equals the Decimal loop's, every sum the integers' and numpy's."""
    charges, credits_pbolt = (column.tolist() for column in integers.whole_month())
    for place in range(len(month.reads)):
        rated = month.rated(place)
        lines, after = rated.lines, rated.after
        theirs = decimals.rated(place)
        sums = [
            sum(line.amount_abolt for line in lines if line.side is side)
            for side in (Side.CHARGE, Side.CREDIT)
        ]
        named = {line.code.value: line.amount_abolt for line in lines}
        named |= dict(zip(("charges", "credits"), sums, strict=True))
        assert named == {name: int(amount * ABOLT_PER_BOLT) for name, amount in theirs}
        assert (after.charges_abolt, after.credits_abolt) == tuple(sums)
        assert tuple(sums) == integers.rated(place)
        assert sums == [charges[place], credits_pbolt[place] * ABOLT_PER_PBOLT]


def main() -> None:
    effort, month = Effort.asked(), month_of(0)
    decimals, integers = DecimalRater(month), IntegerRater(month)
    require_agreement(month, decimals, integers)
    count = len(month.reads)
    bills = [signed_bill(number, month.plan) for number in range(BILLS)]
    document = next_statement(
        Tip.genesis(CHANNEL), plan=month.plan, prices=month.prices[0], read=month.reads[0]
    ).document()

    def around(work: Work, number: int) -> object:
        return work(number % count)

    found = per_cpu_second(
        {
            "rate": partial(around, month.rated),
            "decimal": partial(around, decimals.rated),
            "ints": partial(around, integers.rated),
            "numpy": integers.whole_month,
            "remembering": Remembering(month).rated,
            "statement": partial(around, partial(head_of, month)),
            "hash": lambda _: keccak256(canonical_json(document)),
            "bill": lambda number: verified(bills[number % BILLS]),
            "signatures": lambda number: checked(bills[number % BILLS]),
        },
        effort,
    )
    show(f"A month of a home, {count:,} intervals: calls a CPU second", rows(found, count))
    print(
        f"\n  All {count:,} intervals agree to the aBOLT: each line with the Decimal loop, the"
        f"\n  sums with plain integers and numpy. A bill: 96 statements, "
        f"{len(bills[0].checks)} signatures."
    )


def head_of(month: Month, place: int) -> bytes:
    """Rate, write as a document, hash, chain."""
    read, prices = month.reads[place], month.prices[place]
    tip = Tip.genesis(CHANNEL)
    return next_statement(tip, plan=month.plan, prices=prices, read=read).head


def verified(signed: SignedBill) -> None:
    assert all(check.ok for check in verify_bill(signed.bill, signed.truth))


def checked(signed: SignedBill) -> None:
    assert all(check() for check in signed.checks)


def rows(found: dict[str, float], count: int) -> list[Row]:
    return [
        Row(
            "intervals rated, with lines",
            found["rate"],
            (
                Beside("peer: Decimal loop, the same lines, rates given", found["decimal"]),
                Beside("limit: plain integers, no lines, rates given", found["ints"]),
                Beside("limit: numpy int64, no lines, rates given", found["numpy"] * count),
            ),
        ),
        Row(
            "on tiers with a credit, with lines",
            found["remembering"],
            (Beside("limit: ours on the plan above, which remembers nothing", found["rate"]),),
        ),
        Row(
            "statements with heads",
            found["statement"],
            (Beside("limit: canonical JSON and its keccak alone", found["hash"]),),
        ),
        Row(
            "bills verified",
            found["bill"],
            (Beside("limit: their signatures alone", found["signatures"]),),
        ),
    ]


if __name__ == "__main__":
    main()
