from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.digest import keccak256
from gridplus.failures import Bug, InputError
from gridplus.tariff import (
    Hand,
    Liability,
    Sibling,
    SumNode,
    group_leaf,
    merkle_tree,
    pack_path,
    packed_paths,
    root_from_path,
    salted_leaves,
    sum_root_from_path,
    sum_tree,
    unpack_path,
    voucher_leaf,
)
from gridplus.wallet import ChannelId

CHANNEL, HEAD = ChannelId(b"\x11" * 32), b"\x22" * 32
hashes = st.binary(min_size=32, max_size=32)
sum_nodes = st.builds(SumNode, hashes, st.integers(0, 1 << 60), st.integers(0, 1 << 60))


@given(st.lists(hashes, min_size=1, max_size=40, unique=True), st.data())
def test_every_leaf_and_only_it_leads_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    tree = merkle_tree(leaves)
    at, other = (data.draw(st.integers(0, len(leaves) - 1)) for _ in range(2))
    path = tree.path(at)
    assert root_from_path(leaves[at], path) == tree.root
    assert (root_from_path(leaves[other], path) == tree.root) == (at == other)
    assert len(path) <= (len(leaves) - 1).bit_length()


@given(st.lists(hashes, min_size=1, max_size=70, unique=True))
def test_all_packed_paths_at_once_are_each_leafs_own(leaves: list[bytes]) -> None:
    tree = merkle_tree(leaves)
    root, packed = packed_paths(leaves)
    assert root == tree.root
    assert packed == [pack_path(tree.path(place)) for place in range(len(leaves))]
    assert [unpack_path(path) for path in packed] == [tree.path(n) for n in range(len(leaves))]


@given(st.lists(st.builds(Sibling, st.sampled_from(Hand), hashes), max_size=32), st.binary())
def test_a_path_is_packed_in_one_way(steps: list[Sibling[bytes]], noise: bytes) -> None:
    packed = pack_path(tuple(steps))
    assert unpack_path(packed) == tuple(steps)
    for wrong in (packed + noise[:1] + b"x", packed[:-1], bytes([packed[0] ^ 1]) + packed[1:]):
        with pytest.raises(InputError):
            unpack_path(wrong)
    beyond = (1 << len(steps)) & 0xFFFFFFFF
    if beyond:
        with pytest.raises(InputError):
            unpack_path(packed[:1] + beyond.to_bytes(4, "big") + packed[5:])


def test_a_voucher_never_stands_for_a_bill_or_for_other_counters() -> None:
    leaf = voucher_leaf(CHANNEL, spent=5, earned=6)
    others = [voucher_leaf(CHANNEL, spent=6, earned=5), voucher_leaf(CHANNEL, spent=5, earned=0)]
    others += [voucher_leaf(ChannelId(HEAD), spent=5, earned=6), group_leaf(CHANNEL, HEAD)]
    assert leaf not in others
    assert leaf == keccak256(b"\x04" + CHANNEL + bytes(5) + b"\x05" + bytes(5) + b"\x06")


@given(st.lists(hashes, min_size=2, max_size=40, unique=True), st.data())
def test_a_path_with_any_step_changed_leads_elsewhere(
    leaves: list[bytes], data: st.DataObject
) -> None:
    tree = merkle_tree(leaves)
    at = data.draw(st.integers(0, len(leaves) - 1))
    path = tree.path(at)
    place = data.draw(st.integers(0, len(path) - 1))
    step = path[place]
    turned = Hand.LEFT if step.hand is Hand.RIGHT else Hand.RIGHT
    for changed in (
        (replace(step, hand=turned),),
        (replace(step, node=keccak256(step.node)),),
        (),
        (step, step),
    ):
        forged = (*path[:place], *changed, *path[place + 1 :])
        assert root_from_path(leaves[at], forged) != tree.root


@given(st.lists(sum_nodes, min_size=1, max_size=40, unique=True), st.data())
def test_an_anchor_root_carries_the_sums_of_all_homes(
    leaves: list[SumNode], data: st.DataObject
) -> None:
    tree = sum_tree(leaves)
    assert tree.root.spent_ubolt == sum(leaf.spent_ubolt for leaf in leaves)
    assert tree.root.earned_ubolt == sum(leaf.earned_ubolt for leaf in leaves)
    at = data.draw(st.integers(0, len(leaves) - 1))
    leaf, path = leaves[at], tree.path(at)
    assert sum_root_from_path(leaf, path) == tree.root
    richer = replace(leaf, spent_ubolt=leaf.spent_ubolt + 1)
    assert sum_root_from_path(richer, path) != tree.root
    for place, step in enumerate(path):
        cooked = replace(step, node=replace(step.node, earned_ubolt=step.node.earned_ubolt + 1))
        assert sum_root_from_path(leaf, (*path[:place], cooked, *path[place + 1 :])) != tree.root


def test_sums_cannot_be_moved_from_one_home_to_another() -> None:
    one, two = (SumNode(keccak256(bytes([i])), 10, 10) for i in range(2))
    moved = sum_tree([replace(one, spent_ubolt=9), replace(two, spent_ubolt=11)]).root
    honest = sum_tree([one, two]).root
    assert (moved.spent_ubolt, moved.earned_ubolt) == (honest.spent_ubolt, honest.earned_ubolt)
    assert moved.hash != honest.hash


def test_leaves_and_nodes_of_both_trees_hash_under_four_prefixes() -> None:
    counters = (5).to_bytes(32, "big") + (7).to_bytes(32, "big")
    assert group_leaf(CHANNEL, HEAD) == keccak256(b"\x00" + CHANNEL + HEAD)
    owed, salt = Liability(CHANNEL, HEAD, 0, 0), b"\x33" * 32
    for place, leaf in enumerate(salted_leaves(owed, salt)):
        bound = keccak256(salt + bytes([place])) + CHANNEL + HEAD + bytes(64)
        assert leaf == SumNode(keccak256(b"\x02" + bound), 0, 0)
    left, right = keccak256(b"l"), keccak256(b"r")
    assert merkle_tree([left, right]).root == keccak256(b"\x01" + left + right)
    nodes = SumNode(left, 5, 7), SumNode(right, 5, 7)
    assert sum_tree(nodes).root.hash == keccak256(b"\x03" + left + counters + right + counters)


def test_an_odd_node_is_promoted_unchanged() -> None:
    leaves = [keccak256(bytes([i])) for i in range(3)]
    assert merkle_tree(leaves[:1]).root == leaves[0]
    assert merkle_tree(leaves[:1]).path(0) == ()
    pair = merkle_tree(leaves[:2]).root
    assert merkle_tree(leaves).root == keccak256(b"\x01" + pair + leaves[2])


@pytest.mark.parametrize("place", [-1, 2])
def test_an_empty_tree_and_a_leaf_outside_are_bugs(place: int) -> None:
    with pytest.raises(Bug, match="at least one leaf"):
        merkle_tree([])
    with pytest.raises(Bug, match="a leaf of the tree"):
        merkle_tree([HEAD, CHANNEL]).path(place)
