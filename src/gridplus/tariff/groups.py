"""Commit groups of a hub: what became durable together stands under one signature.

Each bill and each voucher of a group is a leaf, and its path to the signed root is a receipt that
needs nothing else. A path is packed as the number of its steps (one byte), a mask of u32 in which
bit k says that sibling k stands on the left, and the siblings' hashes.
"""

import struct
from collections.abc import Sequence

from gridplus.failures import InputError, invariant
from gridplus.tariff.bill import GroupEvidence
from gridplus.tariff.proofs import Hand, Path, Sibling, merkle_tree, root_from_path
from gridplus.wallet import Address, Domain, bill_group_digest, is_signed_by

MAX_STEPS = 32
_SHAPE = struct.Struct(">BI")
_HASH = 32


def is_sealed(group: GroupEvidence, leaf: bytes, *, domain: Domain, hub: Address) -> bool:
    """True when `hub` signed the group that `leaf` stands in."""
    root = root_from_path(leaf, group.path)
    digest = bill_group_digest(domain, root, count=group.count, closed_at_s=group.closed_at_s)
    return is_signed_by(hub, digest, signature=group.signature)


def packed_paths(leaves: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """The root over at least one leaf, and each leaf's packed path, in order.

    All paths at once, from the root down: a node's path is its parent's with one more sibling.
    """
    levels = merkle_tree(leaves).levels
    below: list[tuple[int, int, bytes]] = [(0, 0, b"")]
    for level in reversed(levels[:-1]):
        above, below = below, []
        for place, _node in enumerate(level):
            steps, mask, hashes = above[place >> 1]
            if (beside := place ^ 1) < len(level):
                below.append((steps + 1, mask << 1 | place & 1, level[beside] + hashes))
            else:
                below.append((steps, mask, hashes))
    pack = _SHAPE.pack
    return levels[-1][0], [pack(steps, mask) + hashes for steps, mask, hashes in below]


def pack_path(path: Path) -> bytes:
    """At most `MAX_STEPS` steps as bytes."""
    invariant(len(path) <= MAX_STEPS, "no group is so large that a path has more than 32 steps")
    mask = sum(1 << k for k, step in enumerate(path) if step.hand is Hand.LEFT)
    return _SHAPE.pack(len(path), mask) + b"".join(step.node for step in path)


def unpack_path(data: bytes) -> Path:
    """Raises InputError for bytes that `pack_path` does not write."""
    steps, mask = _SHAPE.unpack_from(data) if len(data) >= _SHAPE.size else (MAX_STEPS + 1, 0)
    if steps > MAX_STEPS or mask >> steps or len(data) != _SHAPE.size + steps * _HASH:
        raise InputError("a packed path has a byte of steps, a mask of u32, and a hash a step")
    hashes = (data[at : at + _HASH] for at in range(_SHAPE.size, len(data), _HASH))
    return tuple(
        Sibling(Hand.LEFT if mask >> k & 1 else Hand.RIGHT, node) for k, node in enumerate(hashes)
    )
