"""What the hub hands the back office of a day: every statement with its evidence."""

from dataclasses import dataclass
from typing import ClassVar, Self

from gridplus.digest import Document
from gridplus.tariff import (
    ChannelIdentity,
    Evidence,
    Fields,
    RestatedLink,
    SettledRequest,
    Statement,
    evidence_document,
    evidence_from,
    identity_document,
    identity_from,
    link_document,
    link_of,
    parse_statement,
    settled_document,
    settled_from,
)
from gridplus.wire.message import Message

_MOST_INTERVALS = 400
_MOST_HOMES = 10_000


@dataclass(frozen=True, slots=True)
class BilledRecord:
    """One interval as it was billed and, if it has been, paid."""

    statement: Statement
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class BilledDay(Message):
    """One channel's records of one operating day, in order of time, and the restatements of
    earlier bills that stand before one of them in the chain, in its order; the paid requests that
    hold in one of them."""

    identity: ChannelIdentity
    records: tuple[BilledRecord, ...]
    restated: tuple[RestatedLink, ...] = ()
    settled: tuple[SettledRequest, ...] = ()
    KIND: ClassVar[str] = "gridplus.billed-day/1"
    LIMIT: ClassVar[int] = 8_000_000

    def document(self) -> dict[str, Document]:
        return {
            **identity_document(self.identity),
            "records": [
                {
                    "statement": record.statement.document(),
                    **evidence_document(record.evidence),
                }
                for record in self.records
            ],
            "restatements": [
                {"restatement": link.restatement.document(), **link_document(link.evidence)}
                for link in self.restated
            ],
            "settled": settled_document(self.settled),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        records = []
        for item in fields.objects("records", limit=_MOST_INTERVALS):
            statement = parse_statement(item.take("statement"), what=f"{item.where}.statement")
            records.append(BilledRecord(statement, evidence_from(item)))
            item.close()
        restated = []
        for item in fields.objects("restatements", limit=_MOST_INTERVALS):
            restated.append(link_of(item))
            item.close()
        identity = identity_from(fields)
        settled = settled_from(fields, identity.channel)
        return cls(identity, tuple(records), tuple(restated), settled)


@dataclass(frozen=True, slots=True)
class Channels(Message):
    """The channels that a hub has bills of."""

    identities: tuple[ChannelIdentity, ...]
    KIND: ClassVar[str] = "gridplus.channels/1"
    LIMIT: ClassVar[int] = 16_000_000

    def document(self) -> dict[str, Document]:
        return {"channels": [identity_document(identity) for identity in self.identities]}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        identities = []
        for item in fields.objects("channels", limit=_MOST_HOMES):
            identities.append(identity_from(item))
            item.close()
        return cls(tuple(identities))
