"""A node that is slow, too talkative, or talks nonsense: each is one clear error."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gridplus.chain import Account, Call, ChainError, RpcChain
from gridplus.failures import RemoteError
from gridplus.wallet import Address
from tests.chain.places import new_key, served

Reply = Callable[[BaseHTTPRequestHandler], None]
NOBODY = Address(b"\x0b" * 20)


@contextmanager
def node_that(reply: Reply) -> Iterator[str]:
    """A real HTTP server that answers every POST with `reply`; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            reply(self)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def saying(content: bytes, *, status: int = 200) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def result(value: Any) -> Reply:
    return saying(json.dumps({"jsonrpc": "2.0", "id": 0, "result": value}).encode())


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (saying(b"<html>"), "the answer is not a document"),
        (saying(b"{}"), "left request 0 unanswered"),
        (saying(b'{"jsonrpc":"2.0","id":7,"result":"0x1"}'), "left request 0 unanswered"),
        (saying(b'{"jsonrpc":"2.0","id":0,"error":"no"}'), "no code and message"),
        (saying(b'{"id":null,"error":{"code":-1,"message":"busy"}}'), "refused all of it: busy"),
        (saying(b"down for lunch", status=503), "answered 503: down for lunch"),
        (result(5), "answered eth_chainId badly: 5 is not a quantity"),
        (result("0x"), "'0x' is not a quantity"),
        (result("0x" + "1" * 65), "is not a quantity"),
        (result("1"), "'1' is not a quantity"),
    ],
)
def test_nonsense_is_a_remote_error_that_names_the_node(reply: Reply, says: str) -> None:
    with (
        node_that(reply) as url,
        RpcChain(url) as chain,
        pytest.raises(RemoteError, match=f"^{url}.*{says}"),
    ):
        _ = chain.chain_id


def test_sense_is_not(request: pytest.FixtureRequest) -> None:
    with node_that(result("0x7a69")) as url, RpcChain(url) as chain:
        assert chain.chain_id == 31_337


@pytest.mark.parametrize("value", [None, [], {}, {"number": "0x1"}, "0x"])
def test_a_block_with_parts_missing_is_a_remote_error(value: Any) -> None:
    with (
        node_that(result(value)) as url,
        RpcChain(url) as chain,
        pytest.raises(RemoteError, match="eth_getBlockByNumber badly"),
    ):
        chain.head()


@pytest.mark.parametrize(("length", "taken"), [(400, True), (600, False)])
def test_an_answer_that_is_too_long_is_cut_off(length: int, taken: bool) -> None:
    expected = nullcontext() if taken else pytest.raises(RemoteError, match="at most 1000")
    with (
        node_that(result("0x" + "00" * length)) as url,
        RpcChain(url, max_answer_bytes=1_000) as chain,
        expected,
    ):
        assert chain.code(NOBODY) == bytes(length)


def test_a_node_that_drips_is_given_up() -> None:
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not stop.wait(0.05):
            handler.wfile.write(b" ")

    with node_that(drip) as url, RpcChain(url, timeout_s=1) as chain:
        with pytest.raises(RemoteError, match="took longer than 1 s"):
            chain.head()
        stop.set()


def test_a_node_that_hangs_is_given_up() -> None:
    stop = threading.Event()
    with node_that(lambda _: bool(stop.wait(10)) and None) as url:
        with RpcChain(url, timeout_s=1) as chain, pytest.raises(RemoteError, match="timed out"):
            chain.head()
        stop.set()


def test_a_node_that_is_not_there_is_named() -> None:
    with node_that(result("0x1")) as url:
        pass
    with RpcChain(url) as chain, pytest.raises(RemoteError, match=f"{url} cannot be asked"):
        chain.head()


def test_an_error_object_is_a_chain_error_with_its_words() -> None:
    reply = saying(b'{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"header not found"}}')
    with (
        node_that(reply) as url,
        RpcChain(url) as chain,
        pytest.raises(ChainError, match="eth_call: header not found"),
    ):
        chain.call(NOBODY, b"")


def test_a_node_that_gives_another_hash_is_not_trusted() -> None:
    content = [{"jsonrpc": "2.0", "id": 0, "result": "0x" + "00" * 32}]
    with (
        node_that(saying(json.dumps(content).encode())) as url,
        RpcChain(url) as chain,
        pytest.raises(RemoteError, match="gave transaction 0 another hash"),
    ):
        chain.send([b"\x02raw"])


def test_a_batch_answered_in_part_is_a_remote_error() -> None:
    content = [{"jsonrpc": "2.0", "id": 0, "result": "0x00"}]
    with (
        node_that(saying(json.dumps(content).encode())) as url,
        RpcChain(url) as chain,
        pytest.raises(RemoteError, match="did not answer a batch of 2"),
    ):
        chain.send([b"\x02raw", b"\x02more"])


def log_of(**changes: Any) -> dict[str, Any]:
    log = {
        "address": f"0x{NOBODY.hex()}",
        "topics": ["0x" + "01" * 32],
        "data": "0x",
        "blockNumber": "0x5",
        "blockHash": "0x" + "02" * 32,
        "transactionHash": "0x" + "03" * 32,
        "logIndex": "0x0",
    }
    return log | changes


@pytest.mark.parametrize(
    "logs",
    [
        [log_of(blockNumber="0x4")],
        [log_of(blockNumber="0x7")],
        [log_of(address="0x" + "0c" * 20)],
        [log_of(topics=[])],
        [log_of(topics=["0x" + "09" * 32])],
        [log_of(), log_of()],
        [log_of(logIndex="0x1"), log_of()],
        [log_of(blockNumber="0x6"), log_of()],
    ],
)
def test_logs_that_were_not_asked_for_are_a_lie(logs: list[dict[str, Any]]) -> None:
    asked = {"from_block": 5, "to_block": 6}
    with (
        node_that(result(logs)) as url,
        RpcChain(url) as chain,
        pytest.raises(RemoteError, match="logs that were not asked for"),
    ):
        chain.logs(NOBODY, [b"\x01" * 32], **asked)
    good = [log_of(), log_of(logIndex="0x1"), log_of(blockNumber="0x6")]
    with node_that(result(good)) as url, RpcChain(url) as chain:
        assert len(chain.logs(NOBODY, [b"\x01" * 32], **asked)) == 3


def test_a_block_and_a_receipt_that_were_not_asked_for_are_a_lie() -> None:
    numbers = {"number", "timestamp", "baseFeePerGas", "gasLimit", "gasUsed"}
    block = dict.fromkeys(numbers, "0x5") | {"hash": "0x" + "01" * 32}
    with node_that(result(block | {"parentHash": block["hash"]})) as url, RpcChain(url) as chain:
        assert chain.block(5).number == 5
        with pytest.raises(RemoteError, match="gave block 5 for 6"):
            chain.block(6)
    receipt = dict.fromkeys(("blockNumber", "status", "gasUsed", "effectiveGasPrice"), "0x1") | {
        "transactionHash": "0x" + "03" * 32,
        "blockHash": "0x" + "02" * 32,
        "logs": [],
    }
    with node_that(result(receipt)) as url, RpcChain(url) as chain:
        assert chain.receipt(b"\x03" * 32) is not None
        with pytest.raises(RemoteError, match="receipt of another transaction"):
            chain.receipt(b"\x04" * 32)


def test_threads_share_a_chain(tmp_path: Path) -> None:
    """Each gets the answer to its own question."""
    key = new_key(tmp_path, "funded")
    with served(tmp_path, key) as server, RpcChain(server.url) as chain:
        Account(key, chain).transact_many([Call(to=key.address)] * 3)
        Account(key, chain).transact(Call(to=key.address))
        with ThreadPoolExecutor(8) as pool:
            asked = [n % 3 for n in range(60)]
            numbers = list(pool.map(lambda n: chain.block(n).number, asked))
            nonces = list(pool.map(lambda n: chain.nonce(key.address, block=n), asked))
    assert numbers == asked
    assert nonces == [(0, 3, 4)[n] for n in asked]
