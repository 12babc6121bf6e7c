"""What the authority has issued and revoked, as facts of its journal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from gridplus.digest import canonical_json, parse_document
from gridplus.failures import InputError
from gridplus.journal import Fact, Stored
from gridplus.tariff import Fields
from gridplus.units import utc_from_s

_LIMIT = 16_384
_SERIAL_BYTES = 20


class Kind(StrEnum):
    """Past-tense nouns; `subject` is the certificate's serial number, 20 bytes."""

    CERTIFICATE_ISSUED = "CertificateIssued"
    CERTIFICATE_REVOKED = "CertificateRevoked"
    LIST_PUBLISHED = "RevocationListPublished"


class RevocationReason(StrEnum):
    """Why a certificate is revoked. Source: RFC 5280, 5.3.1."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key-compromise"
    AFFILIATION_CHANGED = "affiliation-changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation-of-operation"

    @property
    def flag(self) -> x509.ReasonFlags:
        return x509.ReasonFlags[self.name.lower()]


@dataclass(frozen=True, slots=True)
class Revocation:
    """A serial number that is no longer believed, since when and why."""

    serial: int
    at: datetime
    reason: RevocationReason


@dataclass
class Records:
    """The journal, replayed: the subject of each certificate, what is revoked, lists so far."""

    issued: dict[int, str] = field(default_factory=dict)
    revoked: dict[int, Revocation] = field(default_factory=dict)
    lists: int = 0

    @classmethod
    def replay(cls, facts: Iterable[Stored]) -> "Records":
        records = cls()
        for stored in facts:
            records.apply(stored)
        return records

    def apply(self, stored: Stored) -> None:
        fact = stored.fact
        serial = int.from_bytes(fact.subject, "big")
        kind = Kind(fact.kind)
        fields = Fields(parse_document(fact.body, limit=_LIMIT, what=fact.kind), fact.kind)
        if kind is Kind.CERTIFICATE_ISSUED:
            self.issued[serial] = fields.text("subject")
        elif kind is Kind.CERTIFICATE_REVOKED:
            reason = RevocationReason(fields.choice("reason", RevocationReason))
            at = utc_from_s(stored.recorded_at_s)
            self.revoked[serial] = Revocation(serial, at, reason)
        else:
            self.lists = fields.integer("number")
        fields.close()


def issued_fact(certificate: x509.Certificate, *, subject: str) -> Fact:
    return _fact(Kind.CERTIFICATE_ISSUED, certificate.serial_number, subject=subject)


def revoked_fact(serial: int, *, reason: RevocationReason) -> Fact:
    return _fact(Kind.CERTIFICATE_REVOKED, serial, reason=reason.value)


def list_fact(number: int) -> Fact:
    return Fact(Kind.LIST_PUBLISHED.value, b"", canonical_json({"number": number}))


def parse_serial(text: str) -> int:
    """A serial number as `gridplus pki` prints it, in hexadecimal. Raises InputError."""
    try:
        serial = int(text.replace(":", ""), 16)
    except ValueError:
        raise InputError(f"{text!r} is no serial number; write it in hexadecimal") from None
    if not 0 < serial < 1 << 8 * _SERIAL_BYTES:
        raise InputError(f"{text!r} is no serial number: it has more than {_SERIAL_BYTES} bytes")
    return serial


def _fact(kind: Kind, serial: int, **document: str) -> Fact:
    return Fact(kind.value, serial.to_bytes(_SERIAL_BYTES, "big"), canonical_json({**document}))
