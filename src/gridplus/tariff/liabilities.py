"""What all homes owe and earned, under one root: a Merkle-sum tree that no neighbour can read.

A home's counters are split into two shares by a salt that only the retailer and the home know. The
first shares of all homes make the left half of the tree, the second shares the right half, each in
the order of its salted leaf hashes. So every node below the root holds at most one share of any
home, in a place that says nothing of whose it is; and the sums are still the sums of all homes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gridplus.digest import keccak256
from gridplus.tariff.proofs import Hand, Sibling, SumNode, SumPath, Tree, join_sums, sum_tree
from gridplus.tariff.proofs import sum_root_from_path as climb
from gridplus.tariff.statement import Statement
from gridplus.wallet import ChannelId

_HANDS = (Hand.LEFT, Hand.RIGHT)
_FIRST, _SECOND, _SPENT, _EARNED = (bytes([place]) for place in range(4))
_HOME_SALT = b"gridplus.home-salt/1"


@dataclass(frozen=True, slots=True)
class Liability:
    """Where a home's bill chain stands at the end of a period, with its counters (µBOLT)."""

    channel: ChannelId
    head: bytes
    spent_ubolt: int
    earned_ubolt: int

    @classmethod
    def after(cls, statement: Statement) -> "Liability":
        """What stands when `statement` is a home's last of the period."""
        return cls(statement.channel, statement.head, statement.spent_ubolt, statement.earned_ubolt)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a liability stands under a root: its salt (32 bytes), and the ways of its two leaves."""

    salt: bytes
    paths: tuple[SumPath, SumPath]


@dataclass(frozen=True, slots=True)
class LiabilityTree:
    """The root over all homes, and each home's inclusion in the order they were given."""

    root: SumNode
    _halves: tuple[Tree[SumNode], Tree[SumNode]]
    _places: tuple[tuple[int, ...], tuple[int, ...]]
    _salts: tuple[bytes, ...]

    def inclusion(self, home: int) -> Inclusion:
        """The proof of the home given as number `home`, counted from 0."""
        first, second = (
            (*half.path(places[home]), Sibling(beside, other.root))
            for half, other, places, beside in zip(
                self._halves, self._halves[::-1], self._places, _HANDS[::-1], strict=True
            )
        )
        return Inclusion(self._salts[home], (first, second))


def home_salt(secret: bytes, channel: ChannelId) -> bytes:
    """A home's salt for one period, from the secret (32 bytes) that the retailer drew for it."""
    return keccak256(_HOME_SALT + secret + channel)


def salted_leaves(owed: Liability, salt: bytes) -> tuple[SumNode, SumNode]:
    """The two leaves of a home, whose sums are its counters.

    A first share is drawn evenly from 0 to the whole counter. A leaf's hash is keccak(0x02, its own
    salt, channel, head, its shares), 32 bytes each after the first.
    """
    first_spent = _share(owed.spent_ubolt, salt + _SPENT)
    first_earned = _share(owed.earned_ubolt, salt + _EARNED)
    first = SumNode(keccak256(salt + _FIRST), first_spent, first_earned)
    second = SumNode(
        keccak256(salt + _SECOND),
        owed.spent_ubolt - first_spent,
        owed.earned_ubolt - first_earned,
    )
    return _leaf(owed, first), _leaf(owed, second)


def liability_tree(owed: Sequence[tuple[Liability, bytes]]) -> LiabilityTree:
    """The tree over at least one home, each with its salt."""
    pairs = [salted_leaves(liability, salt) for liability, salt in owed]
    columns = [[pair[half] for pair in pairs] for half in range(2)]
    left, right = (sum_tree(sorted(column, key=_hash)) for column in columns)
    places = [_places(column) for column in columns]
    return LiabilityTree(
        join_sums(left.root, right.root),
        (left, right),
        (places[0], places[1]),
        tuple(salt for _, salt in owed),
    )


def root_of_inclusion(owed: Liability, inclusion: Inclusion) -> SumNode | None:
    """The root, with its sums, that both leaves of `owed` lead to; None when they do not meet."""
    leaves = salted_leaves(owed, inclusion.salt)
    for path, beside in zip(inclusion.paths, _HANDS[::-1], strict=True):
        if not path or path[-1].hand is not beside:
            return None
    first, second = (climb(*pair) for pair in zip(leaves, inclusion.paths, strict=True))
    return first if first == second else None


def _share(whole: int, seed: bytes) -> int:
    return int.from_bytes(keccak256(seed), "big") % (whole + 1)


def _leaf(owed: Liability, share: SumNode) -> SumNode:
    """The leaf of a share, whose hash is still its bare salt."""
    bare = SumNode(owed.channel + owed.head, share.spent_ubolt, share.earned_ubolt)
    return SumNode(
        keccak256(b"\x02" + share.hash + bare.encoded), share.spent_ubolt, share.earned_ubolt
    )


def _hash(node: SumNode) -> bytes:
    return node.hash


def _places(column: Sequence[SumNode]) -> tuple[int, ...]:
    """Where each leaf stands once they are in the order of their hashes."""
    order = sorted(range(len(column)), key=lambda home: column[home].hash)
    places = [0] * len(column)
    for place, home in enumerate(order):
        places[home] = place
    return tuple(places)
