"""What a Smart Agent journals, and what it knows again after a restart."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from gridplus.chain import Outbox
from gridplus.channel import (
    Acknowledged,
    Bill,
    BillAgreed,
    BillChecked,
    ChainSeen,
    Counters,
    Credit,
    Mismatch,
    Payer,
    PayerFact,
    Refusal,
    RestatementAgreed,
    RestatementChecked,
    Voucher,
    VoucherSigned,
    step_payer,
)
from gridplus.control import Consents, Decision
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import Bug, InputError, RemoteError, StorageError
from gridplus.journal import Fact, Journal, Stored
from gridplus.meter import IntervalRead
from gridplus.tariff import (
    Fields,
    PaidRequest,
    Restatement,
    Statement,
    Tip,
    UsedLately,
    format_octets,
)
from gridplus.units import Interval
from gridplus.wire import (
    Acknowledgement,
    BillOffer,
    JoinRequest,
    RequestJoined,
    RestatementOffer,
    SubmitVoucher,
)

_READ_LIMIT = 4_000
_OUTBOX = b"outbox"
_REGISTERS = ("import_wh", "export_wh", "register_import_wh", "register_export_wh")


class Kind(StrEnum):
    """Past-tense nouns."""

    READ_TAKEN = "ReadTaken"
    BILL_AGREED = "BillAgreed"
    BILL_REFUSED = "BillRefused"
    RESTATEMENT_AGREED = "RestatementAgreed"
    RESTATEMENT_REFUSED = "RestatementRefused"
    VOUCHER_SIGNED = "VoucherSigned"
    ACKNOWLEDGED = "Acknowledged"
    OUTBOX_WRITTEN = "OutboxWritten"
    DEVICES_TOLD = "DevicesTold"
    JOIN_SIGNED = "JoinSigned"
    REQUEST_JOINED = "RequestJoined"
    CONSENT_SEEN = "ConsentSeen"


@dataclass
class Memory:
    """The agent's state, always what its journal says.

    `unpaid` are reads that no agreed bill covers yet, in order of time; `refused` counts bills
    that it would not pay; `receipt` is the hub's newest, `last_read` the newest that was taken.
    Receipts reach the disk with the next fact: one that a crash loses is asked for again with its
    voucher. `joins` are the paid requests for which this home gave its word, by digest, and
    `receipts` the digests of those of which the hub has confirmed it. `consents` is the highest
    number of a consent that was ever seen, by device and kind of signal.
    """

    journal: Journal
    payer: Payer
    tip: Tip
    unpaid: list[IntervalRead] = field(default_factory=list)
    agreed: int = 0
    refused: int = 0
    restated: int = 0
    receipt: Acknowledgement | None = None
    last_read: IntervalRead | None = None
    joins: dict[bytes, PaidRequest] = field(default_factory=dict)
    receipts: set[bytes] = field(default_factory=set)
    used: UsedLately = field(default_factory=UsedLately)
    consents: dict[tuple[str, str], int] = field(default_factory=dict)
    _unwritten: list[Fact] = field(default_factory=list)

    def replay(self) -> None:
        """Apply every journaled fact. Raises StorageError for one of an unknown kind."""
        for stored in self.journal.replay():
            self._apply(stored)

    async def take_read(self, read: IntervalRead) -> None:
        """Keep a read until its bill is agreed; what is kept or agreed already changes nothing."""
        newest = self.unpaid[-1].interval if self.unpaid else self.payer.bill.interval
        if newest is None or read.interval > newest:
            await self._append(Kind.READ_TAKEN, _read_bytes(read))
            self._taken(read)

    async def agree(self, offer: BillOffer, *, now_s: int) -> None:
        """Keep a bill that this agent recomputed and accepts, with the hub's signatures."""
        await self._append(Kind.BILL_AGREED, offer.to_bytes())
        self._agreed(offer, now_s=now_s)

    async def agree_restatement(self, offer: RestatementOffer, *, now_s: int) -> None:
        """Keep a restatement that this agent recomputed and accepts."""
        await self._append(Kind.RESTATEMENT_AGREED, offer.to_bytes())
        self._restated(offer, now_s=now_s)

    async def refuse(
        self, offer: BillOffer | RestatementOffer, *, name: str, sentence: str
    ) -> None:
        """Keep a link that this agent does not pay: evidence, with the hub's signatures."""
        document: Document = {"offer": offer.document(), "name": name, "sentence": sentence}
        kind = Kind.BILL_REFUSED if isinstance(offer, BillOffer) else Kind.RESTATEMENT_REFUSED
        await self._append(kind, canonical_json(document))
        self.refused += 1

    def links(self) -> Iterator[Statement | Restatement]:
        """Every link that was agreed to, in the order of the chain, read from the disk."""
        for stored in self.journal.replay():
            if stored.fact.kind == Kind.BILL_AGREED:
                yield BillOffer.parse(stored.fact.body).statement
            elif stored.fact.kind == Kind.RESTATEMENT_AGREED:
                yield RestatementOffer.parse(stored.fact.body).restatement

    async def sign(self, voucher: Voucher, *, now_s: int) -> tuple[object, ...]:
        """Keep a voucher before it leaves the house; what to do with it."""
        message = SubmitVoucher(self.tip.channel, voucher)
        await self._append(Kind.VOUCHER_SIGNED, message.to_bytes())
        return self.step(VoucherSigned(voucher), now_s=now_s)

    def acknowledge(self, receipt: Acknowledgement, *, now_s: int) -> tuple[object, ...]:
        """Keep the hub's signed receipt of a voucher; what to do next."""
        self._unwritten.append(Fact(Kind.ACKNOWLEDGED.value, b"", receipt.to_bytes()))
        return self._acknowledged(receipt, now_s=now_s)

    def note_decision(
        self, interval: Interval, decision: Decision, *, price_kind: str, price_source: str
    ) -> None:
        """Keep what each device was told, why, by which prices, signal and consent; it reaches the
        disk with the next fact."""
        document: Document = {
            "start_s": interval.start_s,
            "price_kind": price_kind,
            "price_source": price_source,
            "actions": [action.document() for action in decision.actions],
            "declined": [{"signal": cited, "why": why} for cited, why in decision.declined],
        }
        self._unwritten.append(Fact(Kind.DEVICES_TOLD.value, b"", canonical_json(document)))

    def see_consents(self, consents: Consents) -> None:
        """Keep the highest numbers; they reach the disk with the next fact. Raises InputError when
        one was higher before: somebody has put older orders back."""
        found = {(each.device, each.signal.name): each.number for each in consents.given}
        for (device, signal), number in self.consents.items():
            if found.get((device, signal), 0) < number:
                raise InputError(
                    f"consent {number} of the {device} to {signal.lower()} was seen before, and is "
                    "not here: older orders were put back; the owner withdraws one by a newer one"
                )
        for (device, signal), number in found.items():
            if self.consents.get((device, signal)) != number:
                self.consents[device, signal] = number
                document: Document = {"device": device, "signal": signal, "number": number}
                body = canonical_json(document)
                self._unwritten.append(Fact(Kind.CONSENT_SEEN.value, b"", body))

    async def sign_join(self, asked: JoinRequest, digest: bytes) -> None:
        """Keep this home's word that it takes part in a request, before it leaves the house."""
        if digest not in self.joins:
            await self._append(
                Kind.JOIN_SIGNED,
                canonical_json({"digest": format_octets(digest), "join": asked.document()}),
            )
            self.joins[digest] = asked.request

    async def keep_receipt(self, receipt: RequestJoined) -> None:
        """Keep the hub's word that this home takes part."""
        await self._append(Kind.REQUEST_JOINED, receipt.to_bytes())
        self.receipts.add(receipt.request)

    def step(self, fact: PayerFact, *, now_s: int) -> tuple[object, ...]:
        """Step the payer with a fact that cannot be refused any more."""
        answer = step_payer(self.payer, fact, now_s=now_s)
        if isinstance(answer, Refusal):
            raise Bug(f"{type(fact).__name__} was refused: {answer.reason.name}")
        self.payer = answer.state
        return answer.effects

    def see(self, seen: ChainSeen, *, now_s: int) -> tuple[object, ...]:
        """What the chain says now, and what to do; not journaled, because it can be asked again.

        Raises RemoteError when it says less than before.
        """
        answer = step_payer(self.payer, seen, now_s=now_s)
        if isinstance(answer, Refusal):
            raise RemoteError(f"the node does not tell the truth: {answer.reason.value}")
        self.payer = answer.state
        return answer.effects

    async def _append(self, kind: Kind, body: bytes) -> None:
        facts = [*self._unwritten, Fact(kind.value, b"", body)]
        self._unwritten.clear()
        await asyncio.to_thread(self.journal.append, facts)

    def _taken(self, read: IntervalRead) -> None:
        self.unpaid.append(read)
        self.last_read = read

    def _acknowledged(self, receipt: Acknowledgement, *, now_s: int) -> tuple[object, ...]:
        self.receipt = receipt
        return self.step(Acknowledged(receipt.counters), now_s=now_s)

    def _agreed(self, offer: BillOffer, *, now_s: int) -> None:
        statement = offer.statement
        fact = checked(offer)
        self.step(BillAgreed(fact.bill, fact.credit, fact.mismatch), now_s=now_s)
        self.tip = statement.tip
        called = statement.given.called is not None
        self.used.bill(statement.interval.start_s, statement.read.import_wh, is_called=called)
        self.unpaid = [r for r in self.unpaid if r.interval > statement.interval]
        self.agreed += 1

    def _restated(self, offer: RestatementOffer, *, now_s: int) -> None:
        fact = checked_restatement(offer)
        self.step(RestatementAgreed(fact.bill, fact.credit, fact.mismatch), now_s=now_s)
        self.tip = offer.restatement.tip
        self.restated += 1

    def _apply(self, stored: Stored) -> None:
        body = stored.fact.body
        match stored.fact.kind:
            case Kind.READ_TAKEN:
                self._taken(_read_from(stored))
            case Kind.BILL_AGREED:
                self._agreed(BillOffer.parse(body), now_s=stored.recorded_at_s)
            case Kind.RESTATEMENT_AGREED:
                self._restated(RestatementOffer.parse(body), now_s=stored.recorded_at_s)
            case Kind.BILL_REFUSED | Kind.RESTATEMENT_REFUSED:
                self.refused += 1
            case Kind.VOUCHER_SIGNED:
                voucher = SubmitVoucher.parse(body).voucher
                self.step(VoucherSigned(voucher), now_s=stored.recorded_at_s)
            case Kind.ACKNOWLEDGED:
                receipt = Acknowledgement.parse(body)
                self._acknowledged(receipt, now_s=stored.recorded_at_s)
            case Kind.JOIN_SIGNED:
                fields = _fields(stored)
                digest = fields.octets("digest", 32)
                self.joins[digest] = JoinRequest.read(fields.object("join")).request
            case Kind.CONSENT_SEEN:
                fields = _fields(stored)
                who = fields.text("device"), fields.text("signal")
                self.consents[who] = fields.integer("number")
            case Kind.REQUEST_JOINED:
                self.receipts.add(RequestJoined.parse(body).request)
            case Kind.OUTBOX_WRITTEN | Kind.DEVICES_TOLD:
                pass
            case unknown:
                raise StorageError(
                    f"fact {stored.sequence} is of kind {unknown}, a newer version's"
                )


def open_outbox(journal: Journal) -> Outbox:
    """What the home's fee payer has sent, kept in the agent's journal."""

    def write(entry: bytes) -> None:
        journal.append([Fact(Kind.OUTBOX_WRITTEN.value, _OUTBOX, entry)])

    return Outbox((stored.fact.body for stored in journal.replay(subject=_OUTBOX)), write=write)


def checked(offer: BillOffer, mismatch: Mismatch | None = None) -> BillChecked:
    """What the agent's own result says of an offer, as the channel sees it."""
    statement = offer.statement
    counters = Counters(statement.spent_ubolt, statement.earned_ubolt)
    bill = Bill(statement.interval, statement.previous_head, statement.head, counters)
    return BillChecked(bill, _credit(statement, offer.credit), mismatch)


def checked_restatement(
    offer: RestatementOffer, mismatch: Mismatch | None = None
) -> RestatementChecked:
    """The same of a restatement."""
    link = offer.restatement
    counters = Counters(link.spent_ubolt, link.earned_ubolt)
    bill = Bill(None, link.previous_head, link.head, counters)
    return RestatementChecked(bill, _credit(link, offer.evidence.credit), mismatch)


def _credit(link: Statement | Restatement, signature: bytes | None) -> Credit | None:
    if signature is None:
        return None
    return Credit(link.channel, link.earned_ubolt, link.head, signature)


def newest_voucher(journal: Journal) -> Voucher | None:
    """The voucher this agent signed last, read from its own store."""
    newest = None
    for stored in journal.replay():
        if stored.fact.kind == Kind.VOUCHER_SIGNED:
            newest = SubmitVoucher.parse(stored.fact.body).voucher
    return newest


def _read_bytes(read: IntervalRead) -> bytes:
    return canonical_json(
        {
            "start_s": read.interval.start_s,
            "length_s": read.interval.length_s,
            **{name: getattr(read, name) for name in _REGISTERS},
        }
    )


def _fields(stored: Stored) -> Fields:
    what = f"fact {stored.sequence} ({stored.fact.kind})"
    return Fields(parse_document(stored.fact.body, limit=_READ_LIMIT, what=what), what)


def _read_from(stored: Stored) -> IntervalRead:
    fields = _fields(stored)
    interval = Interval(fields.integer("start_s"), fields.integer("length_s"))
    return IntervalRead(interval, *(fields.integer(name) for name in _REGISTERS))
