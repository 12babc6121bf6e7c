"""One signature per commit group: a Merkle root over all that became durable together.

The leaves are the heads of its bills, in the order of the journal, then its vouchers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gridplus.hub.facts import (
    GroupSealed,
    StoredVoucher,
    sealed_fact,
    vouchers_fact,
)
from gridplus.journal import Batch, Seal
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


Note: TypeAlias = BillNote | VoucherNote | None


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
        if not bills and not paid:
            return Seal((), (None,) * len(batches))
        root, paths = packed_paths([*bills, *(stored.leaf for stored in paid)])
        closed_at_s, count = self.now_s(), len(paths)
        digest = bill_group_digest(self.domain, root, count=count, closed_at_s=closed_at_s)
        sealed = GroupSealed(count, closed_at_s, self.key.sign(digest))
        of_bill, of_voucher = iter(paths[: len(bills)]), iter(paths[len(bills) :])
        receipts = tuple(
            None
            if note is None
            else Receipt(sealed, next(of_bill if isinstance(note, BillNote) else of_voucher))
            for note in notes
        )
        facts = (sealed_fact(sealed),)
        return Seal((vouchers_fact(paid), *facts) if paid else facts, receipts)


def receipts_of(leaves: Sequence[bytes], sealed: GroupSealed) -> list[Receipt]:
    """Each leaf's own receipt of the sealed group, in the order of the leaves."""
    return [Receipt(sealed, path) for path in packed_paths(leaves)[1]]


def bill_leaf(channel: ChannelId, head: bytes) -> bytes:
    """The leaf of a new bill in its commit group."""
    return group_leaf(channel, head)
