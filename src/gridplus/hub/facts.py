"""What the hub journals, as bytes and back. Everything it knows is rebuilt from these.

`at_s` is the time with which the channel's machine was stepped (seconds since 1970): replay steps
it with the same. When a fact reached the disk is a matter of the journal. The vouchers of a commit
group are one fact; they were taken when their group was closed.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

from gridplus.chain import Outbox
from gridplus.chain.follower import Cursor
from gridplus.channel import ChainSeen, ChannelView, Claimed, Counters, ExitStarted
from gridplus.contracts.word import ChannelWord
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError, StorageError, invariant
from gridplus.journal import Fact, Journal, SqliteJournal, Stored
from gridplus.tariff import (
    Fields,
    Restatement,
    Statement,
    format_octets,
    parse_restatement,
    parse_statement,
    voucher_leaf,
)
from gridplus.wallet import Address, ChannelId
from gridplus.wire import HubAction, RestatementOffer
from gridplus.wire.orders import HUB_ACTIONS, action_document, action_from, kind_of

_LIMIT = 64_000
_OUTBOX = b"outbox"
_VOUCHER = struct.Struct(">32s6s6s64s")
_LOGGED: dict[type[ChainSeen], str] = {ExitStarted: "ExitStarted", Claimed: "Claimed"}


class Kind(StrEnum):
    """Past-tense nouns; `subject` is the channel, or empty where a fact concerns all of them."""

    CHANNEL_OPENED = "ChannelOpened"
    PLAN_ADOPTED = "PlanAdopted"
    PRICES_ADOPTED = "PricesAdopted"
    CHAIN_SEEN = "ChainSeen"
    BILLED = "Billed"
    RESTATED = "Restated"
    GROUP_SEALED = "GroupSealed"
    VOUCHERS_STORED = "VouchersStored"
    CLAIM_MINED = "ClaimMined"
    VAULT_FOLLOWED = "VaultFollowed"
    OUTBOX_WRITTEN = "OutboxWritten"
    NOTICE_TOLD = "NoticeTold"
    ORDER_SIGNED = "OrderSigned"
    REQUEST_JOINED = "RequestJoined"
    SHARD_TAKEN = "ShardTaken"


@dataclass(frozen=True, slots=True)
class BilledRead:
    """A statement with the device's signature under its read and the hub's under its credit, and
    the home's under exactly the link before, where that was durable."""

    statement: Statement
    read_signature: bytes
    credit_signature: bytes | None
    paid_before: bytes | None = None

    @property
    def link(self) -> Statement:
        return self.statement


@dataclass(frozen=True, slots=True)
class GroupSealed:
    """The hub's one signature over the bills and vouchers of a commit group, in this order."""

    count: int
    closed_at_s: int
    signature: bytes


def billed_fact(billed: BilledRead, *, at_s: int) -> Fact:
    return _fact(
        Kind.BILLED,
        billed.statement.channel,
        document={
            "at_s": at_s,
            "statement": billed.statement.document(),
            "read_signature": format_octets(billed.read_signature),
            "credit_signature": _octets_or_none(billed.credit_signature),
            "paid_before": _octets_or_none(billed.paid_before),
        },
    )


def parse_billed(stored: Stored) -> tuple[BilledRead, int]:
    """The bill, and `at_s`."""
    fields = _fields(stored)
    billed = BilledRead(
        parse_statement(fields.take("statement"), what=fields.where),
        fields.octets("read_signature", 64),
        fields.octets_or_none("credit_signature", 64),
        _paid_before(fields),
    )
    return billed, fields.integer("at_s")


@dataclass(frozen=True, slots=True)
class RestatedBills:
    """A restatement of a home's earlier bills, the order (its id, 32 bytes) that it carries out,
    the hub's signature under its credit, and the home's under exactly the link before."""

    restatement: Restatement
    order: bytes
    credit_signature: bytes | None
    paid_before: bytes | None = None

    @property
    def link(self) -> Restatement:
        return self.restatement


def restated_fact(restated: RestatedBills, *, at_s: int) -> Fact:
    return _fact(
        Kind.RESTATED,
        restated.restatement.channel,
        document={
            "at_s": at_s,
            "restatement": restated.restatement.document(),
            "order": format_octets(restated.order),
            "credit_signature": _octets_or_none(restated.credit_signature),
            "paid_before": _octets_or_none(restated.paid_before),
        },
    )


def parse_restated(stored: Stored) -> tuple[RestatedBills, int]:
    """The restatement, and `at_s`."""
    fields = _fields(stored, limit=RestatementOffer.LIMIT)
    restated = RestatedBills(
        parse_restatement(fields.take("restatement"), what=fields.where),
        fields.octets("order", 32),
        fields.octets_or_none("credit_signature", 64),
        _paid_before(fields),
    )
    return restated, fields.integer("at_s")


def sealed_fact(sealed: GroupSealed) -> Fact:
    return _fact(
        Kind.GROUP_SEALED,
        b"",
        document={
            "count": sealed.count,
            "closed_at_s": sealed.closed_at_s,
            "signature": format_octets(sealed.signature),
        },
    )


def parse_sealed(stored: Stored) -> GroupSealed:
    fields = _fields(stored)
    return GroupSealed(
        fields.integer("count"), fields.integer("closed_at_s"), fields.octets("signature", 64)
    )


@dataclass(frozen=True, slots=True)
class StoredVoucher:
    """An accepted voucher as the journal keeps it: 108 bytes, counters of u48 (µBOLT)."""

    channel: ChannelId
    spent: int
    earned: int
    signature: bytes

    @property
    def counters(self) -> Counters:
        return Counters(self.spent, self.earned)

    @property
    def leaf(self) -> bytes:
        """Its leaf in its commit group."""
        return voucher_leaf(self.channel, spent=self.spent, earned=self.earned)


def vouchers_fact(stored: Iterable[StoredVoucher]) -> Fact:
    """The vouchers of a commit group, in its order."""
    rows = (
        b"".join((v.channel, v.spent.to_bytes(6, "big"), v.earned.to_bytes(6, "big"), v.signature))
        for v in stored
    )
    return Fact(Kind.VOUCHERS_STORED.value, b"", b"".join(rows))


def parse_vouchers(stored: Stored) -> list[StoredVoucher]:
    body = stored.fact.body
    if len(body) % _VOUCHER.size:
        raise StorageError(f"fact {stored.sequence} ends within a voucher")
    return [
        StoredVoucher(
            ChannelId(channel), int.from_bytes(spent, "big"), int.from_bytes(earned, "big"), signed
        )
        for channel, spent, earned, signed in _VOUCHER.iter_unpack(body)
    ]


@dataclass(frozen=True, slots=True)
class VaultFollowed:
    """The vault's logs were read up to `cursor`, and what they changed was journaled before;
    `replaced_by` is the hub that they name instead of this one."""

    cursor: Cursor
    replaced_by: Address | None


def followed_fact(followed: VaultFollowed) -> Fact:
    by = followed.replaced_by
    return _fact(
        Kind.VAULT_FOLLOWED,
        b"",
        document={
            "cursor": followed.cursor.document(),
            "replaced_by": None if by is None else format_octets(by),
        },
    )


def parse_followed(stored: Stored) -> VaultFollowed:
    fields = _fields(stored)
    by = fields.octets_or_none("replaced_by", 20)
    return VaultFollowed(Cursor.parse(fields.take("cursor")), None if by is None else Address(by))


@dataclass(frozen=True, slots=True)
class NoticeTold:
    """At `at_s` owner and guardian were told that two keys want an order of this kind ('close')
    at this op nonce."""

    kind: str
    nonce: int
    at_s: int


def notice_fact(channel: ChannelId, told: NoticeTold) -> Fact:
    document: Document = {"kind": told.kind, "nonce": told.nonce, "at_s": told.at_s}
    return _fact(Kind.NOTICE_TOLD, channel, document=document)


def parse_notice(stored: Stored) -> NoticeTold:
    fields = _fields(stored)
    kind = fields.choice("kind", HUB_ACTIONS)
    return NoticeTold(kind, fields.integer("nonce"), fields.integer("at_s"))


@dataclass(frozen=True, slots=True)
class OrderSigned:
    """The hub signed an order of a home: nothing more until the chain shows it, or it is void."""

    action: HubAction
    digest: bytes
    signature: bytes
    at_s: int


def order_fact(signed: OrderSigned) -> Fact:
    return _fact(
        Kind.ORDER_SIGNED,
        signed.action.channel,
        document={
            "at_s": signed.at_s,
            "kind": kind_of(signed.action),
            "order": action_document(signed.action),
            "digest": format_octets(signed.digest),
            "signature": format_octets(signed.signature),
        },
    )


def parse_order_signed(stored: Stored) -> OrderSigned:
    fields, channel = _fields(stored), ChannelId(stored.fact.subject)
    kind = fields.choice("kind", HUB_ACTIONS)
    action = action_from(kind, fields.object("order"), channel=channel)
    invariant(isinstance(action, HubAction), "the hub journals what the hub signs")
    return OrderSigned(
        cast(HubAction, action),
        fields.octets("digest", 32),
        fields.octets("signature", 64),
        fields.integer("at_s"),
    )


def read_newest_vouchers(path: Path) -> dict[ChannelId, Counters]:
    """The counters of each channel's newest voucher in the journal of a hub that is not running.

    Raises InputError when there is none, StorageError for a journal that is damaged or in use.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; name the journal in the hub's state folder")
    newest: dict[ChannelId, Counters] = {}
    with SqliteJournal.open(path, now_s=lambda: 0) as journal:
        for stored in journal.replay():
            if stored.fact.kind == Kind.VOUCHERS_STORED:
                newest |= {each.channel: each.counters for each in parse_vouchers(stored)}
    return newest


def seen_fact(channel: ChannelId, seen: ChainSeen, *, at_s: int) -> Fact:
    return _fact(
        Kind.CHAIN_SEEN,
        channel,
        document={
            "at_s": at_s,
            "word": format_octets(seen.view.word.pack().to_bytes(32, "big")),
            "today": seen.view.today,
            "block": seen.block,
            "logged": _LOGGED.get(type(seen)),
        },
    )


def parse_seen(stored: Stored) -> tuple[ChainSeen, int]:
    """What the chain said, and `at_s`."""
    fields = _fields(stored)
    word = ChannelWord.unpack(int.from_bytes(fields.octets("word", 32), "big"))
    view, block = ChannelView(word, fields.integer("today")), fields.integer("block")
    logged = fields.take("logged") if fields.has("logged") else None
    kind = next((kind for kind, name in _LOGGED.items() if name == logged), ChainSeen)
    return kind(view, block), fields.integer("at_s")


def claim_fact(transaction: bytes, *, homes: int, gas_used: int, block: int) -> Fact:
    return _fact(
        Kind.CLAIM_MINED,
        b"",
        document={
            "transaction": format_octets(transaction),
            "homes": homes,
            "gas_used": gas_used,
            "block": block,
        },
    )


def open_outbox(journal: Journal) -> Outbox:
    """What the hub's key has sent, kept in the hub's journal."""

    def write(entry: bytes) -> None:
        journal.append([Fact(Kind.OUTBOX_WRITTEN.value, _OUTBOX, entry)])

    return Outbox((stored.fact.body for stored in journal.replay(subject=_OUTBOX)), write=write)


def _octets_or_none(octets: bytes | None) -> str | None:
    return None if octets is None else format_octets(octets)


def _paid_before(fields: Fields) -> bytes | None:
    return fields.octets_or_none("paid_before", 64) if fields.has("paid_before") else None


def _fact(kind: Kind, subject: bytes, *, document: Document) -> Fact:
    return Fact(kind.value, subject, canonical_json(document))


def _fields(stored: Stored, *, limit: int = _LIMIT) -> Fields:
    what = f"fact {stored.sequence} ({stored.fact.kind})"
    document = parse_document(stored.fact.body, limit=limit, what=what)
    if not isinstance(document, dict):
        raise StorageError(f"{what} is not what this version writes")
    return Fields(document, what)
