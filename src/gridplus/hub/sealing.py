"""One signature per commit group: a Merkle root over the heads that became durable together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gridplus.hub.facts import GroupSealed, sealed_fact
from gridplus.journal import Batch, Seal
from gridplus.keystore import Secp256k1Key
from gridplus.tariff import GroupEvidence, group_leaf, merkle_tree
from gridplus.wallet import ChannelId, Domain, bill_group_digest


@dataclass(frozen=True, slots=True)
class GroupSealer:
    """Callable as the seal of a group writer; a batch's note is its bill's leaf, or None."""

    key: Secp256k1Key
    domain: Domain
    now_s: Callable[[], int]

    def __call__(self, batches: Sequence[Batch[bytes | None]]) -> Seal[GroupEvidence | None]:
        leaves = [batch.note for batch in batches if batch.note is not None]
        if not leaves:
            return Seal((), (None,) * len(batches))
        root, closed_at_s = merkle_tree(leaves).root, self.now_s()
        digest = bill_group_digest(self.domain, root, count=len(leaves), closed_at_s=closed_at_s)
        sealed = GroupSealed(len(leaves), closed_at_s, self.key.sign(digest))
        evidence = iter(group_evidence(leaves, sealed))
        receipts = tuple(None if batch.note is None else next(evidence) for batch in batches)
        return Seal((sealed_fact(sealed),), receipts)


def group_evidence(leaves: Sequence[bytes], sealed: GroupSealed) -> list[GroupEvidence]:
    """Each leaf's own proof that it stood in the sealed group, in the order of the leaves."""
    tree = merkle_tree(leaves)
    return [
        GroupEvidence(sealed.count, sealed.closed_at_s, tree.path(place), sealed.signature)
        for place in range(len(leaves))
    ]


def bill_leaf(channel: ChannelId, head: bytes) -> bytes:
    """The leaf of a new bill in its commit group."""
    return group_leaf(channel, head)
