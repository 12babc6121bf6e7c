"""What the back office knows, rebuilt from its journal fact by fact."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from gridplus.channel import Counters
from gridplus.contracts.word import ChannelWord
from gridplus.digest import Document, canonical_json
from gridplus.failures import InputError, StorageError
from gridplus.journal import SqliteJournal, Stored
from gridplus.ledger import Invoice, Ledger, Payee, Refused, Transfer, invoice, parse_batch
from gridplus.market import PriceVersion, parse_price_version
from gridplus.retailer.bid import Bid
from gridplus.retailer.decision import Decision
from gridplus.retailer.facts import (
    BilledTo,
    Kind,
    day_of,
    parse_bought,
    parse_closed,
    parse_decided,
    parse_followed,
    parse_invoice,
)
from gridplus.retailer.invoices import ReceivedInvoice
from gridplus.tariff import Plan, parse_plan
from gridplus.wallet import ChannelId
from gridplus.wire import PriceEvent

JOURNAL_FILE = "retailer.journal"


@dataclass(frozen=True, slots=True)
class OpenedDay:
    """Prices that cleared, the position that was bought at them, and the secret (32 bytes) that
    will salt the leaves of its bills."""

    prices: PriceVersion
    bid: Bid
    secret: bytes = b""


@dataclass
class Book:
    """`words` and `next_block` are where the vault was last read, `billed` how far each home is.

    One thread at a time applies facts. Others may look at `events` and `documents` meanwhile.
    """

    plan: Plan | None = None
    prices: dict[date, PriceVersion] = field(default_factory=dict)
    days: dict[date, OpenedDay] = field(default_factory=dict)
    events: list[PriceEvent] = field(default_factory=list)
    documents: dict[bytes, bytes] = field(default_factory=dict)
    """Published price versions by digest."""
    closed: dict[date, Document] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    words: dict[ChannelId, ChannelWord] = field(default_factory=dict)
    next_block: int = 0
    invoices: dict[tuple[Payee, str], tuple[ReceivedInvoice, Invoice]] = field(default_factory=dict)
    billed: dict[ChannelId, BilledTo] = field(default_factory=dict)
    homes: dict[date, tuple[ChannelId, ...]] = field(default_factory=dict)
    """Whom a closed day billed, in order."""
    corrected: dict[bytes, PriceVersion] = field(default_factory=dict)
    """Later versions of closed days' prices, by digest."""
    decided: list[Decision] = field(default_factory=list)

    @property
    def versions(self) -> dict[bytes, PriceVersion]:
        """Every price version that was ever adopted, by digest."""
        return {prices.digest: prices for prices in self.prices.values()} | self.corrected

    def newest_prices(self, day: date) -> PriceVersion:
        """Of a day that was opened."""
        later = [version for version in self.corrected.values() if version.operating_day == day]
        return max([self.prices[day], *later], key=lambda version: version.version)

    def replay(self, facts: Iterable[Stored]) -> None:
        """Apply durable facts in their order. Raises StorageError for one of an unknown kind."""
        for stored in facts:
            self._apply(stored)

    def event_of(self, day: date) -> PriceEvent | None:
        """The event that published the prices of `day`."""
        return next((event for event in self.events if event.operating_day == day), None)

    def _apply(self, stored: Stored) -> None:
        body = stored.fact.body
        match stored.fact.kind:
            case Kind.PLAN_ADOPTED:
                self.plan = parse_plan(body, what=f"fact {stored.sequence}")
            case Kind.PRICES_ADOPTED:
                self.prices[day_of(stored)] = parse_price_version(body)
            case Kind.POSITION_BOUGHT:
                day = day_of(stored)
                self.days[day] = OpenedDay(self.prices[day], parse_bought(stored))
            case Kind.SALT_DRAWN:
                day = day_of(stored)
                self.days[day] = replace(self.days[day], secret=body)
            case Kind.PRICES_PUBLISHED:
                self._publish(PriceEvent.parse(body))
            case Kind.VAULT_FOLLOWED:
                followed = parse_followed(stored)
                self.words |= followed.words
                self.next_block = followed.next_block
            case Kind.BATCH_POSTED:
                self._post(parse_batch(body, what=f"fact {stored.sequence}"), stored)
            case Kind.PRICES_CORRECTED:
                prices = parse_price_version(body)
                self.corrected[prices.digest] = prices
            case Kind.RESTATEMENT_DECIDED:
                self.decided.append(parse_decided(stored))
            case Kind.INVOICE_RECEIVED:
                received = parse_invoice(stored)
                settled = received.settled(self.ledger)
                self._post(invoice(settled), stored)
                self.invoices[received.key] = received, settled
            case Kind.DAY_CLOSED:
                closed = parse_closed(stored)
                self.billed |= closed.billed
                self.homes[closed.day] = tuple(sorted(closed.billed))
                self.closed[closed.day] = closed.result
            case Kind.OUTBOX_WRITTEN:
                pass
            case unknown:
                raise StorageError(
                    f"fact {stored.sequence} is of kind {unknown}, a newer version's"
                )

    def _post(self, batch: tuple[Transfer, ...], stored: Stored) -> None:
        refused = self.ledger.post(batch)
        if isinstance(refused, Refused):
            raise StorageError(f"fact {stored.sequence}, accepted by the ledger: now {refused}")

    def _publish(self, event: PriceEvent) -> None:
        prices = self.corrected.get(event.prices) or self.prices[event.operating_day]
        self.documents[event.prices] = canonical_json(prices.document())
        self.events.append(event)


def read_book(state: Path) -> Book:
    """What the office knows whose state folder this is, while its service is not running.

    Raises InputError when there is none, StorageError for a journal that is damaged or in use.
    """
    path = state / JOURNAL_FILE
    if not path.is_file():
        raise InputError(f"{path} does not exist; name the folder that `state` is in retailer.toml")
    book = Book()
    with SqliteJournal.open(path, now_s=lambda: 0) as journal:
        book.replay(journal.replay())
    return book


def claimed(
    words: Mapping[ChannelId, ChannelWord], billed: Mapping[ChannelId, BilledTo]
) -> Counters:
    """What the homes have paid on chain and the ledger has billed, all together.

    A claim may run ahead of the books, when the next day has begun: the ledger takes from it what
    is billed, and the rest once that is.
    """
    paid = [
        (word, billed[channel].counters) for channel, word in words.items() if channel in billed
    ]
    return Counters(
        sum(min(word.spent, counters.spent_ubolt) for word, counters in paid),
        sum(min(word.earned, counters.earned_ubolt) for word, counters in paid),
    )
