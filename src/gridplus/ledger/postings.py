"""What each thing that happens does to the accounts: one table, and the day's work over it.

`DEPOSITS` in the table stands for the account of the home in question. On chain a claim moves the
homes' `spent` into the retailer's pool and pays their `earned` out of it; the ledger does the same,
so that trust cash is always what the chain owes the homes, and equals their deposits as soon as
every bill that was posted is claimed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from gridplus.failures import invariant
from gridplus.ledger.chart import (
    ADDER_INCOME,
    CAPITAL,
    DAY_AHEAD_ENERGY,
    DEPOSITS,
    ENERGY_INCOME,
    ERCOT_ACCRUED,
    ERCOT_DIFFERENCE,
    ERCOT_PAYABLE,
    GAS,
    HOME_ENERGY,
    IMBALANCE_ENERGY,
    OPERATING_CASH,
    POOL,
    TAX_PAYABLE,
    TDSP_ACCRUED,
    TDSP_DIFFERENCE,
    TDSP_PAYABLE,
    TRUST_CASH,
    WHOLESALE_ACCRUED,
    WHOLESALE_DIFFERENCE,
    WHOLESALE_PAYABLE,
    Account,
    deposits_of,
)
from gridplus.ledger.transfer import Code, Transfer, transfer_id
from gridplus.units import WH_PER_MWH, mul_div_up


@dataclass(frozen=True, slots=True)
class Route:
    """Where the money of one code goes."""

    debit: Account
    credit: Account
    memo: str


ROUTES = MappingProxyType(
    {
        Code.CAPITAL: Route(OPERATING_CASH, CAPITAL, "owners put money in"),
        Code.POOL_FUNDING: Route(POOL, OPERATING_CASH, "retailer funds its pool"),
        Code.POOL_WITHDRAWAL: Route(OPERATING_CASH, POOL, "treasurer withdraws"),
        Code.DEPOSIT: Route(TRUST_CASH, DEPOSITS, "home deposits"),
        Code.WITHDRAWAL: Route(DEPOSITS, TRUST_CASH, "home is paid out"),
        Code.ENERGY: Route(DEPOSITS, ENERGY_INCOME, "energy taken"),
        Code.ADDER: Route(DEPOSITS, ADDER_INCOME, "retail adder"),
        Code.DELIVERY: Route(DEPOSITS, TDSP_ACCRUED, "delivery passed through"),
        Code.ERCOT_FEE: Route(DEPOSITS, ERCOT_ACCRUED, "grid operator's fee"),
        Code.TAX: Route(DEPOSITS, TAX_PAYABLE, "taxes"),
        Code.EXPORT_CREDIT: Route(HOME_ENERGY, DEPOSITS, "energy bought from home"),
        Code.CLAIMED_SPENT: Route(POOL, TRUST_CASH, "vouchers claimed: spent"),
        Code.CLAIMED_EARNED: Route(TRUST_CASH, POOL, "vouchers claimed: earned"),
        Code.DAY_AHEAD: Route(DAY_AHEAD_ENERGY, WHOLESALE_ACCRUED, "position bought"),
        Code.IMBALANCE: Route(IMBALANCE_ENERGY, WHOLESALE_ACCRUED, "imbalance"),
        Code.GAS: Route(GAS, OPERATING_CASH, "gas"),
        Code.WHOLESALE_INVOICED: Route(WHOLESALE_ACCRUED, WHOLESALE_PAYABLE, "market invoices"),
        Code.WHOLESALE_DIFFERENCE: Route(WHOLESALE_DIFFERENCE, WHOLESALE_PAYABLE, "trued up"),
        Code.WHOLESALE_PAID: Route(WHOLESALE_PAYABLE, OPERATING_CASH, "market is paid"),
        Code.TDSP_INVOICED: Route(TDSP_ACCRUED, TDSP_PAYABLE, "wires company invoices"),
        Code.TDSP_DIFFERENCE: Route(TDSP_DIFFERENCE, TDSP_PAYABLE, "beyond what was collected"),
        Code.TDSP_PAID: Route(TDSP_PAYABLE, OPERATING_CASH, "wires company is paid"),
        Code.ERCOT_INVOICED: Route(ERCOT_ACCRUED, ERCOT_PAYABLE, "grid operator invoices"),
        Code.ERCOT_DIFFERENCE: Route(ERCOT_DIFFERENCE, ERCOT_PAYABLE, "beyond what was collected"),
        Code.ERCOT_PAID: Route(ERCOT_PAYABLE, OPERATING_CASH, "grid operator is paid"),
        Code.TAX_PAID: Route(TAX_PAYABLE, OPERATING_CASH, "taxes are paid"),
    }
)
CHARGES = (Code.ENERGY, Code.ADDER, Code.DELIVERY, Code.ERCOT_FEE, Code.TAX)
"""The lines of a home's bill; a RESTATEMENT takes their routes, or the export credit's, backward
where the new version is lower."""


@dataclass(frozen=True, slots=True)
class BilledDay:
    """What one home's vouchers of one operating day moved, and why.

    `spent_ubolt` and `earned_ubolt` are how far the home's counters rose over the day;
    `lines_ubolt` is the bill's printed total by line; it sums to `spent_ubolt`.
    """

    home: bytes
    day: date
    spent_ubolt: int
    earned_ubolt: int
    lines_ubolt: Mapping[Code, int]


@dataclass(frozen=True, slots=True)
class Restatement:
    """How a new version of one home's bill differs from the version that it replaces.

    `old` and `new` are the digests of the two; `lines_ubolt` and `earned_ubolt` are new less old,
    by line and for exports, and may be negative.
    """

    home: bytes
    day: date
    old: bytes
    new: bytes
    lines_ubolt: Mapping[Code, int]
    earned_ubolt: int

    @property
    def delta_ubolt(self) -> int:
        """What the home owes more; below zero it is a credit."""
        return sum(self.lines_ubolt.values()) - self.earned_ubolt


@dataclass(frozen=True, slots=True)
class Lot:
    """Energy at one price; `energy_wh` is negative when it was sold rather than bought."""

    energy_wh: int
    price_ubolt_per_mwh: int


def movement(
    code: Code, source: bytes, *, day: date, amount_ubolt: int, home: bytes = b""
) -> tuple[Transfer, ...]:
    """The transfer of `code` that `source` causes; none when nothing moved.

    `source` tells it from others of its code and day: a chain log, an award, an invoice. `home` is
    the channel id, for the codes that touch a deposit.
    """
    invariant(amount_ubolt >= 0, "money moves forward; a correction has a code of its own")
    if amount_ubolt == 0:
        return ()
    route, deposits = ROUTES[code], deposits_of(home)
    return (
        Transfer(
            id=transfer_id(code, day, source=source),
            debit=deposits if route.debit == DEPOSITS else route.debit,
            credit=deposits if route.credit == DEPOSITS else route.credit,
            amount_ubolt=amount_ubolt,
            code=code,
            day=day,
            memo=route.memo,
        ),
    )


def bill(billed: BilledDay) -> tuple[Transfer, ...]:
    """Post a home's day, line by line, once its vouchers are durable: at most once a home and day.

    The books hold what the bill prints, to the µBOLT, in the order of `CHARGES`.
    """
    home, day, lines = billed.home, billed.day, billed.lines_ubolt
    invariant(lines.keys() <= set(CHARGES), "a bill is made of charges")
    invariant(sum(lines.values()) == billed.spent_ubolt, "a bill is the sum of its lines")
    amounts = [(code, lines.get(code, 0)) for code in CHARGES]
    amounts.append((Code.EXPORT_CREDIT, billed.earned_ubolt))
    return tuple(
        transfer
        for code, amount in amounts
        for transfer in movement(code, home, day=day, amount_ubolt=amount, home=home)
    )


def restatement(restated: Restatement, *, posted_on: date) -> tuple[Transfer, ...]:
    """Post the difference between two versions of a home's bill, line by line, on a later day.

    Each transfer names both versions and the restated day. What the home owes less it gets back
    from the account that was credited: income, or what was collected for others.
    """
    invariant(restated.lines_ubolt.keys() <= set(CHARGES), "a bill is made of charges")
    amounts = [(code, restated.lines_ubolt.get(code, 0)) for code in CHARGES]
    amounts.append((Code.EXPORT_CREDIT, restated.earned_ubolt))
    return tuple(
        either_way(_restated(line, restated, posted_on=posted_on), amount)
        for code, amount in amounts
        for line in movement(
            code, restated.home, day=restated.day, amount_ubolt=abs(amount), home=restated.home
        )
    )


def claim(source: bytes, *, day: date, spent_ubolt: int, earned_ubolt: int) -> tuple[Transfer, ...]:
    """Post one claim transaction: how far it raised the homes' counters on chain, all together."""
    spent = movement(Code.CLAIMED_SPENT, source, day=day, amount_ubolt=spent_ubolt)
    return spent + movement(Code.CLAIMED_EARNED, source, day=day, amount_ubolt=earned_ubolt)


def energy(code: Code, source: bytes, *, day: date, lots: Sequence[Lot]) -> tuple[Transfer, ...]:
    """Post wholesale energy: a DAY_AHEAD position, or the IMBALANCE (consumption minus position).

    The cost is rounded up once over all lots; when it is negative the market owes the retailer.
    """
    invariant(code in (Code.DAY_AHEAD, Code.IMBALANCE), "wholesale energy is bought in two ways")
    cost_pbolt = sum(lot.energy_wh * lot.price_ubolt_per_mwh for lot in lots)
    cost_ubolt = mul_div_up(cost_pbolt, 1, divisor=WH_PER_MWH)
    net_wh = sum(lot.energy_wh for lot in lots)
    transfers = movement(code, source, day=day, amount_ubolt=abs(cost_ubolt))
    return tuple(
        either_way(t._replace(memo=f"{t.memo}, {net_wh} Wh net"), cost_ubolt) for t in transfers
    )


def _restated(line: Transfer, restated: Restatement, *, posted_on: date) -> Transfer:
    old, new = restated.old, restated.new
    source = restated.home + old + new + line.code.encode()
    return line._replace(
        id=transfer_id(Code.RESTATEMENT, posted_on, source=source),
        code=Code.RESTATEMENT,
        day=posted_on,
        memo=f"{line.memo} on {line.day} restated: 0x{new.hex()} replaces 0x{old.hex()}",
    )


def either_way(transfer: Transfer, sign: int) -> Transfer:
    """`transfer`, or its way back when `sign` is negative."""
    if sign >= 0:
        return transfer
    return transfer._replace(debit=transfer.credit, credit=transfer.debit)
