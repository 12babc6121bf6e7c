"""What a ramp journals: homes, standing orders, top-ups, notices, deposits, what it has sent."""

from dataclasses import dataclass
from enum import StrEnum

from gridplus.agreement import TopUp
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.journal import Fact, Stored
from gridplus.ramp.provider import Payment
from gridplus.tariff import Fields, format_octets
from gridplus.wallet import ChannelId, TopUpMandate

OUTBOX = b"outbox"
LIMIT = 64_000


class Kind(StrEnum):
    """Past-tense nouns."""

    HOME_KNOWN = "HomeKnown"
    MANDATE_SIGNED = "MandateSigned"
    TOP_UP_REQUESTED = "TopUpRequested"
    NOTICE_HEARD = "NoticeHeard"
    DEPOSITED = "Deposited"
    OUTBOX_WRITTEN = "OutboxWritten"


@dataclass(frozen=True, slots=True)
class SignedMandate:
    """A standing order with the owner's signature over `wallet.mandate_digest`."""

    mandate: TopUpMandate
    signature: bytes

    def to_bytes(self) -> bytes:
        m = self.mandate
        return canonical_json(
            {
                "kind": "gridplus.top-up-mandate/1",
                "channel": format_octets(m.channel),
                "below_ubolt": m.below_ubolt,
                "amount_ubolt": m.amount_ubolt,
                "daily_ubolt": m.daily_ubolt,
                "monthly_ubolt": m.monthly_ubolt,
                "number": m.number,
                "valid_until_s": m.valid_until_s,
                "signature": format_octets(self.signature),
            }
        )

    @classmethod
    def parse(cls, body: bytes) -> "SignedMandate":
        """Raises InputError that names the field."""
        fields = fields_of(body, "the mandate")
        signed = cls.read(fields)
        fields.close()
        return signed

    @classmethod
    def read(cls, fields: Fields) -> "SignedMandate":
        """Take the fields of a mandate. Raises InputError that names the field."""
        fields.choice("kind", ["gridplus.top-up-mandate/1"])
        mandate = TopUpMandate(
            ChannelId(fields.octets("channel", 32)),
            below_ubolt=fields.integer("below_ubolt"),
            amount_ubolt=fields.integer("amount_ubolt"),
            daily_ubolt=fields.integer("daily_ubolt"),
            monthly_ubolt=fields.integer("monthly_ubolt"),
            number=fields.integer("number"),
            valid_until_s=fields.integer("valid_until_s", high=1 << 33),
        )
        return cls(mandate, fields.octets("signature", 64))


def fields_of(body: bytes, what: str) -> Fields:
    return Fields(parse_document(body, limit=LIMIT, what=what), what)


def requested_fact(top_up: TopUp) -> Fact:
    body: Document = {
        "number": top_up.number,
        "amount_ubolt": top_up.amount_ubolt,
        "requested_at_s": top_up.requested_at_s,
        "automatic": top_up.automatic,
    }
    return Fact(Kind.TOP_UP_REQUESTED.value, top_up.channel, canonical_json(body))


def parse_requested(stored: Stored) -> TopUp:
    fields = fields_of(stored.fact.body, f"fact {stored.sequence}")
    return TopUp(
        fields.integer("number"),
        ChannelId(stored.fact.subject),
        fields.integer("amount_ubolt"),
        fields.integer("requested_at_s", high=1 << 33),
        fields.take("automatic") is True,
    )


def heard_fact(payment: Payment) -> Fact:
    return Fact(Kind.NOTICE_HEARD.value, payment.event.encode(), payment.to_bytes())


def deposited_fact(top_up: TopUp, transaction: bytes) -> Fact:
    body = canonical_json({"number": top_up.number, "transaction": format_octets(transaction)})
    return Fact(Kind.DEPOSITED.value, top_up.channel, body)
