"""The back office decides that earlier bills were not right, and has the hub restate them.

What is decided is journaled first, and its orders are always the same; so a crash anywhere, and
asking again, restates each home once.
"""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.contracts.calls import MAX_CORRECTED_VERSION
from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.retailer.book import Book
from gridplus.retailer.decision import Decision
from gridplus.retailer.errors import NothingToRestateError
from gridplus.tariff import Cause, Fields, Plan, format_octets
from gridplus.tariff.moment import local_day
from gridplus.tariff.restatement import MAX_REVISIONS
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval
from gridplus.wallet import ChannelId
from gridplus.wire import OrderRestatement, RefusalMessage, RestatementOffer, RightInputs

_START_MAX_S = 1 << 33


@dataclass(frozen=True, slots=True)
class AskedRestatement:
    """What the administrator asks for: the corrected prices of `day`, or other reads of `home`."""

    day: date | None
    home: str
    reads: tuple[RightInputs, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Raises InputError that names the field."""
        if fields.choice("cause", (Cause.PRICES, Cause.READ)) == Cause.PRICES:
            found = cls(fields.day("day"), "", ())
        else:
            reads = fields.objects("reads", limit=MAX_REVISIONS)
            found = cls(None, fields.text("home"), tuple(_read(each) for each in reads))
            starts = [read.interval.start_s for read in found.reads]
            if not starts or starts != sorted(set(starts)):
                fields.fail("reads", "must name one or more, in order of time, each once")
        fields.close()
        return found


def decide_prices(book: Book, prices: PriceVersion, *, decided_at_s: int) -> Decision:
    """Restate every home of a day where `prices` differ from the newest that it was billed with;
    the same decision as before, if it was made already.

    Raises NothingToRestateError when the day is not closed or nothing differs, InputError for
    prices that cannot follow those.
    """
    day = prices.operating_day
    known = [decided for decided in book.decided if _cites(decided, prices)]
    if known:
        return known[0]
    before = book.newest_prices(day)
    if not before.version < prices.version <= MAX_CORRECTED_VERSION:
        raise NothingToRestateError(f"{prices} do not come after version {before.version}")
    if prices.step_s != before.step_s:
        raise InputError(f"{prices} are of {prices.step_s} s, the ones before of {before.step_s}")
    changed = tuple(
        RightInputs(interval, None, prices.digest)
        for interval in operating_day_intervals(day)
        if prices.price_at(interval) != before.price_at(interval)
    )
    if not changed:
        raise NothingToRestateError(f"{prices} say what version {before.version} says")
    return Decision(Cause.PRICES, decided_at_s, book.homes[day], changed)


def decide_reads(
    book: Book, asked: AskedRestatement, *, channel: ChannelId, plan: Plan, decided_at_s: int
) -> Decision:
    """Restate a home's intervals with other reads; the same decision as before, if it was made
    already. Raises NothingToRestateError for an interval of a day that did not bill this home."""
    for read in asked.reads:
        day = local_day(plan.time_zone, read.interval.start_s)
        if channel not in book.homes.get(day, ()):
            raise NothingToRestateError(f"{day} is not closed with a bill of this home")
    found = Decision(Cause.READ, decided_at_s, (channel,), asked.reads)
    return next((decided for decided in book.decided if decided.says(found)), found)


def told(
    name: str, order: OrderRestatement, *, answer: RestatementOffer | RefusalMessage
) -> dict[str, Document]:
    """What became of an order."""
    if isinstance(answer, RefusalMessage):
        return {"home": name, "order": format_octets(order.id), "refused": answer.name}
    restatement = answer.restatement
    return {
        "home": name,
        "order": format_octets(order.id),
        "refused": None,
        "intervals": len(restatement.revisions),
        "waived": sum(revision.waived for revision in restatement.revisions),
        "owed_ubolt": restatement.owed_ubolt,
        "head": format_octets(restatement.head),
    }


def _cites(decided: Decision, prices: PriceVersion) -> bool:
    return any(inputs.prices == prices.digest for inputs in decided.inputs)


def _read(fields: Fields) -> RightInputs:
    start_s = fields.integer("start_s", high=_START_MAX_S)
    energy_wh = (fields.integer("import_wh"), fields.integer("export_wh"))
    fields.close()
    return RightInputs(Interval(start_s, SETTLEMENT_INTERVAL_S), energy_wh, None)
