"""Any Ethereum node over JSON-RPC and HTTP, as a `Chain`."""

from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from gridplus.chain import jsonrpc
from gridplus.chain.client import Answer, Fault, JsonRpcClient
from gridplus.chain.jsonrpc import parse_data, parse_quantity
from gridplus.chain.port import Block, Call, ChainError, Fees, Log, Receipt, Rejected
from gridplus.digest import Document, keccak256
from gridplus.failures import InputError, RemoteError
from gridplus.wallet import ZERO_ADDRESS, Address

T = TypeVar("T")


class RpcChain:
    """A `Chain` that a node at `url` keeps. One thread uses it; `close` it, or use it in a `with`.

    An answer that comes later than `timeout_s` or is longer than `max_answer_bytes` is a
    RemoteError. Proxies named in the environment are not used.
    """

    def __init__(
        self, url: str, *, timeout_s: int = 30, max_answer_bytes: int = 16_000_000
    ) -> None:
        self._client = JsonRpcClient(url, timeout_s=timeout_s, max_answer_bytes=max_answer_bytes)
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

    def block(self, number: int) -> Block:
        at = jsonrpc.quantity(number)
        found = self._ask(jsonrpc.parse_block_or_none, "eth_getBlockByNumber", at, False)
        if found is None:
            raise ChainError(f"there is no block {number}")
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
        at = "latest" if block is None else jsonrpc.quantity(block)
        return self._ask(parse_data, "eth_call", call, at)

    def estimate_gas(self, call: Call, *, sender: Address) -> int:
        return self._ask(parse_quantity, "eth_estimateGas", jsonrpc.call_document(call, sender))

    def code(self, address: Address) -> bytes:
        return self._ask(parse_data, "eth_getCode", jsonrpc.data(address), "latest")

    def balance(self, address: Address) -> int:
        return self._ask(parse_quantity, "eth_getBalance", jsonrpc.data(address), "latest")

    def storage(self, address: Address, slot: int) -> bytes:
        at = jsonrpc.quantity(slot)
        word = self._ask(parse_data, "eth_getStorageAt", jsonrpc.data(address), at, "latest")
        return word.rjust(32, b"\x00")

    def nonce(self, address: Address) -> int:
        where = jsonrpc.data(address)
        return self._ask(parse_quantity, "eth_getTransactionCount", where, "pending")

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
        return self._ask(jsonrpc.parse_receipt_or_none, "eth_getTransactionReceipt", wanted)

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
        return self._ask(jsonrpc.parse_logs, "eth_getLogs", wanted)

    def _require_taken(self, transaction_hash: bytes, answer: Answer, *, index: int) -> None:
        """A node says no to what it has mined already; for us that is a retry that succeeded."""
        if isinstance(answer, Fault):
            if self.receipt(transaction_hash) is None:
                raise Rejected(index, answer.message)
        elif answer != jsonrpc.data(transaction_hash):
            raise RemoteError(f"{self._client.url} gave transaction {index} another hash")

    def _ask(self, parse: Callable[[Document], T], method: str, *params: Document) -> T:
        answer = self._client.ask(method, list(params))
        try:
            return parse(answer)
        except InputError as error:
            raise RemoteError(f"{self._client.url} answered {method} badly: {error}") from None
