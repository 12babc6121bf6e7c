"""The anchored tree: sums that add up, proofs that hold, and nothing of a neighbour in either."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.digest import keccak256
from gridplus.failures import Bug
from gridplus.tariff import (
    Hand,
    Inclusion,
    Liability,
    LiabilityTree,
    home_salt,
    liability_tree,
    root_of_inclusion,
    salted_leaves,
)
from gridplus.tariff.proofs import join_sums
from gridplus.wallet import ChannelId

SECRET = keccak256(b"drawn for one day")
amounts = st.one_of(st.just(0), st.integers(0, (1 << 48) - 1))
Below = dict[bytes, set[tuple[int, int]]]
counters = st.tuples(amounts, amounts)
streets = st.lists(counters, min_size=1, max_size=24)


def liability(number: int, spent_ubolt: int, earned_ubolt: int) -> Liability:
    name = keccak256(number.to_bytes(4, "big"))
    return Liability(ChannelId(name), keccak256(name), spent_ubolt, earned_ubolt)


def street_of(amounts: list[tuple[int, int]]) -> list[tuple[Liability, bytes]]:
    homes = [liability(number, *pair) for number, pair in enumerate(amounts)]
    return [(home, home_salt(SECRET, home.channel)) for home in homes]


@settings(max_examples=60)
@given(streets, st.data())
def test_every_home_leads_to_the_root_and_the_root_carries_the_sums_of_all(
    amounts: list[tuple[int, int]], data: st.DataObject
) -> None:
    street = street_of(amounts)
    tree = liability_tree(street)
    assert tree.root.spent_ubolt == sum(spent for spent, _ in amounts)
    assert tree.root.earned_ubolt == sum(earned for _, earned in amounts)
    home = data.draw(st.integers(0, len(street) - 1))
    assert root_of_inclusion(street[home][0], tree.inclusion(home)) == tree.root


@settings(max_examples=60)
@given(streets, st.data())
def test_nothing_else_leads_there(amounts: list[tuple[int, int]], data: st.DataObject) -> None:
    street = street_of(amounts)
    tree = liability_tree(street)
    number = data.draw(st.integers(0, len(street) - 1))
    owed, proof = street[number][0], tree.inclusion(number)
    for other in (
        replace(owed, spent_ubolt=owed.spent_ubolt + 1),
        replace(owed, earned_ubolt=owed.earned_ubolt + 1),
        replace(owed, head=keccak256(owed.head)),
        replace(owed, channel=ChannelId(keccak256(owed.channel))),
    ):
        assert root_of_inclusion(other, proof) != tree.root
    first, second = proof.paths
    for forged in (
        Inclusion(keccak256(proof.salt), proof.paths),
        Inclusion(proof.salt, (second, first)),
        Inclusion(proof.salt, (first, first)),
        Inclusion(proof.salt, (first[:-1], second)),
        Inclusion(proof.salt, ((), ())),
        Inclusion(proof.salt, (first, cooked(second))),
    ):
        assert root_of_inclusion(owed, forged) != tree.root


def cooked(path: tuple) -> tuple:  # type: ignore[type-arg]
    step = path[0]
    return (
        replace(step, node=replace(step.node, spent_ubolt=step.node.spent_ubolt + 1)),
        *path[1:],
    )


def shown_to(tree: LiabilityTree, home: int) -> set[bytes]:
    """Every node whose sums the proofs of one home show."""
    return {step.node.hash for path in tree.inclusion(home).paths for step in path}


def leaves_below(tree: LiabilityTree, street: list[tuple[Liability, bytes]]) -> Below:
    """Of each node below the root: the shares in it, as (home, half)."""
    below: Below = {}
    for home, pair in enumerate(street):
        for half, leaf in enumerate(salted_leaves(*pair)):
            node = leaf
            for step in tree.inclusion(home).paths[half]:
                below.setdefault(node.hash, set()).add((home, half))
                pair_of = (step.node, node) if step.hand is Hand.LEFT else (node, step.node)
                node = join_sums(*pair_of)
            assert node == tree.root
    return below


@pytest.mark.parametrize("homes", [1, 2, 3, 5, 17, 64])
def test_no_proof_shows_a_sum_with_both_shares_of_a_home(homes: int) -> None:
    """I-BI-6, whoever puts the proofs of the whole street together."""
    street = street_of([(10_000_000 + i, 3_000 + i) for i in range(homes)])
    tree = liability_tree(street)
    below = leaves_below(tree, street)
    shown = set().union(*(shown_to(tree, home) for home in range(homes)))
    assert shown <= below.keys()
    for node in shown:
        assert len({half for _, half in below[node]}) == 1
        assert len({home for home, _ in below[node]}) == len(below[node])
    assert len(below) == 2 * (2 * homes - 1)


def test_a_share_says_nothing_but_that_its_home_owes_no_less() -> None:
    """Over many days the first share falls into each tenth of the counter about as often."""
    owed, days = liability(7, 1_000_000_000, 999), 2_000
    tenths: Counter[int] = Counter()
    for day in range(days):
        first, second = salted_leaves(owed, keccak256(day.to_bytes(4, "big")))
        assert first.spent_ubolt + second.spent_ubolt == owed.spent_ubolt
        assert first.earned_ubolt + second.earned_ubolt == owed.earned_ubolt
        tenths[first.spent_ubolt * 10 // (owed.spent_ubolt + 1)] += 1
    assert len(tenths) == 10
    assert max(tenths.values()) < 1.3 * days / 10
    assert min(tenths.values()) > 0.7 * days / 10


def test_who_knows_all_of_a_home_but_its_salt_does_not_find_its_leaves() -> None:
    street = street_of([(5_000_000, 0)] * 4)
    tree = liability_tree(street)
    shown = shown_to(tree, 0)
    assert len(shown) == 6
    victims = [owed for owed, _ in street[1:]]
    guessed = {leaf.hash for owed in victims for leaf in salted_leaves(owed, street[0][1])}
    assert shown.isdisjoint(guessed)
    known = {leaf.hash for owed, salt in street for leaf in salted_leaves(owed, salt)}
    assert not shown.isdisjoint(known)


def test_the_place_of_a_home_changes_with_the_secret_of_the_day() -> None:
    homes = [owed for owed, _ in street_of([(1_000, 1)] * 16)]
    hands = set()
    for day in range(8):
        secret = keccak256(bytes([day]))
        tree = liability_tree([(home, home_salt(secret, home.channel)) for home in homes])
        hands.add(tuple(step.hand for step in tree.inclusion(3).paths[0]))
    assert len(hands) > 4


def test_a_street_without_homes_has_no_tree() -> None:
    with pytest.raises(Bug, match="at least one leaf"):
        liability_tree([])
