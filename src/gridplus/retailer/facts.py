"""What the back office journals, as bytes and back. Everything it knows is rebuilt from these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gridplus.chain import Outbox
from gridplus.channel import Counters
from gridplus.contracts.word import ChannelWord
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.journal import Fact, SqliteJournal, Stored
from gridplus.ledger import Transfer, format_batch
from gridplus.market import PriceVersion
from gridplus.retailer.bid import Bid, bid_from
from gridplus.retailer.decision import Decision
from gridplus.retailer.invoices import ReceivedInvoice
from gridplus.tariff import Fields, Plan, format_octets
from gridplus.wallet import ChannelId
from gridplus.wire import PriceEvent

_LIMIT = 64_000_000
_MOST_HOMES = 1_000_000
_OUTBOX = b"outbox"


class Kind(StrEnum):
    """Past-tense nouns; `subject` is the operating day, or empty where a fact is of all days."""

    PLAN_ADOPTED = "PlanAdopted"
    PRICES_ADOPTED = "PricesAdopted"
    POSITION_BOUGHT = "PositionBought"
    SALT_DRAWN = "SaltDrawn"
    PRICES_PUBLISHED = "PricesPublished"
    VAULT_FOLLOWED = "VaultFollowed"
    BATCH_POSTED = "BatchPosted"
    INVOICE_RECEIVED = "InvoiceReceived"
    PRICES_CORRECTED = "PricesCorrected"
    RESTATEMENT_DECIDED = "RestatementDecided"
    DAY_CLOSED = "DayClosed"
    OUTBOX_WRITTEN = "OutboxWritten"


@dataclass(frozen=True, slots=True)
class VaultFollowed:
    """The vault was read up to and with the block before `next_block`: the channels that had moved
    until then, with their words."""

    next_block: int
    words: Mapping[ChannelId, ChannelWord]


@dataclass(frozen=True, slots=True)
class BilledTo:
    """How far a home is billed: the head of its bill chain and the counters with it."""

    head: bytes
    counters: Counters


@dataclass(frozen=True, slots=True)
class DayClosed:
    """How far each home of the day is billed, and the day's result as it was told."""

    day: date
    billed: Mapping[ChannelId, BilledTo]
    result: Document


def plan_fact(plan: Plan) -> Fact:
    return Fact(Kind.PLAN_ADOPTED.value, b"", plan.canonical)


def prices_fact(prices: PriceVersion) -> Fact:
    return _fact(Kind.PRICES_ADOPTED, prices.operating_day, document=prices.document())


def corrected_fact(prices: PriceVersion) -> Fact:
    """A later version of a day's prices, after the day was billed."""
    return _fact(Kind.PRICES_CORRECTED, prices.operating_day, document=prices.document())


def decided_fact(day: date, decided: Decision) -> Fact:
    return _fact(Kind.RESTATEMENT_DECIDED, day, document=decided.document())


def parse_decided(stored: Stored) -> Decision:
    return Decision.read(_fields(stored))


def bought_fact(day: date, bid: Bid) -> Fact:
    return _fact(Kind.POSITION_BOUGHT, day, document=bid.document())


def salt_fact(day: date, secret: bytes) -> Fact:
    """The secret (32 bytes) from which the salts of the day's leaves are made."""
    return Fact(Kind.SALT_DRAWN.value, _subject(day), secret)


def published_fact(event: PriceEvent) -> Fact:
    subject = _subject(event.operating_day)
    return Fact(Kind.PRICES_PUBLISHED.value, subject, event.to_bytes())


def posted_fact(day: date, batch: Sequence[Transfer]) -> Fact:
    return Fact(Kind.BATCH_POSTED.value, _subject(day), format_batch(batch))


def invoice_fact(invoice: ReceivedInvoice) -> Fact:
    return _fact(Kind.INVOICE_RECEIVED, invoice.day, document=invoice.document())


def parse_invoice(stored: Stored) -> ReceivedInvoice:
    return ReceivedInvoice.read(_fields(stored))


def followed_fact(day: date, followed: VaultFollowed) -> Fact:
    words: list[Document] = [
        {"channel": format_octets(channel), "word": format_octets(word.pack().to_bytes(32, "big"))}
        for channel, word in sorted(followed.words.items())
    ]
    document: Document = {"next_block": followed.next_block, "words": words}
    return _fact(Kind.VAULT_FOLLOWED, day, document=document)


def closed_fact(closed: DayClosed) -> Fact:
    billed: list[Document] = [
        {
            "channel": format_octets(channel),
            "head": format_octets(to.head),
            "spent_ubolt": to.counters.spent_ubolt,
            "earned_ubolt": to.counters.earned_ubolt,
        }
        for channel, to in sorted(closed.billed.items())
    ]
    document: Document = {"billed": billed, "result": closed.result}
    return _fact(Kind.DAY_CLOSED, closed.day, document=document)


def day_of(stored: Stored) -> date:
    return date.fromisoformat(stored.fact.subject.decode())


def parse_bought(stored: Stored) -> Bid:
    return bid_from(_fields(stored))


def parse_followed(stored: Stored) -> VaultFollowed:
    fields = _fields(stored)
    words = {
        ChannelId(item.octets("channel", 32)): ChannelWord.unpack(
            int.from_bytes(item.octets("word", 32), "big")
        )
        for item in fields.objects("words", limit=_MOST_HOMES)
    }
    return VaultFollowed(fields.integer("next_block"), words)


def parse_closed(stored: Stored) -> DayClosed:
    fields = _fields(stored)
    billed = {
        ChannelId(item.octets("channel", 32)): BilledTo(
            item.octets("head", 32),
            Counters(item.integer("spent_ubolt"), item.integer("earned_ubolt")),
        )
        for item in fields.objects("billed", limit=_MOST_HOMES)
    }
    return DayClosed(day_of(stored), billed, fields.take("result"))


def open_outbox(journal: SqliteJournal) -> Outbox:
    """What the publisher's key has sent, kept in the office's journal."""

    def write(entry: bytes) -> None:
        journal.append([Fact(Kind.OUTBOX_WRITTEN.value, _OUTBOX, entry)])

    return Outbox((stored.fact.body for stored in journal.replay(subject=_OUTBOX)), write=write)


def _subject(day: date) -> bytes:
    return day.isoformat().encode()


def _fact(kind: Kind, day: date, *, document: Document) -> Fact:
    return Fact(kind.value, _subject(day), canonical_json(document))


def _fields(stored: Stored) -> Fields:
    what = f"fact {stored.sequence} ({stored.fact.kind})"
    return Fields(parse_document(stored.fact.body, limit=_LIMIT, what=what), what)
