"""An order is made once: over crashes, stuck transactions, fee spikes and reorganisations."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gridplus.chain import (
    USUAL_FEES,
    Account,
    Call,
    Chain,
    FeeRules,
    FeeTooHigh,
    GivenUp,
    Outbox,
    Overtaken,
    Rejected,
    Reverted,
    RpcChain,
    Sender,
    Standing,
    TooMuchGas,
    Unsettled,
)
from gridplus.chain.embedded import EmbeddedChain
from gridplus.chain.patience import Patience
from gridplus.failures import Bug, RemoteError, StorageError
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address
from tests.chain.adder import CREATION, word
from tests.chain.places import Anvil, anvil, anvil_binary, embedded, new_key, served

NOBODY = Address(b"\x0b" * 20)
GWEI = 10**9
PAY = Call(to=NOBODY, value_wei=1)


@pytest.fixture
def key(tmp_path: Path) -> Secp256k1Key:
    return new_key(tmp_path, "funded")


@pytest.fixture
def chain(key: Secp256k1Key) -> Iterator[EmbeddedChain]:
    with embedded(None, key) as made:
        yield made


@pytest.fixture
def node(key: Secp256k1Key) -> Iterator[Anvil]:
    """Mines when it is told to; a block is final after four more."""
    binary = anvil_binary()
    if binary is None:
        pytest.skip("GRIDPLUS_ANVIL names no anvil binary")
    with anvil(binary, key, "--no-mining", confirmations=4) as made:
        yield made


class PulledPlugError(Exception):
    """The process ends here."""


class Paper:
    """What a sender has journaled, and when its process ends."""

    def __init__(self, key: Secp256k1Key, *, rules: FeeRules = USUAL_FEES) -> None:
        self.key = key
        self.rules = rules
        self.entries: list[bytes] = []

    def sender(self, chain: Chain) -> Sender:
        """As it is after a start."""
        outbox = Outbox(self.entries.copy(), write=self.entries.append)
        return Sender(self.key, chain, outbox=outbox, rules=self.rules, patience=Patience(1))


@pytest.fixture
def paper(key: Secp256k1Key) -> Paper:
    return Paper(key)


def test_an_order_is_made_once_however_often_it_is_asked(
    chain: EmbeddedChain, paper: Paper
) -> None:
    sender = paper.sender(chain)
    receipt = sender.transact("pay", PAY)
    assert sender.transact("pay", PAY) == receipt
    assert paper.sender(chain).transact("pay", PAY) == receipt
    assert chain.balance(NOBODY) == 1
    sender.transact("pay again", PAY)
    assert chain.balance(NOBODY) == 2


def test_a_name_stands_for_one_call(chain: EmbeddedChain, paper: Paper) -> None:
    adder = Account(paper.key, chain).deploy(CREATION)
    sender, refused = paper.sender(chain), Call(to=adder, data=word(0), gas=100_000)
    for _ in range(2):
        with pytest.raises(Reverted, match="zero refused"):
            sender.transact("add", refused)
    with pytest.raises(Bug, match="one call"):
        sender.transact("add", Call(to=adder, data=word(1)))
    assert sender.transact("add one", Call(to=adder, data=word(1))).succeeded


def test_what_would_revert_is_not_sent_and_may_be_asked_again(
    chain: EmbeddedChain, paper: Paper
) -> None:
    adder = Account(paper.key, chain).deploy(CREATION)
    before = chain.nonce(paper.key.address)
    with pytest.raises(Reverted, match="zero refused"):
        paper.sender(chain).transact("add", Call(to=adder, data=word(0)))
    assert chain.nonce(paper.key.address) == before
    assert paper.entries == []
    assert paper.sender(chain).transact("add", Call(to=adder, data=word(1))).succeeded


@pytest.mark.parametrize(
    "crash", ["before it is journaled", "before it is sent", "before it is known"]
)
def test_a_crash_at_any_moment_sends_it_once(
    chain: EmbeddedChain, paper: Paper, crash: str
) -> None:
    """The crash is an exception where the process would have ended; its memory is then dropped."""

    class Failing:
        """The chain, unplugged."""

        def __getattr__(self, name: str) -> object:
            if crash == "before it is sent" and name == "send":
                raise PulledPlugError
            return getattr(chain, name)

    def write(entry: bytes) -> None:
        if crash == "before it is journaled":
            raise PulledPlugError
        if crash == "before it is known" and b'"settled"' in entry:
            raise PulledPlugError
        paper.entries.append(entry)

    first_life = Sender(paper.key, Failing(), outbox=Outbox([], write=write))  # type: ignore[arg-type]
    with pytest.raises(PulledPlugError):
        first_life.transact("pay", PAY)
    second_life = paper.sender(chain)
    second_life.finish()
    second_life.transact("pay", PAY)
    assert chain.balance(NOBODY) == 1
    assert chain.nonce(paper.key.address) == 1


def test_gas_above_a_block_s_is_refused_before_anything_is_signed(
    chain: EmbeddedChain, paper: Paper
) -> None:
    with pytest.raises(TooMuchGas, match="more than 16777216 gas, the most of one"):
        paper.sender(chain).transact("pay", Call(to=NOBODY, gas=16_777_217))
    assert paper.entries == []
    assert paper.sender(chain).transact("pay", Call(to=NOBODY, gas=16_777_216)).succeeded


def test_a_fee_above_the_ceiling_sends_nothing(chain: EmbeddedChain, key: Secp256k1Key) -> None:
    base_wei = chain.fees().base_wei
    paper = Paper(key, rules=FeeRules(ceiling_wei=base_wei - 1))
    sender = paper.sender(chain)
    with pytest.raises(FeeTooHigh, match=r"fee above ceiling, waiting: .* above our ceiling"):
        sender.transact("pay", PAY)
    assert sender.standing is Standing.FEE_ABOVE_CEILING
    assert (paper.entries, chain.head().number) == ([], 0)
    paper.rules = FeeRules(ceiling_wei=base_wei)
    assert paper.sender(chain).transact("pay", PAY).succeeded


def test_a_nonce_taken_from_elsewhere_is_said_and_frees_the_name(
    chain: EmbeddedChain, paper: Paper
) -> None:
    def unplugged(_entry: bytes) -> None:
        paper.entries.append(_entry)
        raise PulledPlugError

    with pytest.raises(PulledPlugError):
        Sender(paper.key, chain, outbox=Outbox([], write=unplugged)).transact("pay", PAY)
    Account(paper.key, chain).transact(Call(to=paper.key.address))
    sender = paper.sender(chain)
    with pytest.raises(Overtaken, match="nonce 0 was used from elsewhere"):
        sender.transact("pay", PAY)
    assert sender.transact("pay", PAY).succeeded
    assert chain.balance(NOBODY) == 1


def test_what_a_node_does_not_take_says_why_and_can_be_asked_again(
    chain: EmbeddedChain, tmp_path: Path, key: Secp256k1Key
) -> None:
    paper = Paper(new_key(tmp_path, "poor"))
    with pytest.raises(Rejected, match="insufficient funds"):
        paper.sender(chain).transact("pay", Call(to=NOBODY, gas=21_000))
    Account(key, chain).transact(Call(to=paper.key.address, value_wei=10**18))
    assert paper.sender(chain).transact("pay", Call(to=NOBODY, gas=21_000)).succeeded


@pytest.mark.parametrize(
    "entry", [b"", b"{}", b'{"entry":"sold","name":"x"}', b'{"entry":"lost","name":"x"}']
)
def test_an_entry_of_another_version_is_refused(entry: bytes) -> None:
    with pytest.raises(StorageError, match="entry 1 of the outbox"):
        Outbox([entry], write=lambda _: None)


def test_an_order_is_settled_when_it_is_final_and_not_before(node: Anvil, paper: Paper) -> None:
    sender = paper.sender(node.chain)
    with pytest.raises(Unsettled, match="ask again"):
        sender.transact("pay", PAY)
    node.mine(4)
    assert sender.poll("pay") is None
    node.mine()
    receipt = sender.poll("pay")
    assert receipt is not None
    assert receipt.block_number == 1


def test_a_reorganisation_of_three_blocks_and_a_restart_in_mid_claim_send_it_once(
    node: Anvil, paper: Paper
) -> None:
    paper.sender(node.chain).submit("claim", PAY)
    node.mine(3)
    assert node.chain.balance(NOBODY) == 1
    assert paper.sender(node.chain).poll("claim") is None
    node.reorganise(3)
    assert node.chain.balance(NOBODY) == 0
    second_life = paper.sender(node.chain)
    for _ in range(8):
        second_life.poll("claim")
        node.mine()
    assert second_life.transact("claim", PAY).succeeded
    assert node.chain.balance(NOBODY) == 1
    assert node.chain.nonce(paper.key.address) == 1


def test_a_node_that_dies_in_mid_claim_and_comes_back_has_it_once(
    tmp_path: Path, paper: Paper
) -> None:
    with served(tmp_path, paper.key) as server, RpcChain(server.url) as chain:
        paper.sender(chain).submit("claim", PAY)
        server.process.kill()
        server.process.wait()
        with pytest.raises(RemoteError, match="cannot be asked"):
            paper.sender(chain).wait("claim")
        with pytest.raises(RemoteError, match="cannot be asked"):
            paper.sender(chain).submit("another", PAY)
    with served(tmp_path, paper.key) as server, RpcChain(server.url) as chain:
        second_life = paper.sender(chain)
        second_life.finish()
        assert second_life.transact("claim", PAY).succeeded
        assert (chain.balance(NOBODY), chain.nonce(paper.key.address)) == (1, 1)


def test_a_dropped_transaction_is_sent_again(node: Anvil, paper: Paper) -> None:
    sender = paper.sender(node.chain)
    sender.submit("pay", PAY)
    node.ask("anvil_dropAllTransactions")
    node.mine()
    assert node.chain.balance(NOBODY) == 0
    sender.poll("pay")
    node.mine(5)
    assert sender.transact("pay", PAY).succeeded
    assert node.chain.balance(NOBODY) == 1


def spike(node: Anvil, base_fee_wei: int, *, blocks: int) -> None:
    for _ in range(blocks):
        node.ask("anvil_setNextBlockBaseFeePerGas", hex(base_fee_wei))
        node.mine()


def test_a_stuck_transaction_is_replaced_by_one_that_offers_more(node: Anvil, paper: Paper) -> None:
    sender = paper.sender(node.chain)
    sender.submit("pay", PAY)
    assert sender.poll("pay") is None
    assert len(paper.entries) == 1
    spike(node, 20 * GWEI, blocks=1)
    assert sender.poll("pay") is None
    assert len(paper.entries) == 2
    node.mine(5)
    receipt = paper.sender(node.chain).transact("pay", PAY)
    assert receipt.gas_price_wei > 2 * GWEI
    assert node.chain.balance(NOBODY) == 1


def test_one_that_no_block_takes_is_replaced_after_three(node: Anvil, paper: Paper) -> None:
    sender = paper.sender(node.chain)
    sender.submit("pay", PAY)
    for blocks, attempts in ((2, 1), (1, 2)):
        node.ask("anvil_dropAllTransactions")
        node.mine(blocks)
        sender.poll("pay")
        assert len(paper.entries) == attempts
    node.mine(5)
    assert sender.transact("pay", PAY).succeeded
    assert node.chain.balance(NOBODY) == 1


def test_a_spike_above_the_ceiling_is_waited_out(node: Anvil, paper: Paper) -> None:
    paper.rules = FeeRules(ceiling_wei=10 * GWEI)
    sender = paper.sender(node.chain)
    sender.submit("pay", PAY)
    spike(node, 50 * GWEI, blocks=3)
    with pytest.raises(FeeTooHigh, match="above our ceiling of 10000000000"):
        sender.poll("pay")
    assert sender.standing is Standing.FEE_ABOVE_CEILING
    assert len(paper.entries) == 1
    spike(node, GWEI, blocks=1)
    sender.poll("pay")
    assert sender.standing is paper.sender(node.chain).standing is Standing.WAITING
    node.mine(5)
    assert sender.transact("pay", PAY).succeeded
    assert sender.standing is Standing.SETTLED
    assert node.chain.balance(NOBODY) == 1


def test_an_order_that_is_given_up_is_not_made_and_frees_its_place(
    node: Anvil, paper: Paper
) -> None:
    sender = paper.sender(node.chain)
    sender.submit("pay", PAY)
    sender.give_up("pay")
    node.mine(5)
    for _ in range(2):
        with pytest.raises(GivenUp, match="pay was given up"):
            paper.sender(node.chain).wait("pay")
    assert node.chain.balance(NOBODY) == 0
    later = paper.sender(node.chain)
    later.submit("pay later", PAY)
    node.mine(5)
    assert later.wait("pay later").succeeded


def test_giving_up_what_is_mined_already_changes_nothing(node: Anvil, paper: Paper) -> None:
    sender = paper.sender(node.chain)
    sender.submit("pay", PAY)
    node.mine()
    with pytest.raises(Rejected):
        sender.give_up("pay")
    node.mine(4)
    assert sender.wait("pay").succeeded
    assert node.chain.balance(NOBODY) == 1
