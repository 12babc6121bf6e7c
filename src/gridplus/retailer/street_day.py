"""One operating day of the street, as the hub billed it: checked, added up, bound in a tree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from gridplus import ledger, wire
from gridplus.channel import Counters
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.retailer.customers import Customer
from gridplus.retailer.errors import DayIncompleteError
from gridplus.retailer.facts import BilledTo
from gridplus.tariff import (
    BillDocument,
    Code,
    Inclusion,
    Liability,
    Plan,
    Restated,
    Restatement,
    Side,
    Statement,
    SumNode,
    build_bill,
    home_salt,
    liability_tree,
    restated_ubolt,
    with_restated,
)
from gridplus.units import Interval, format_utc
from gridplus.wallet import ChannelId

LEDGER_CODES = {
    Code.ENERGY: ledger.Code.ENERGY,
    Code.ADDER: ledger.Code.ADDER,
    Code.DELIVERY: ledger.Code.DELIVERY,
    Code.DELIVERY_MONTHLY: ledger.Code.DELIVERY,
    Code.ERCOT_FEE: ledger.Code.ERCOT_FEE,
    Code.STANDING: ledger.Code.ENERGY,
    Code.CAPACITY: ledger.Code.ENERGY,
    Code.BLOCK: ledger.Code.ENERGY,
    Code.DEMAND: ledger.Code.ENERGY,
    Code.MINIMUM_USE: ledger.Code.ENERGY,
    Code.TAX_PUC: ledger.Code.TAX,
    Code.TAX_GROSS_RECEIPTS: ledger.Code.TAX,
}
"""Where the lines of a bill that are charges go in the ledger."""


@dataclass(frozen=True, slots=True)
class DayTerms:
    """Under what the day was sold, how far each home was billed before it, the secret from which
    the salts of its leaves are made, and the price versions that restatements may cite."""

    plan: Plan
    prices: PriceVersion
    secret: bytes
    billed: Mapping[ChannelId, BilledTo]
    versions: Mapping[bytes, PriceVersion] = field(default_factory=dict)

    @property
    def day(self) -> date:
        return self.prices.operating_day

    @property
    def intervals(self) -> tuple[Interval, ...]:
        return operating_day_intervals(self.day, self.plan.time_zone)


@dataclass(frozen=True, slots=True)
class StreetDay:
    """The bills by customer, in the order of their channels, with their way to `root`."""

    bills: Mapping[str, BillDocument]
    root: SumNode

    @property
    def consumption_wh(self) -> dict[Interval, int]:
        """Import less export of all homes, per settlement interval."""
        total_wh: Counter[Interval] = Counter()
        for bill in self.bills.values():
            for billed in bill.intervals:
                read = billed.statement.read
                total_wh[read.interval] += read.import_wh - read.export_wh
        return dict(total_wh)

    @property
    def billed(self) -> dict[ChannelId, BilledTo]:
        """How far each home is billed with this day."""
        return {bill.channel: _billed_to(bill) for bill in self.bills.values()}


def require_customers(customers: Sequence[Customer], channels: Sequence[ChannelId]) -> None:
    """Raises DayIncompleteError unless the hub bills exactly the channels of the customers."""
    for customer in customers:
        if customer.channel not in channels:
            raise DayIncompleteError(f"{customer.name}: the hub has no bill of this customer")
    strangers = set(channels) - {customer.channel for customer in customers}
    if strangers:
        raise DayIncompleteError(f"the hub bills channel 0x{min(strangers).hex()}; whose is it?")


def make_street_day(days: Mapping[Customer, wire.BilledDay], *, terms: DayTerms) -> StreetDay:
    """Lay the homes' days together. At least one home.

    Raises DayIncompleteError that names the home and the interval when one is missing, was billed
    under other terms, does not continue the bills before it, or when the day's end is not paid.
    """
    in_order = sorted(days.items(), key=lambda item: item[0].channel)
    for customer, day in in_order:
        _require_sound(customer, day, terms=terms)
    tree = liability_tree(
        [
            (Liability.after(day.records[-1].statement), home_salt(terms.secret, customer.channel))
            for customer, day in in_order
        ]
    )
    return StreetDay(
        {
            customer.name: bill_of_day(
                day,
                plan=terms.plan,
                prices=terms.prices,
                versions=terms.versions,
                inclusion=tree.inclusion(place),
            )
            for place, (customer, day) in enumerate(in_order)
        },
        tree.root,
    )


def bill_of_day(
    day: wire.BilledDay,
    *,
    plan: Plan,
    prices: PriceVersion,
    versions: Mapping[bytes, PriceVersion],
    inclusion: Inclusion,
) -> BillDocument:
    """What a home is sent of its day. `versions` are those that its restatements may cite."""
    intervals = [(record.statement, record.evidence) for record in day.records]
    made = build_bill(
        day.identity, plan=plan, prices=prices, intervals=intervals, inclusion=inclusion
    )
    return replace(with_restated(made, Restated(day.restated, versions)), settled=day.settled)


def ledger_day(bill: BillDocument) -> ledger.BilledDay:
    """What the ledger posts of a bill."""
    totals = bill.totals
    lines_ubolt = dict.fromkeys(LEDGER_CODES.values(), 0)
    for code, amount_ubolt in totals.lines_ubolt:
        if code.side is Side.CHARGE:
            lines_ubolt[LEDGER_CODES[code]] += amount_ubolt
    return ledger.BilledDay(
        home=bill.channel,
        day=bill.operating_day,
        spent_ubolt=totals.charges_ubolt,
        earned_ubolt=totals.credits_ubolt,
        lines_ubolt=lines_ubolt,
    )


def ledger_restatements(restatement: Restatement) -> tuple[ledger.Restatement, ...]:
    """What the ledger posts of a restatement: one for each operating day that it restates. Together
    they move the home's deposit by exactly what the channel's counters moved."""
    owed_ubolt = restated_ubolt(restatement)
    days: dict[date, bytes] = {}
    for revision in restatement.revisions:
        days.setdefault(revision.operating_day, revision.replaces)
    posted = []
    for day, replaced in days.items():
        lines_ubolt = dict.fromkeys(LEDGER_CODES.values(), 0)
        credited_ubolt = 0
        for (of_day, code), owed in owed_ubolt.items():
            if of_day == day and code.side is Side.CHARGE:
                lines_ubolt[LEDGER_CODES[code]] += owed
            elif of_day == day:
                credited_ubolt -= owed
        posted.append(
            ledger.Restatement(
                restatement.channel, day, replaced, restatement.head, lines_ubolt, credited_ubolt
            )
        )
    return tuple(posted)


def _require_sound(customer: Customer, day: wire.BilledDay, *, terms: DayTerms) -> None:
    where = f"{customer.name} on {terms.day}"
    if day.identity.channel != customer.channel:
        raise DayIncompleteError(f"{where}: the hub sent another channel's day")
    statements = [record.statement for record in day.records]
    _require_whole(statements, terms.intervals, where=where)
    before = terms.billed.get(customer.channel)
    _require_continued(day, before.head if before else customer.channel, where=where)
    sold_under = (customer.channel, terms.plan.digest, terms.prices.digest)
    for statement in statements:
        if sold_under != (statement.channel, statement.plan_digest, statement.price_digest):
            raise DayIncompleteError(
                f"{where}: {format_utc(statement.interval.start)} is not billed under plan "
                f"{terms.plan.id} at the published prices"
            )
    if day.records[-1].evidence.voucher is None:
        raise DayIncompleteError(f"{where}: the day is not paid to its end")


def _require_whole(statements: Sequence[Statement], due: Sequence[Interval], *, where: str) -> None:
    found = [statement.interval for statement in statements]
    missing = sorted(set(due) - set(found))
    if missing:
        first = format_utc(missing[0].start)
        raise DayIncompleteError(f"{where}: {first} is not billed, {len(missing)} of {len(due)}")
    if found != list(due):
        raise DayIncompleteError(f"{where}: the intervals are not those of the day, each once")


def _require_continued(day: wire.BilledDay, head: bytes, *, where: str) -> None:
    restated = {link.link.previous_head: link.head for link in day.restated}
    for statement in (record.statement for record in day.records):
        while head != statement.previous_head and head in restated:
            head = restated.pop(head)
        if statement.previous_head != head:
            raise DayIncompleteError(
                f"{where}: {format_utc(statement.interval.start)} does not continue the bill "
                "before it; close the days one after the other"
            )
        head = statement.head


def _billed_to(bill: BillDocument) -> BilledTo:
    closing = bill.closing
    return BilledTo(bill.intervals[-1].head, Counters(closing.spent_ubolt, closing.earned_ubolt))
