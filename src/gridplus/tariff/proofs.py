"""Merkle trees over bill heads, and Merkle-sum trees that also add up what stands below them.

A proof is the path from a leaf to the root; each step says on which side its sibling stands, so
that verifying needs nothing but the leaf. An odd node is promoted unchanged. Leaves and nodes
begin with different bytes, so a node never stands for a leaf (commit groups: 0x00 bills, 0x04
vouchers, 0x01 nodes; anchors: 0x02, 0x03). Sums: the liability of a root is the sum of its leaves,
and every step shows it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Generic, TypeAlias, TypeVar

from gridplus.digest import keccak256
from gridplus.failures import invariant
from gridplus.wallet import ChannelId


class Hand(StrEnum):
    """On which side of the path a sibling stands."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class SumNode:
    """A node of a Merkle-sum tree: its hash, and the counters (µBOLT) summed below it."""

    hash: bytes
    spent_ubolt: int
    earned_ubolt: int

    @property
    def encoded(self) -> bytes:
        """96 bytes: hash, spent, earned."""
        counters = self.spent_ubolt.to_bytes(32, "big") + self.earned_ubolt.to_bytes(32, "big")
        return self.hash + counters


NodeT = TypeVar("NodeT")


@dataclass(frozen=True, slots=True)
class Sibling(Generic[NodeT]):
    """One step from a leaf towards the root: the node beside, and on which side it stands."""

    hand: Hand
    node: NodeT


Path: TypeAlias = tuple[Sibling[bytes], ...]
SumPath: TypeAlias = tuple[Sibling[SumNode], ...]


@dataclass(frozen=True, slots=True)
class Tree(Generic[NodeT]):
    """All levels of a tree, leaves first. Made by `merkle_tree` or `sum_tree`."""

    levels: tuple[tuple[NodeT, ...], ...]

    @property
    def root(self) -> NodeT:
        return self.levels[-1][0]

    def path(self, place: int) -> tuple[Sibling[NodeT], ...]:
        """The proof of the leaf at `place`, counted from 0."""
        invariant(0 <= place < len(self.levels[0]), "a proof is of a leaf of the tree")
        path: list[Sibling[NodeT]] = []
        for level in self.levels[:-1]:
            beside = place ^ 1
            if beside < len(level):
                path.append(Sibling(Hand.LEFT if place & 1 else Hand.RIGHT, level[beside]))
            place >>= 1
        return tuple(path)


def group_leaf(channel: ChannelId, head: bytes) -> bytes:
    """The leaf of one new bill head in a hub's commit group."""
    return keccak256(b"\x00" + channel + head)


def voucher_leaf(channel: ChannelId, *, spent: int, earned: int) -> bytes:
    """The leaf of one voucher (µBOLT) that became durable in a hub's commit group."""
    return keccak256(b"\x04" + channel + spent.to_bytes(6, "big") + earned.to_bytes(6, "big"))


def merkle_tree(leaves: Sequence[bytes]) -> Tree[bytes]:
    """The tree over at least one leaf, in the order given."""
    return Tree(_levels(leaves, _node))


def sum_tree(leaves: Sequence[SumNode]) -> Tree[SumNode]:
    """The Merkle-sum tree over at least one leaf, in the order given."""
    return Tree(_levels(leaves, join_sums))


def root_from_path(leaf: bytes, path: Path) -> bytes:
    """The root that `leaf` and `path` lead to: compare it with a signed one."""
    return _climb(leaf, path, join=_node)


def sum_root_from_path(leaf: SumNode, path: SumPath) -> SumNode:
    """The root, with its sums, that `leaf` and `path` lead to."""
    return _climb(leaf, path, join=join_sums)


def join_sums(left: SumNode, right: SumNode) -> SumNode:
    """The node above two others; its sums are theirs together."""
    return SumNode(
        keccak256(b"\x03" + left.encoded + right.encoded),
        left.spent_ubolt + right.spent_ubolt,
        left.earned_ubolt + right.earned_ubolt,
    )


def _node(left: bytes, right: bytes) -> bytes:
    return keccak256(b"\x01" + left + right)


def _levels(
    leaves: Sequence[NodeT], join: Callable[[NodeT, NodeT], NodeT]
) -> tuple[tuple[NodeT, ...], ...]:
    invariant(len(leaves) > 0, "a tree has at least one leaf")
    level: tuple[NodeT, ...] = tuple(leaves)
    levels = [level]
    while len(level) > 1:
        joined = tuple(join(*pair) for pair in zip(level[::2], level[1::2], strict=False))
        level = (*joined, *level[2 * len(joined) :])
        levels.append(level)
    return tuple(levels)


def _climb(
    leaf: NodeT, path: Sequence[Sibling[NodeT]], *, join: Callable[[NodeT, NodeT], NodeT]
) -> NodeT:
    def up(node: NodeT, beside: Sibling[NodeT]) -> NodeT:
        if beside.hand is Hand.LEFT:
            return join(beside.node, node)
        return join(node, beside.node)

    return reduce(up, path, leaf)
