"""What the back office's journal says by itself, day by day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from gridplus.audit.difference import Difference, Report, Side
from gridplus.failures import GridPlusError, StorageError
from gridplus.journal import Stored
from gridplus.ledger import Transfer, parse_batch
from gridplus.market import PriceVersion, parse_price_version
from gridplus.retailer.bid import Bid
from gridplus.retailer.decision import Decision
from gridplus.retailer.facts import (
    DayClosed,
    Kind,
    VaultFollowed,
    day_of,
    parse_bought,
    parse_closed,
    parse_decided,
    parse_followed,
)
from gridplus.tariff import Plan, parse_plan
from gridplus.wire import PriceEvent


@dataclass
class OfficeDay:
    """All that was journaled of one operating day; what is None is not there."""

    prices: PriceVersion | None = None
    bid: Bid | None = None
    secret: bytes | None = None
    event: PriceEvent | None = None
    followed: VaultFollowed | None = None
    batch: tuple[Transfer, ...] = ()
    closed: DayClosed | None = None


@dataclass
class OfficeSide:
    """`days` are in the order in which they were opened."""

    plan: Plan | None = None
    days: dict[date, OfficeDay] = field(default_factory=dict)
    published: set[bytes] = field(default_factory=set)
    corrected: dict[bytes, PriceVersion] = field(default_factory=dict)
    decided: list[Decision] = field(default_factory=list)

    @property
    def versions(self) -> dict[bytes, PriceVersion]:
        """Every price version that was ever adopted, by digest."""
        first = [day.prices for day in self.days.values() if day.prices is not None]
        return {prices.digest: prices for prices in first} | self.corrected

    def read(self, facts: Iterable[Stored], report: Report) -> None:
        """Take all facts. One that cannot be read is reported, and the next one taken."""
        for stored in facts:
            try:
                self._take(stored)
            except (GridPlusError, ValueError) as error:
                report(Difference(Side.OFFICE, "journal", f"fact {stored.sequence}: {error}"))

    def _take(self, stored: Stored) -> None:
        kind, body, what = stored.fact.kind, stored.fact.body, f"fact {stored.sequence}"
        if kind in (Kind.OUTBOX_WRITTEN, Kind.INVOICE_RECEIVED):
            return  # no day rests on it
        if kind == Kind.PLAN_ADOPTED:
            self.plan = parse_plan(body, what=what)
            return
        day = self.days.setdefault(day_of(stored), OfficeDay())
        match kind:
            case Kind.PRICES_ADOPTED:
                day.prices = parse_price_version(body)
            case Kind.POSITION_BOUGHT:
                day.bid = parse_bought(stored)
            case Kind.SALT_DRAWN:
                day.secret = body
            case Kind.PRICES_PUBLISHED:
                event = PriceEvent.parse(body)
                day.event = day.event or event
                self.published.add(event.prices)
            case Kind.PRICES_CORRECTED:
                prices = parse_price_version(body)
                self.corrected[prices.digest] = prices
            case Kind.RESTATEMENT_DECIDED:
                self.decided.append(parse_decided(stored))
            case Kind.VAULT_FOLLOWED:
                day.followed = parse_followed(stored)
            case Kind.BATCH_POSTED:
                day.batch = parse_batch(body, what=what)
            case Kind.DAY_CLOSED:
                day.closed = parse_closed(stored)
            case _:
                raise StorageError(f"is of kind {kind}, a newer version's")
