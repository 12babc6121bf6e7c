"""A bill as a story for people: the same numbers, in the order in which one would tell them.

Money stays in µBOLT and energy in Wh; slots and lines sum exactly to the totals of the bills.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.tariff import BillDocument, BilledInterval, Code, Side
from gridplus.units import share_by_largest_remainder, utc_from_s

_TENTHS = 1_000


class View(StrEnum):
    """How finely a bill is told."""

    INTERVAL = "interval"
    DAY = "day"
    MONTH = "month"


class Phase(StrEnum):
    """Who in the supply chain gets a line of the bill."""

    GENERATION = "Power plants and the wholesale market"
    WIRES = "Transmission and distribution"
    OPERATOR = "Market operator"
    RETAIL = "Your retailer"
    TAXES = "Taxes and assessments"


_WORDS = MappingProxyType(
    {
        "energy": (Phase.GENERATION, "Energy you took from the grid, at the index"),
        "block": (Phase.GENERATION, "Energy bought for you ahead at a fixed price"),
        "adder": (Phase.RETAIL, "Retail adder"),
        "standing": (Phase.RETAIL, "Standing charge"),
        "capacity": (Phase.RETAIL, "Capacity charge"),
        "demand": (Phase.RETAIL, "Demand charge"),
        "minimum_use": (Phase.RETAIL, "Minimum-use fee"),
        "delivery": (Phase.WIRES, "Delivery, per kWh"),
        "delivery_monthly": (Phase.WIRES, "Delivery, this period's part of the month"),
        "ercot_fee": (Phase.OPERATOR, "Grid operator's fee"),
        "tax_puc": (Phase.TAXES, "Utility commission assessment"),
        "tax_gross_receipts": (Phase.TAXES, "Gross receipts tax"),
        "export": (Phase.GENERATION, "Energy you fed into the grid"),
        "energy_credit": (Phase.GENERATION, "Energy taken while its price was below zero"),
        "block_credit": (Phase.GENERATION, "Energy bought ahead for you and not used"),
        "own_use": (Phase.GENERATION, "Your own energy, used in the same interval"),
        "net_metering": (Phase.GENERATION, "Your own energy, set off against what you took"),
        "net_surplus": (Phase.GENERATION, "Your own energy left over"),
        "usage_credit": (Phase.RETAIL, "Usage credit"),
        "markup_waived": (Phase.RETAIL, "Mark-up waived by your kWh credits"),
        "demand_response": (Phase.GENERATION, "Use you left out when the grid called"),
        "tax_returned": (Phase.TAXES, "Taxes on what was set off"),
    }
)
"""Of each line that a bill may have: whose it is, and what it is called."""


def phase_of(code: Code) -> Phase:
    return _WORDS[code.value][0]


def title_of(code: Code) -> str:
    return _WORDS[code.value][1]


@dataclass(frozen=True, slots=True)
class Slot:
    """Use and money of one interval, hour or day; charges and credits are as the counters rose."""

    label: str
    import_wh: int
    export_wh: int
    charges_ubolt: int
    credits_ubolt: int


@dataclass(frozen=True, slots=True)
class Amount:
    """A line of the bill, over the period. `average` is µBOLT/MWh, None where it has no kWh."""

    code: Code
    quantity_wh: int
    average: int | None
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class Proof:
    """How to check one bill: its file, the last head, and the root its proof leads to, if it meets
    one; `transaction` anchored that root, where a chain was asked."""

    file: str
    day: date
    head: bytes
    root: bytes | None
    transaction: bytes | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that is printed, in its order."""

    view: View
    first_day: date
    last_day: date
    plan_name: str
    plan_digest: bytes
    channel: bytes
    zone: str
    slots: tuple[Slot, ...]
    amounts: tuple[Amount, ...]
    import_wh: int
    export_wh: int
    charges_ubolt: int
    credits_ubolt: int
    spent_ubolt: int
    earned_ubolt: int
    proofs: tuple[Proof, ...]

    @property
    def due_ubolt(self) -> int:
        """Charges less credits; below zero when the home earned more."""
        return self.charges_ubolt - self.credits_ubolt

    @property
    def phases(self) -> dict[Phase, tuple[int, int]]:
        """What each phase of the supply chain got of the charges, in µBOLT and in tenths of a
        percent; they sum to the charges and, where there are any, to 1,000."""
        shares = dict.fromkeys(Phase, 0)
        for amount in self.amounts:
            if amount.code.side is Side.CHARGE:
                shares[phase_of(amount.code)] += amount.amount_ubolt
        tenths = share_by_largest_remainder(
            _TENTHS if self.charges_ubolt else 0, [*shares.values()]
        )
        return dict(zip(shares, zip(shares.values(), tenths, strict=True), strict=True))

    @property
    def period(self) -> str:
        first, last = self.first_day, self.last_day
        if first == last:
            return f"{first:%A}, {first.day} {first:%B %Y}"
        return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


def story_of(bills: Sequence[BillDocument], proofs: Sequence[Proof], *, view: View) -> Story:
    """Tell at least one bill, of one home, in the order of its days; `proofs` are theirs.

    Raises InputError when they are not of one home and plan, or do not follow each other.
    """
    first, last = bills[0], bills[-1]
    _require_chained(bills)
    intervals = [billed for bill in bills for billed in bill.intervals]
    totals = [bill.totals for bill in bills]
    return Story(
        view=view,
        first_day=first.operating_day,
        last_day=last.operating_day,
        plan_name=first.plan.name,
        plan_digest=first.plan.digest,
        channel=first.channel,
        zone=first.plan.time_zone,
        slots=tuple(_slots(bills, view)),
        amounts=tuple(_amounts(bills, intervals)),
        import_wh=sum(total.import_wh for total in totals),
        export_wh=sum(total.export_wh for total in totals),
        charges_ubolt=sum(total.charges_ubolt for total in totals),
        credits_ubolt=sum(total.credits_ubolt for total in totals),
        spent_ubolt=last.closing.spent_ubolt,
        earned_ubolt=last.closing.earned_ubolt,
        proofs=tuple(proofs),
    )


def _require_chained(bills: Sequence[BillDocument]) -> None:
    for before, after in pairwise(bills):
        if (before.channel, before.plan.digest) != (after.channel, after.plan.digest):
            raise InputError("these bills are not of one home and plan; print them one by one")
        if after.opening.head != before.intervals[-1].head:
            raise InputError(
                f"the bill of {after.operating_day} does not continue the one of "
                f"{before.operating_day}; name every day between, in order"
            )


def _slots(bills: Sequence[BillDocument], view: View) -> Iterator[Slot]:
    """Intervals, local hours or days, in order; a repeated hour of autumn stands twice."""
    zone = ZoneInfo(bills[0].plan.time_zone)
    grouped: dict[tuple[str, int], list[int]] = {}
    for bill in bills:
        spent, earned = bill.opening.total.spent_ubolt, bill.opening.total.earned_ubolt
        for billed in bill.intervals:
            statement, read = billed.statement, billed.statement.read
            sums = grouped.setdefault(
                _slot_of(statement.interval.start_s, zone, view=view), [0] * 4
            )
            for place, added in enumerate(
                (
                    read.import_wh,
                    read.export_wh,
                    statement.spent_ubolt - spent,
                    statement.earned_ubolt - earned,
                )
            ):
                sums[place] += added
            spent, earned = statement.spent_ubolt, statement.earned_ubolt
    for (label, _), sums in grouped.items():
        yield Slot(label, *sums)


def _slot_of(start_s: int, zone: ZoneInfo, *, view: View) -> tuple[str, int]:
    """A label, and what tells it from another slot with the same one."""
    local = utc_from_s(start_s).astimezone(zone)
    if view is View.INTERVAL:
        return f"{local:%H:%M}", start_s
    if view is View.DAY:
        return f"{local:%H}:00", start_s // 3_600
    return f"{local:%d %b}", _ordinal(local)


def _ordinal(local: datetime) -> int:
    return local.date().toordinal()


def _amounts(
    bills: Sequence[BillDocument], intervals: Sequence[BilledInterval]
) -> Iterator[Amount]:
    printed: Counter[Code] = Counter()
    for bill in bills:
        printed.update(dict(bill.totals.lines_ubolt))
    quantities: Counter[Code] = Counter()
    for billed in intervals:
        for line in billed.statement.lines:
            quantities[line.code] += line.quantity_wh
    for code in Code:
        wh, amount_ubolt = quantities[code], printed[code]
        if wh or amount_ubolt:
            average = 1_000_000 * amount_ubolt // wh if wh else None
            yield Amount(code, wh, average, amount_ubolt)
