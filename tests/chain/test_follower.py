"""Logs come once each, over restarts and reorganisations, and a node that lies is found out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gridplus.chain import Account, Block, Call, Chain, Log, RpcChain
from gridplus.chain.embedded import EmbeddedChain
from gridplus.chain.follower import Cursor, Forked, Step, Watch, follow
from gridplus.failures import InputError, RemoteError
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address
from tests.chain.adder import ADDED, CREATION, word
from tests.chain.places import Anvil, anvil, anvil_binary, embedded, new_key, served
from tests.chain.reader import Reader


@pytest.fixture
def key(tmp_path: Path) -> Secp256k1Key:
    return new_key(tmp_path, "funded")


@pytest.fixture
def chain(key: Secp256k1Key) -> Iterator[EmbeddedChain]:
    with embedded(None, key) as made:
        yield made


@pytest.fixture
def node(key: Secp256k1Key) -> Iterator[Anvil]:
    binary = anvil_binary()
    if binary is None:
        pytest.skip("GRIDPLUS_ANVIL names no anvil binary")
    with anvil(binary, key, confirmations=5) as made:
        yield made


def add(chain: Chain, key: Secp256k1Key, adder: Address, *values: int) -> None:
    for value in values:
        Account(key, chain).transact(Call(to=adder, data=word(value)))


def test_each_log_comes_once_in_bounded_steps(chain: EmbeddedChain, key: Secp256k1Key) -> None:
    adders = [Account(key, chain).deploy(CREATION) for _ in range(2)]
    reader = Reader(tuple(Watch(adder, (ADDED,)) for adder in adders))
    for value in range(1, 8):
        add(chain, key, adders[value % 2], value)
    steps = 1
    while reader.step(chain, blocks=3).more:
        steps += 1
    assert steps == 4
    assert reader.added == [1, 2, 3, 4, 5, 6, 7]
    assert reader.step(chain) == Step((), (), reader.step(chain).cursor, more=False)


def test_what_is_not_watched_does_not_come(chain: EmbeddedChain, key: Secp256k1Key) -> None:
    first, second = (Account(key, chain).deploy(CREATION) for _ in range(2))
    add(chain, key, second, 5)
    add(chain, key, first, 6, 7)
    reader = Reader((Watch(first, (None, word(7))),))
    reader.step(chain)
    assert reader.added == [7]


def test_a_step_that_was_not_journaled_gives_the_same_logs_again(
    chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    adder = Account(key, chain).deploy(CREATION)
    reader = Reader((Watch(adder),))
    add(chain, key, adder, 1, 2)
    lost = reader.step(chain, dies=True)
    assert reader.step(chain).logs == lost.logs
    assert reader.added == [1, 2]


def test_a_reorganisation_of_three_blocks_is_taken_back_and_read_anew(
    node: Anvil, key: Secp256k1Key
) -> None:
    adder = Account(key, node.chain).deploy(CREATION)
    reader = Reader((Watch(adder),))
    add(node.chain, key, adder, 1, 2, 3, 4)
    reader.step(node.chain)
    assert reader.added == [1, 2, 3, 4]
    node.reorganise(3)
    step = reader.step(node.chain)
    assert [int.from_bytes(log.topics[1], "big") for log in step.undone] == [4, 3, 2]
    assert reader.added == [1]
    add(node.chain, key, adder, 30, 40)
    reader.step(node.chain)
    assert reader.added == [1, 30, 40]


def test_a_reorganisation_between_reading_and_journaling_is_seen_after_the_restart(
    node: Anvil, key: Secp256k1Key
) -> None:
    adder = Account(key, node.chain).deploy(CREATION)
    reader = Reader((Watch(adder),))
    add(node.chain, key, adder, 1, 2)
    reader.step(node.chain)
    add(node.chain, key, adder, 3)
    reader.step(node.chain, dies=True)
    node.reorganise(2)
    add(node.chain, key, adder, 20)
    reader.step(node.chain)
    assert reader.added == [1, 20]


def test_only_what_is_final_never_has_to_be_taken_back(node: Anvil, key: Secp256k1Key) -> None:
    adder = Account(key, node.chain).deploy(CREATION)
    add(node.chain, key, adder, 1, 2, 3, 4)
    node.mine(2)
    step = follow(node.chain, [Watch(adder)], cursor=Cursor(0), final_only=True)
    assert [log.topics[1] for log in step.logs] == [word(1)]
    node.reorganise(3)
    again = follow(node.chain, [Watch(adder)], cursor=step.cursor, final_only=True)
    assert (again.undone, again.logs) == ((), ())


def test_another_chain_below_what_was_final_is_refused(node: Anvil, key: Secp256k1Key) -> None:
    node.mine(8)
    reader = Reader((Watch(Address(bytes(20))),))
    reader.step(node.chain)
    node.reorganise(4)
    reader.step(node.chain)
    node.reorganise(7)
    with pytest.raises(Forked, match="was final as 0x"):
        reader.step(node.chain)


def test_the_cursor_keeps_what_may_be_undone_and_no_more(
    chain: EmbeddedChain, node: Anvil, key: Secp256k1Key
) -> None:
    adder = Account(key, chain).deploy(CREATION)
    add(chain, key, adder, 1, 2, 3)
    (mark,) = follow(chain, [Watch(adder)], cursor=Cursor(0)).cursor.marks
    assert (mark.number, mark.logs) == (4, ())
    adder = Account(key, node.chain).deploy(CREATION)
    add(node.chain, key, adder, 1, 2, 3)
    node.mine(4)
    final, waiting, last = follow(node.chain, [Watch(adder)], cursor=Cursor(0)).cursor.marks
    assert (final.number, len(final.logs)) == (3, 0)
    assert (waiting.number, len(waiting.logs)) == (4, 1)
    assert (last.number, len(last.logs)) == (8, 0)


def test_a_restart_of_the_node_loses_and_doubles_nothing(tmp_path: Path, key: Secp256k1Key) -> None:
    with served(tmp_path, key) as server, RpcChain(server.url) as chain:
        adder = Account(key, chain).deploy(CREATION)
        reader = Reader((Watch(adder),))
        add(chain, key, adder, 1)
        reader.step(chain)
        add(chain, key, adder, 2)
        server.process.kill()
        server.process.wait()
        with pytest.raises(RemoteError, match="cannot be asked"):
            reader.step(chain)
    with served(tmp_path, key) as server, RpcChain(server.url) as chain:
        add(chain, key, adder, 3)
        reader.step(chain)
    assert reader.added == [1, 2, 3]


class Liar:
    """A chain whose logs have another block's hash, or whose blocks do, so often as it says."""

    def __init__(self, chain: EmbeddedChain, times: int) -> None:
        self._chain = chain
        self.times = times

    def logs(
        self, address: Address, topics: Sequence[bytes | None], *, from_block: int, to_block: int
    ) -> tuple[Log, ...]:
        found = self._chain.logs(address, topics, from_block=from_block, to_block=to_block)
        self.times -= 1
        return found if self.times < 0 else tuple(replace(x, block_hash=word(7)) for x in found)

    def head(self) -> Block:
        return self._chain.head()

    finalized = head

    def block(self, number: int) -> Block:
        return self._chain.block(number)


@pytest.mark.parametrize(("times", "believed"), [(2, True), (3, False)])
def test_logs_of_blocks_that_are_not_there_are_not_believed(
    chain: EmbeddedChain, key: Secp256k1Key, times: int, believed: bool
) -> None:
    adder = Account(key, chain).deploy(CREATION)
    add(chain, key, adder, 1)
    liar: Chain = Liar(chain, times)  # type: ignore[assignment]
    if believed:
        step = follow(liar, [Watch(adder)], cursor=Cursor(0))
        assert [log.block_hash for log in step.logs] == [chain.head().hash]
    else:
        with pytest.raises(RemoteError, match="not in its chain"):
            follow(liar, [Watch(adder)], cursor=Cursor(0))


@pytest.mark.parametrize(
    "document",
    [None, {}, {"start": 0, "final": "1", "marks": []}, {"start": 0, "final": 0, "marks": [{}]}],
)
def test_what_is_no_cursor_is_refused(document: object) -> None:
    with pytest.raises(InputError):
        Cursor.parse(document)  # type: ignore[arg-type]
