"""What wallets and tools ask of a node beside the port: whole blocks, filters, fee history."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridplus.chain import Account, Call
from gridplus.chain.dispatch import answer
from gridplus.chain.embedded import EmbeddedChain
from gridplus.chain.filters import MAX_FILTERS
from gridplus.chain.methods import Node
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address
from tests.chain.adder import ADDED, CREATION, word
from tests.chain.places import embedded, new_key

NOBODY = Address(b"\x0b" * 20)
HEADER = {
    "number", "hash", "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot",
    "receiptsRoot", "logsBloom", "difficulty", "gasLimit", "gasUsed", "timestamp", "extraData",
    "mixHash", "nonce", "baseFeePerGas", "size", "transactions", "uncles", "withdrawals",
}  # fmt: skip


@pytest.fixture
def key(tmp_path: Path) -> Secp256k1Key:
    return new_key(tmp_path, "funded")


@pytest.fixture
def chain(key: Secp256k1Key) -> Iterator[EmbeddedChain]:
    with embedded(None, key) as made:
        yield made


@pytest.fixture
def node(chain: EmbeddedChain) -> Node:
    return Node(chain)


@pytest.fixture
def adder(chain: EmbeddedChain, key: Secp256k1Key) -> Address:
    return Account(key, chain).deploy(CREATION)


def ask(node: Node, method: str, *params: Any) -> Any:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    said = json.loads(answer(node, json.dumps(request).encode()))
    return said["result"] if "result" in said else said["error"]


def test_a_block_is_whole_by_number_and_by_hash(
    node: Node, chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    receipt = Account(key, chain).transact(Call(to=NOBODY, value_wei=7))
    block = ask(node, "eth_getBlockByNumber", hex(receipt.block_number), False)
    assert set(block) == HEADER
    assert block["transactions"] == [f"0x{receipt.transaction_hash.hex()}"]
    assert ask(node, "eth_getBlockByHash", block["hash"], False) == block
    full = ask(node, "eth_getBlockByHash", block["hash"], True)
    assert full["transactions"] == [ask(node, "eth_getTransactionByHash", block["transactions"][0])]
    assert ask(node, "eth_getBlockByHash", "0x" + "00" * 32, False) is None


def test_a_transaction_is_found_by_hash_and_an_unknown_one_is_not(
    node: Node, chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    receipt = Account(key, chain).transact(Call(to=NOBODY, value_wei=7))
    found = ask(node, "eth_getTransactionByHash", f"0x{receipt.transaction_hash.hex()}")
    assert found["from"] == f"0x{key.address.hex()}"
    assert (found["to"], found["value"]) == (f"0x{NOBODY.hex()}", "0x7")
    assert (found["type"], found["nonce"], found["input"]) == ("0x2", "0x0", "0x")
    assert found["blockHash"] == f"0x{receipt.block_hash.hex()}"
    assert ask(node, "eth_getTransactionByHash", "0x" + "00" * 32) is None


def test_a_receipt_has_what_other_tools_require(
    node: Node, chain: EmbeddedChain, key: Secp256k1Key, adder: Address
) -> None:
    first, second = Account(key, chain).transact_many(
        [Call(to=NOBODY), Call(to=adder, data=word(1), gas=100_000)]
    )
    found = ask(node, "eth_getTransactionReceipt", f"0x{second.transaction_hash.hex()}")
    assert found["transactionIndex"] == "0x1"
    assert found["cumulativeGasUsed"] == hex(first.gas_used + second.gas_used)
    assert found["logs"][0]["transactionIndex"] == "0x1"
    block = ask(node, "eth_getBlockByNumber", "latest", False)
    assert found["logsBloom"] == block["logsBloom"]


def test_logs_of_any_of_several_contracts_and_topics_are_found(
    node: Node, chain: EmbeddedChain, key: Secp256k1Key, adder: Address
) -> None:
    account, other = Account(key, chain), Account(key, chain).deploy(CREATION)
    for contract, value in ((adder, 1), (other, 2), (adder, 3)):
        account.transact(Call(to=contract, data=word(value)))
    a, b = (f"0x{contract.hex()}" for contract in (adder, other))
    values = [f"0x{word(value).hex()}" for value in (1, 2)]

    def count(**wanted: Any) -> int:
        return len(ask(node, "eth_getLogs", {"fromBlock": "earliest", **wanted}))

    assert (count(), count(address=a), count(address=[a, b]), count(address=[])) == (3, 2, 3, 3)
    assert count(topics=[None, values]) == 2
    assert count(topics=[f"0x{ADDED.hex()}", values], address=b) == 1
    assert count(address=f"0x{NOBODY.hex()}") == 0
    last = ask(node, "eth_getBlockByNumber", "latest", False)["hash"]
    (found,) = ask(node, "eth_getLogs", {"blockHash": last})
    assert found["topics"][1] == f"0x{word(3).hex()}"


def test_a_filter_tells_each_log_once(
    node: Node, chain: EmbeddedChain, key: Secp256k1Key, adder: Address
) -> None:
    account = Account(key, chain)
    account.transact(Call(to=adder, data=word(1)))
    number = ask(node, "eth_newFilter", {"address": f"0x{adder.hex()}", "fromBlock": "0x0"})
    blocks = ask(node, "eth_newBlockFilter")
    assert ask(node, "eth_getFilterChanges", number) == []
    receipt = account.transact(Call(to=adder, data=word(2)))
    account.transact(Call(to=NOBODY))
    (log,) = ask(node, "eth_getFilterChanges", number)
    assert log["transactionHash"] == f"0x{receipt.transaction_hash.hex()}"
    assert ask(node, "eth_getFilterChanges", number) == []
    assert len(ask(node, "eth_getFilterLogs", number)) == 2
    seen = ask(node, "eth_getFilterChanges", blocks)
    assert [receipt.block_hash.hex(), chain.head().hash.hex()] == [one[2:] for one in seen]
    assert ask(node, "eth_getFilterLogs", blocks)["code"] == -32602


def test_a_filter_ends_when_it_is_uninstalled(node: Node) -> None:
    number = ask(node, "eth_newBlockFilter")
    assert ask(node, "eth_uninstallFilter", number) is True
    assert ask(node, "eth_uninstallFilter", number) is False
    assert ask(node, "eth_getFilterChanges", number)["message"] == "filter not found"


def test_of_too_many_filters_the_one_longest_unasked_goes(node: Node) -> None:
    first, second = ask(node, "eth_newBlockFilter"), ask(node, "eth_newBlockFilter")
    for _ in range(MAX_FILTERS - 2):
        node.filters.add(None)
    assert ask(node, "eth_getFilterChanges", first) == []
    node.filters.add(None)
    assert ask(node, "eth_getFilterChanges", first) == []
    assert ask(node, "eth_getFilterChanges", second)["message"] == "filter not found"


def test_the_fee_history_is_what_the_blocks_say(
    node: Node, chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    for _ in range(3):
        Account(key, chain).transact(Call(to=NOBODY))
    history = ask(node, "eth_feeHistory", 2, "latest", [0, 20.5, 100.0])
    assert history["oldestBlock"] == "0x2"
    fees = [chain.block(number).base_fee_wei for number in (2, 3)]
    assert history["baseFeePerGas"] == [hex(fee) for fee in [*fees, chain.fees().base_wei]]
    assert history["gasUsedRatio"] == [21_000 / 60_000_000] * 2
    assert history["reward"] == [["0x0"] * 3] * 2
    older = ask(node, "eth_feeHistory", "0x5", "0x1", [])
    assert (older["oldestBlock"], len(older["baseFeePerGas"])) == ("0x0", 3)


def test_an_estimate_that_reverts_carries_the_contract_s_data(node: Node, adder: Address) -> None:
    call = {"to": f"0x{adder.hex()}", "data": f"0x{word(0).hex()}"}
    error = ask(node, "eth_estimateGas", call)
    assert (error["code"], error["message"]) == (3, "execution reverted: zero refused")
    assert error["data"].startswith("0x08c379a0")
    assert int(ask(node, "eth_estimateGas", call | {"data": f"0x{word(1).hex()}"}), 16) > 21_000


def test_a_creation_can_be_tried_and_leaves_its_code_as_the_answer(node: Node) -> None:
    code = ask(node, "eth_call", {"data": f"0x{CREATION.hex()}"}, "latest")
    assert bytes.fromhex(code[2:]) == CREATION[11:]
