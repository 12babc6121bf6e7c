"""What a Smart Agent journals, and what it knows again after a restart."""

from dataclasses import dataclass, field
from enum import StrEnum

from gridplus.channel import (
    Bill,
    BillChecked,
    ChainSeen,
    Counters,
    Credit,
    Payer,
    PayerFact,
    Refusal,
    Voucher,
    VoucherSigned,
    step_payer,
)
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import StorageError, invariant
from gridplus.journal import Fact, SqliteJournal, Stored
from gridplus.meter import IntervalRead
from gridplus.tariff import Fields, Statement, Tip, format_octets, parse_statement
from gridplus.units import Interval
from gridplus.wallet import Cfg

_LIMIT = 64_000
_REGISTERS = ("import_wh", "export_wh", "register_import_wh", "register_export_wh")


class Kind(StrEnum):
    """Past-tense nouns."""

    READ_TAKEN = "ReadTaken"
    BILL_AGREED = "BillAgreed"
    BILL_REFUSED = "BillRefused"
    VOUCHER_SIGNED = "VoucherSigned"


@dataclass
class Memory:
    """The agent's state, always what its journal says.

    `unpaid` are reads that no agreed bill covers yet, in order of time; `refused` counts bills
    that it would not pay.
    """

    journal: SqliteJournal
    payer: Payer
    tip: Tip
    unpaid: list[IntervalRead] = field(default_factory=list)
    agreed: int = 0
    refused: int = 0

    def replay(self) -> None:
        """Apply every journaled fact. Raises StorageError for one of an unknown kind."""
        for stored in self.journal.replay():
            self._apply(stored)

    def take_read(self, read: IntervalRead) -> None:
        """Keep a read until its bill is agreed."""
        if not any(kept.interval == read.interval for kept in self.unpaid):
            self._append(_fact(Kind.READ_TAKEN, _read_document(read)))
            self.unpaid.append(read)

    def agree(self, statement: Statement, credit: bytes | None, *, now_s: int) -> None:
        """Keep a bill that this agent recomputed and accepts."""
        document: Document = {
            "statement": statement.document(),
            "credit_signature": None if credit is None else format_octets(credit),
        }
        self._append(_fact(Kind.BILL_AGREED, document))
        self._agreed(statement, credit, now_s=now_s)

    def refuse(self, statement: Statement, name: str, sentence: str) -> None:
        """Keep a bill that this agent does not pay, as evidence."""
        document: Document = {
            "statement": statement.document(),
            "name": name,
            "sentence": sentence,
        }
        self._append(_fact(Kind.BILL_REFUSED, document))
        self.refused += 1

    def sign(self, voucher: Voucher, *, now_s: int) -> tuple[object, ...]:
        """Keep a voucher before it leaves the house; what to do with it."""
        document: Document = {
            "cfg": format_octets(voucher.cfg),
            "spent_ubolt": voucher.spent,
            "earned_ubolt": voucher.earned,
            "signature": format_octets(voucher.signature),
        }
        self._append(_fact(Kind.VOUCHER_SIGNED, document))
        return self.step(VoucherSigned(voucher), now_s=now_s)

    def step(self, fact: PayerFact, *, now_s: int) -> tuple[object, ...]:
        """Step the payer with a fact that cannot be refused any more."""
        answer = step_payer(self.payer, fact, now_s=now_s)
        if isinstance(answer, Refusal):
            invariant(False, f"{type(fact).__name__} was refused: {answer.reason.name}")
            return ()
        self.payer = answer.state
        return answer.effects

    def see(self, seen: ChainSeen, *, now_s: int) -> tuple[object, ...]:
        """What the chain says now; not journaled, because it can be asked again."""
        return self.step(seen, now_s=now_s) if seen.block >= self.payer.seen.block else ()

    def _append(self, fact: Fact) -> None:
        self.journal.append([fact])

    def _agreed(self, statement: Statement, credit: bytes | None, *, now_s: int) -> None:
        self.step(checked(statement, credit), now_s=now_s)
        self.tip = statement.tip
        self.unpaid = [r for r in self.unpaid if r.interval.start_s > statement.interval.start_s]
        self.agreed += 1

    def _apply(self, stored: Stored) -> None:
        fields = _fields(stored)
        match stored.fact.kind:
            case Kind.READ_TAKEN:
                self.unpaid.append(_read_from(fields))
            case Kind.BILL_AGREED:
                statement = parse_statement(fields.take("statement"), what=fields.where)
                credit = fields.octets_or_none("credit_signature", 64)
                self._agreed(statement, credit, now_s=stored.recorded_at_s)
            case Kind.BILL_REFUSED:
                self.refused += 1
            case Kind.VOUCHER_SIGNED:
                self.step(VoucherSigned(_voucher_from(fields)), now_s=stored.recorded_at_s)
            case unknown:
                raise StorageError(f"{fields.where} is of kind {unknown}, a newer version's")


def checked(statement: Statement, credit: bytes | None) -> BillChecked:
    """A statement that agrees with the agent's own, as the channel sees it."""
    counters = Counters(statement.spent_ubolt, statement.earned_ubolt)
    bill = Bill(statement.interval, statement.previous_head, statement.head, counters)
    given = (
        None
        if credit is None
        else Credit(statement.channel, statement.earned_ubolt, statement.head, credit)
    )
    return BillChecked(bill, given, None)


def newest_voucher(journal: SqliteJournal) -> Voucher | None:
    """The voucher this agent signed last, read from its own store."""
    newest = None
    for stored in journal.replay():
        if stored.fact.kind == Kind.VOUCHER_SIGNED:
            newest = _voucher_from(_fields(stored))
    return newest


def _voucher_from(fields: Fields) -> Voucher:
    return Voucher(
        Cfg(fields.octets("cfg", 32)),
        fields.integer("spent_ubolt"),
        fields.integer("earned_ubolt"),
        fields.octets("signature", 64),
    )


def _read_document(read: IntervalRead) -> Document:
    return {
        "start_s": read.interval.start_s,
        "length_s": read.interval.length_s,
        **{name: getattr(read, name) for name in _REGISTERS},
    }


def _read_from(fields: Fields) -> IntervalRead:
    interval = Interval(fields.integer("start_s"), fields.integer("length_s"))
    return IntervalRead(interval, *(fields.integer(name) for name in _REGISTERS))


def _fact(kind: Kind, document: Document) -> Fact:
    return Fact(kind.value, b"", canonical_json(document))


def _fields(stored: Stored) -> Fields:
    what = f"fact {stored.sequence} ({stored.fact.kind})"
    return Fields(parse_document(stored.fact.body, limit=_LIMIT, what=what), what)
