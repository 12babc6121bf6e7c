"""One signature per commit group: a Merkle root over all that became durable together.

The leaves are the heads of its bills, in the order of the journal, then its vouchers, then the
words of homes that take part in paid requests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gridplus.hub.facts import (
    BilledRead,
    GroupSealed,
    Kind,
    RestatedBills,
    StoredVoucher,
    parse_billed,
    parse_restated,
    parse_sealed,
    parse_vouchers,
    sealed_fact,
    vouchers_fact,
)
from gridplus.hub.request_facts import RequestTaken, parse_joined
from gridplus.journal import Batch, Seal, Stored
from gridplus.keystore import Secp256k1Key
from gridplus.tariff import GroupEvidence, group_leaf, packed_paths, unpack_path
from gridplus.wallet import ChannelId, Domain, bill_group_digest


@dataclass(frozen=True, slots=True)
class Receipt:
    """That something stood in a sealed group: the seal, and the packed path to its root."""

    sealed: GroupSealed
    path: bytes

    @property
    def evidence(self) -> GroupEvidence:
        sealed = self.sealed
        return GroupEvidence(
            sealed.count, sealed.closed_at_s, unpack_path(self.path), sealed.signature
        )


@dataclass(frozen=True, slots=True)
class BillNote:
    """A batch brings a bill; the fact of it is in the batch."""

    leaf: bytes


@dataclass(frozen=True, slots=True)
class VoucherNote:
    """A batch brings a voucher, which the seal writes with all others of the group."""

    stored: StoredVoucher


@dataclass(frozen=True, slots=True)
class JoinNote:
    """A batch brings a home's word that it takes part; the fact of it is in the batch."""

    leaf: bytes


Note: TypeAlias = BillNote | VoucherNote | JoinNote | None


@dataclass(frozen=True, slots=True)
class GroupSealer:
    """Callable as the seal of a group writer; whoever brings a note gets a receipt."""

    key: Secp256k1Key
    domain: Domain
    now_s: Callable[[], int]

    def __call__(self, batches: Sequence[Batch[Note]]) -> Seal[Receipt | None]:
        notes = [batch.note for batch in batches]
        bills = [note.leaf for note in notes if isinstance(note, BillNote)]
        paid = [note.stored for note in notes if isinstance(note, VoucherNote)]
        words = [note.leaf for note in notes if isinstance(note, JoinNote)]
        if not bills and not paid and not words:
            return Seal((), (None,) * len(batches))
        root, paths = packed_paths([*bills, *(stored.leaf for stored in paid), *words])
        closed_at_s, count = self.now_s(), len(paths)
        digest = bill_group_digest(self.domain, root, count=count, closed_at_s=closed_at_s)
        sealed = GroupSealed(count, closed_at_s, self.key.sign(digest))
        ways = {
            BillNote: iter(paths[: len(bills)]),
            VoucherNote: iter(paths[len(bills) : len(bills) + len(paid)]),
            JoinNote: iter(paths[len(bills) + len(paid) :]),
        }
        receipts = tuple(
            None if note is None else Receipt(sealed, next(ways[type(note)])) for note in notes
        )
        facts = (sealed_fact(sealed),)
        return Seal((vouchers_fact(paid), *facts) if paid else facts, receipts)


def receipts_of(leaves: Sequence[bytes], sealed: GroupSealed) -> list[Receipt]:
    """Each leaf's own receipt of the sealed group, in the order of the leaves."""
    return [Receipt(sealed, path) for path in packed_paths(leaves)[1]]


@dataclass(frozen=True, slots=True)
class Made:
    """A link of a home's bill chain as a fact tells it; `at_s` is when the machine was stepped."""

    sequence: int
    at_s: int
    link: BilledRead | RestatedBills

    @property
    def leaf(self) -> bytes:
        return bill_leaf(self.link.link.channel, self.link.link.head)


@dataclass(frozen=True, slots=True)
class ClosedGroup:
    """What became durable together, each with its receipt; `sequence` is the seal's."""

    sequence: int
    made: tuple[tuple[Made, Receipt], ...]
    vouchers: tuple[tuple[StoredVoucher, Receipt], ...]
    words: tuple[tuple[RequestTaken, Receipt], ...]


GROUPED = frozenset(
    (Kind.BILLED, Kind.RESTATED, Kind.VOUCHERS_STORED, Kind.REQUEST_JOINED, Kind.GROUP_SEALED)
)
"""Facts that `OpenGroup` takes."""


@dataclass
class OpenGroup:
    """A group whose facts are read one by one, until its seal. Who begins to read in the middle of
    one takes what comes of that for the end of a group, and for nothing else."""

    made: list[Made] = field(default_factory=list)
    vouchers: list[StoredVoucher] = field(default_factory=list)
    words: list[RequestTaken] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.made and not self.vouchers and not self.words

    def take(self, stored: Stored) -> ClosedGroup | None:
        """The group when this fact seals it; facts that are of no group change nothing."""
        match stored.fact.kind:
            case Kind.BILLED:
                billed, at_s = parse_billed(stored)
                self.made.append(Made(stored.sequence, at_s, billed))
            case Kind.RESTATED:
                restated, at_s = parse_restated(stored)
                self.made.append(Made(stored.sequence, at_s, restated))
            case Kind.VOUCHERS_STORED:
                self.vouchers = parse_vouchers(stored)
            case Kind.REQUEST_JOINED:
                self.words.append(parse_joined(stored))
            case Kind.GROUP_SEALED:
                return self._close(stored)
        return None

    def _close(self, stored: Stored) -> ClosedGroup:
        made, vouchers, words = self.made, self.vouchers, self.words
        self.made, self.vouchers, self.words = [], [], []
        leaves = [each.leaf for each in made]
        leaves += [*(each.leaf for each in vouchers), *(each.leaf for each in words)]
        receipts = iter(receipts_of(leaves, parse_sealed(stored)) if leaves else ())
        return ClosedGroup(
            stored.sequence,
            tuple((each, next(receipts)) for each in made),
            tuple((each, next(receipts)) for each in vouchers),
            tuple((each, next(receipts)) for each in words),
        )


def bill_leaf(channel: ChannelId, head: bytes) -> bytes:
    """The leaf of a new bill in its commit group."""
    return group_leaf(channel, head)
