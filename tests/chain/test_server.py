"""Our node as a process: what it answers to bad requests, and what a kill leaves behind."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from gridplus.chain import Account, Call, RpcChain
from gridplus.chain.jsonrpc import MAX_BATCH, MAX_BODY_BYTES
from gridplus.chain.transaction import Terms, signed_transaction
from gridplus.clock import set_clock
from gridplus.failures import RemoteError
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address
from tests.chain.adder import CREATION, word
from tests.chain.places import CHAIN_ID, URI_S, Served, embedded, new_key, served

NOBODY = Address(b"\x0b" * 20)
NOBODY_HEX = f"0x{NOBODY.hex()}"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def key(place: Path) -> Secp256k1Key:
    return new_key(place, "funded")


@pytest.fixture(scope="module")
def node(place: Path, key: Secp256k1Key) -> Iterator[Served]:
    with served(place, key) as server:
        yield server


def post(node: Served, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(
        node.url, content=content, headers=JSON if headers is None else headers, trust_env=False
    )


def ask(node: Served, *calls: tuple[str, list[Any]]) -> Any:
    """One call's answer, or a batch's."""
    requests = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for number, (method, params) in enumerate(calls)
    ]
    body: Any = requests if len(requests) > 1 else requests[0]
    return post(node, json.dumps(body).encode()).json()


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"{", -32700, "not a document"),
        (b"\xff\xfe", -32700, "not a document"),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[NaN]}', -32700, "NaN"),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"eth_chainId"}', -32600, "not a JSON-RPC 2.0"),
        (b"[" * 5_000, -32700, "nests deeper"),
        (b"5", -32600, "not a JSON-RPC 2.0 request"),
        (b'{"id":1,"method":"eth_chainId"}', -32600, "not a JSON-RPC 2.0 request"),
        (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600, "not a JSON-RPC 2.0 request"),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":{}}', -32600, "not a JSON-RPC"),
        (b"[]", -32600, "1 to 256 requests, not 0"),
    ],
)
def test_what_is_no_request_gets_an_error_object(
    node: Served, content: bytes, code: int, says: str
) -> None:
    response = post(node, content)
    assert response.status_code == 200
    error = response.json()["error"]
    assert error["code"] == code
    assert says in error["message"]


def test_a_batch_that_is_too_long_is_refused_whole(node: Served) -> None:
    one = {"jsonrpc": "2.0", "id": 0, "method": "eth_chainId"}
    assert len(post(node, json.dumps([one] * MAX_BATCH).encode()).json()) == MAX_BATCH
    answer = post(node, json.dumps([one] * (MAX_BATCH + 1)).encode()).json()
    assert answer["error"]["code"] == -32600


def test_a_body_that_is_too_large_is_refused_before_it_is_read(node: Served) -> None:
    response = post(node, b" " * (MAX_BODY_BYTES + 1))
    assert response.status_code == 413
    assert str(MAX_BODY_BYTES) in response.json()["error"]["message"]


def test_a_form_of_a_web_page_is_refused(node: Served) -> None:
    content = b'{"jsonrpc":"2.0","id":0,"method":"eth_chainId"}'
    for headers in ({}, {"content-type": "text/plain"}):
        assert post(node, content, headers).status_code == 415
    assert post(node, content, {"content-type": "application/json; charset=utf-8"}).is_success


def test_only_post_is_answered(node: Served) -> None:
    assert httpx.get(node.url, trust_env=False).status_code == 405


@pytest.mark.parametrize(
    ("method", "params", "code", "says"),
    [
        ("eth_mine", [], -32601, "no method eth_mine"),
        ("eth_getBalance", [], -32602, "parameter 0 is missing"),
        ("eth_getBalance", ["0x12", "latest"], -32602, "has 1 bytes, not 20"),
        ("eth_getBalance", [5, "latest"], -32602, "5 is not data"),
        ("eth_getBalance", [NOBODY_HEX, "0xffff"], -32000, "no block 65535"),
        ("eth_getBalance", [NOBODY_HEX, {"blockHash": "0x" + "00" * 32}], -32602, "of that hash"),
        ("eth_estimateGas", [{"to": NOBODY_HEX}, "0x0"], -32602, "say latest"),
        ("eth_getStorageAt", [NOBODY_HEX, "0xzz", "latest"], -32602, "not a quantity"),
        ("eth_getStorageAt", [NOBODY_HEX, "0x" + "f" * 65, "latest"], -32602, "not a quantity"),
        ("eth_getBlockByNumber", ["newest", False], -32602, "'newest' is not a quantity"),
        ("eth_call", ["0x", "latest"], -32602, "not an object"),
        ("eth_call", [{}, "latest", {NOBODY_HEX: {}}], -32602, "cannot be overridden"),
        ("eth_call", [{"to": NOBODY_HEX}, "0xffff"], -32000, "no block 65535"),
        ("eth_getLogs", [{"topics": ["0x12"]}], -32602, "has 1 bytes, not 32"),
        ("eth_getLogs", [{"blockHash": "0x" + "00" * 32}], -32000, "no block 0x00"),
        ("eth_getLogs", [{"blockHash": "0x" + "00" * 32, "fromBlock": "0x0"}], -32602, "names blo"),
        ("eth_newFilter", [5], -32602, "not an object"),
        ("eth_getFilterChanges", ["0xfff"], -32000, "filter not found"),
        ("eth_feeHistory", ["0x0", "latest", []], -32602, "1 to 1024 blocks"),
        ("eth_feeHistory", ["0x1", "0xffff", []], -32602, "up to block"),
        ("eth_feeHistory", ["0x1", "latest", [101]], -32602, "from 0 to 100"),
        ("eth_feeHistory", ["0x1", "latest", [50, 20]], -32602, "numbers that rise"),
        ("eth_feeHistory", ["0x1", "latest", ["a"]], -32602, "numbers that rise"),
        ("eth_getLogs", [{"address": NOBODY_HEX, "topics": "0x"}], -32602, "not a list"),
        ("eth_sendRawTransaction", ["0x0g"], -32602, "not data"),
        ("eth_sendRawTransaction", ["0x02"], -32000, "malformed transaction"),
        ("eth_getTransactionReceipt", ["0x00"], -32602, "1 bytes, not 32"),
    ],
)
def test_bad_parameters_are_named(
    node: Served, method: str, params: list[Any], code: int, says: str
) -> None:
    error = ask(node, (method, params))["error"]
    assert error["code"] == code
    assert says in error["message"]


def test_small_questions_have_the_answers_other_tools_expect(node: Served) -> None:
    calls: list[tuple[str, list[Any]]] = [
        ("eth_chainId", []),
        ("net_version", []),
        ("web3_clientVersion", []),
        ("eth_blockNumber", []),
        ("eth_getBlockByNumber", ["0xffff", False]),
        ("eth_getBlockByNumber", ["earliest", False]),
        ("eth_gasPrice", []),
    ]
    chain_id, network, client, number, absent, first, price = (
        answer["result"] for answer in ask(node, *calls)
    )
    assert (chain_id, network) == (hex(CHAIN_ID), str(CHAIN_ID))
    assert client.startswith("gridplus/")
    assert int(number, 16) >= 0
    assert absent is None
    assert first["number"] == "0x0"
    assert int(price, 16) > 0


def test_one_bad_request_of_a_batch_leaves_the_others_alone(node: Served) -> None:
    answers = ask(node, ("eth_chainId", []), ("eth_mine", []), ("net_version", []))
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert ["error" in answer for answer in answers] == [False, True, False]


def test_the_transactions_of_a_batch_share_a_block_and_the_rest_of_it_sees_them(
    node: Served, key: Secp256k1Key
) -> None:
    with RpcChain(node.url) as chain:
        nonce, fees, before = chain.nonce(key.address), chain.fees(), chain.head().number
    raw = [
        signed_transaction(
            key, Call(to=NOBODY, value_wei=1), terms=Terms(CHAIN_ID, nonce + n, 21_000, fees)
        )
        for n in range(3)
    ]
    sends = [("eth_sendRawTransaction", [f"0x{one.hex()}"]) for one in raw]
    answers = ask(node, ("eth_blockNumber", []), *sends, ("eth_sendRawTransaction", ["0x02"]))
    assert answers[0]["result"] == hex(before + 1)
    hashes = [answer["result"] for answer in answers[1:4]]
    assert "error" in answers[4]
    receipts = ask(node, *(("eth_getTransactionReceipt", [h]) for h in hashes))
    assert [r["result"]["blockNumber"] for r in receipts] == [hex(before + 1)] * 3


def test_the_served_chain_follows_the_clock_file(
    node: Served, key: Secp256k1Key, place: Path
) -> None:
    with RpcChain(node.url) as chain:
        set_clock(place / "clock", URI_S + 86_400)
        Account(key, chain).transact(Call(to=NOBODY))
        assert chain.head().timestamp_s == URI_S + 86_400


def test_a_kill_right_after_a_receipt_loses_nothing(tmp_path: Path) -> None:
    key = new_key(tmp_path, "funded")
    with served(tmp_path, key) as server, RpcChain(server.url) as chain:
        account = Account(key, chain)
        adder = account.deploy(CREATION)
        for value in range(1, 4):
            receipt = account.transact(Call(to=adder, data=word(value)))
        server.process.kill()
        server.process.wait()
        with pytest.raises(RemoteError, match="cannot be asked"):
            chain.head()
    with served(tmp_path, key) as server, RpcChain(server.url) as chain:
        assert chain.head().hash == receipt.block_hash
        assert chain.receipt(receipt.transaction_hash) == receipt
        assert chain.storage(adder, 0) == receipt.logs[0].data


def test_a_kill_at_any_moment_leaves_whole_blocks(tmp_path: Path) -> None:
    """Killed from outside while a client sends without end: every receipt it saw is there."""
    key = new_key(tmp_path, "funded")
    with served(tmp_path, key) as server, RpcChain(server.url) as chain:
        account, seen = Account(key, chain), []
        killer = subprocess.Popen(["/bin/sh", "-c", f"sleep 0.3; kill -9 {server.process.pid}"])
        with suppress(RemoteError):
            for value in count():
                seen.append(account.transact(Call(to=NOBODY, value_wei=value, gas=21_000)))
        assert killer.wait() == 0
    with embedded(tmp_path / "chain", key) as again:
        assert seen
        assert [again.receipt(receipt.transaction_hash) for receipt in seen] == seen
        assert again.head().number == again.nonce(key.address)
        assert again.nonce(key.address) - len(seen) in (0, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    key = new_key(tmp_path, "funded")
    with served(tmp_path, key) as server:
        server.process.send_signal(number)
        assert server.process.wait(timeout=20) == 0
    assert not (tmp_path / "chain-wal").exists()
    embedded(tmp_path / "chain", key).close()


def test_the_end_of_its_parent_ends_it(tmp_path: Path) -> None:
    key = new_key(tmp_path, "funded")
    with served(tmp_path, key) as server:
        assert server.process.stdin is not None
        server.process.stdin.close()
        assert server.process.wait(timeout=20) == 0
