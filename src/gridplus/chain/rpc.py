"""Any Ethereum node over JSON-RPC and HTTP, as a `Chain`."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Self, TypeVar

from gridplus.chain import jsonrpc
from gridplus.chain.client import Answer, Fault, JsonRpcClient
from gridplus.chain.jsonrpc import parse_data, parse_quantity
from gridplus.chain.port import (
    Block,
    Call,
    ChainError,
    Fees,
    Log,
    Receipt,
    Rejected,
    topics_match,
)
from gridplus.digest import Document, keccak256
from gridplus.failures import InputError, RemoteError
from gridplus.wallet import ZERO_ADDRESS, Address

T = TypeVar("T")


class RpcChain:
    """A `Chain` that a node at `url` keeps; `close` it, or use it in a `with`.

    Any number of threads may ask at once: nothing is kept between two questions but the chain's id,
    and the connections are a pool that threads share (httpx, "Clients").

    A block is final after `confirmations` more, or, when that is None, when the node says so. An
    answer that comes later than `timeout_s` or is longer than `max_answer_bytes` is a RemoteError.
    Proxies named in the environment are not used.
    """

    def __init__(
        self,
        url: str,
        *,
        confirmations: int | None = None,
        timeout_s: int = 30,
        max_answer_bytes: int = 16_000_000,
    ) -> None:
        self._client = JsonRpcClient(url, timeout_s=timeout_s, max_answer_bytes=max_answer_bytes)
        self._confirmations = confirmations
        self._chain_id: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    @property
    def chain_id(self) -> int:
        if self._chain_id is None:
            self._chain_id = self._ask(parse_quantity, "eth_chainId")
        return self._chain_id

    def head(self) -> Block:
        return self._ask(jsonrpc.parse_block, "eth_getBlockByNumber", "latest", False)

    def finalized(self) -> Block:
        if self._confirmations is None:
            return self._ask(jsonrpc.parse_block, "eth_getBlockByNumber", "finalized", False)
        return self.block(max(0, self.head().number - self._confirmations))

    def block(self, number: int) -> Block:
        at = jsonrpc.quantity(number)
        found = self._ask(jsonrpc.parse_block_or_none, "eth_getBlockByNumber", at, False)
        if found is None:
            raise ChainError(f"there is no block {number}")
        if found.number != number:
            raise RemoteError(f"{self._client.url} gave block {found.number} for {number}")
        return found

    def call(
        self,
        to: Address,
        data: bytes,
        *,
        sender: Address = ZERO_ADDRESS,
        block: int | None = None,
    ) -> bytes:
        call = jsonrpc.call_document(Call(to=to, data=data), sender)
        return self._ask(parse_data, "eth_call", call, _at(block))

    def estimate_gas(self, call: Call, *, sender: Address) -> int:
        return self._ask(parse_quantity, "eth_estimateGas", jsonrpc.call_document(call, sender))

    def code(self, address: Address, *, block: int | None = None) -> bytes:
        return self._ask(parse_data, "eth_getCode", jsonrpc.data(address), _at(block))

    def balance(self, address: Address, *, block: int | None = None) -> int:
        return self._ask(parse_quantity, "eth_getBalance", jsonrpc.data(address), _at(block))

    def storage(self, address: Address, slot: int, *, block: int | None = None) -> bytes:
        where = jsonrpc.data(address), jsonrpc.quantity(slot), _at(block)
        return self._ask(parse_data, "eth_getStorageAt", *where).rjust(32, b"\x00")

    def nonce(self, address: Address, *, block: int | None = None) -> int:
        where = jsonrpc.data(address), _at(block, newest="pending")
        return self._ask(parse_quantity, "eth_getTransactionCount", *where)

    def fees(self) -> Fees:
        tip = self._ask(parse_quantity, "eth_maxPriorityFeePerGas")
        return Fees(base_wei=self.head().base_fee_wei, priority_wei=tip)

    def send(self, raw_transactions: Sequence[bytes]) -> tuple[bytes, ...]:
        hashes: list[bytes] = []
        for at in range(0, len(raw_transactions), jsonrpc.MAX_BATCH):
            part = raw_transactions[at : at + jsonrpc.MAX_BATCH]
            answers = self._client.ask_many(
                [("eth_sendRawTransaction", [jsonrpc.data(raw)]) for raw in part]
            )
            for index, (raw, answer) in enumerate(zip(part, answers, strict=True), at):
                hashes.append(keccak256(raw))
                self._require_taken(hashes[-1], answer, index=index)
        return tuple(hashes)

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        wanted = jsonrpc.data(transaction_hash)
        found = self._ask(jsonrpc.parse_receipt_or_none, "eth_getTransactionReceipt", wanted)
        if found is not None and found.transaction_hash != transaction_hash:
            raise RemoteError(f"{self._client.url} gave the receipt of another transaction")
        return found

    def logs(
        self,
        address: Address,
        topics: Sequence[bytes | None],
        *,
        from_block: int,
        to_block: int,
    ) -> tuple[Log, ...]:
        wanted: Document = {
            "address": jsonrpc.data(address),
            "topics": [None if topic is None else jsonrpc.data(topic) for topic in topics],
            "fromBlock": jsonrpc.quantity(from_block),
            "toBlock": jsonrpc.quantity(to_block),
        }
        found = self._ask(jsonrpc.parse_logs, "eth_getLogs", wanted)
        places = [(log.block_number, log.index) for log in found]
        if not (
            all(log.address == address and topics_match(log.topics, topics) for log in found)
            and all(from_block <= log.block_number <= to_block for log in found)
            and all(before < after for before, after in pairwise(places))
        ):
            raise RemoteError(f"{self._client.url} gave logs that were not asked for")
        return found

    def _require_taken(self, transaction_hash: bytes, answer: Answer, *, index: int) -> None:
        """A node says no to what it holds already; for us that is a retry that succeeded."""
        if isinstance(answer, Fault):
            wanted = jsonrpc.data(transaction_hash)
            if self._ask(lambda found: found, "eth_getTransactionByHash", wanted) is None:
                raise Rejected(index, answer.message)
        elif answer != jsonrpc.data(transaction_hash):
            raise RemoteError(f"{self._client.url} gave transaction {index} another hash")

    def _ask(self, parse: Callable[[Document], T], method: str, *params: Document) -> T:
        answer = self._client.ask(method, list(params))
        try:
            return parse(answer)
        except InputError as error:
            raise RemoteError(f"{self._client.url} answered {method} badly: {error}") from None


def _at(block: int | None, *, newest: str = "latest") -> str:
    return newest if block is None else jsonrpc.quantity(block)
