"""The chain as the rest of Grid+ sees it: blocks, calls, transactions, receipts, logs.

Two implementations, `EmbeddedChain` (an EVM in this process) and `RpcChain` (any JSON-RPC node),
pass one conformance suite, tests/chain/test_conformance.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gridplus.failures import GridPlusError
from gridplus.wallet import ZERO_ADDRESS, Address

MAX_TRANSACTION_GAS = 16_777_216
"""EIP-7825: 2^24 gas, above which no transaction is taken."""

_ERROR_SELECTOR = bytes.fromhex("08c379a0")
_PANIC_SELECTOR = bytes.fromhex("4e487b71")


class ChainError(GridPlusError):
    """The chain was reached and said no."""


class Rejected(ChainError):  # noqa: N818 - says what happened
    """A transaction was not taken: bad nonce, signature, gas or funds. It changed nothing.

    `index` is its place among those that were sent together; the others were taken or rejected
    each by itself.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(f"transaction {index} was not taken: {reason}")
        self.index = index
        self.reason = reason


class Reverted(ChainError):  # noqa: N818 - says what happened
    """A contract refused: `reason` for people, `data` the bytes it returned."""

    def __init__(self, reason: str, data: bytes = b"") -> None:
        super().__init__(f"reverted: {reason}")
        self.reason = reason
        self.data = data


class TooMuchGas(ChainError):  # noqa: N818 - says what happened
    """No block takes a transaction that large; nothing was sent. Send less at once."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the transaction takes more than {limit} gas, the most of one; send less")


class FeeTooHigh(ChainError):  # noqa: N818 - says what happened
    """Gas costs more than we pay; nothing new was sent. Ask again when it is cheaper."""

    def __init__(self, wei: int, ceiling_wei: int) -> None:
        super().__init__(
            f"fee above ceiling, waiting: a unit of gas costs {wei} wei, above our ceiling of "
            f"{ceiling_wei}"
        )


def revert_reason(data: bytes) -> str:
    """What a contract meant by the bytes it reverted with. Source: Solidity ABI, "Errors"."""
    selector, body = data[:4], data[4:]
    if selector == _ERROR_SELECTOR and len(body) >= 64:
        length = int.from_bytes(body[32:64], "big")
        return body[64 : 64 + length].decode(errors="replace")
    if selector == _PANIC_SELECTOR and len(body) == 32:
        return f"panic 0x{int.from_bytes(body, 'big'):02x}"
    return f"0x{data.hex()}" if data else "no reason given"


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header as far as anybody here needs it; hashes have 32 bytes."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_s: int
    base_fee_wei: int
    gas_limit: int
    gas_used: int


@dataclass(frozen=True, slots=True)
class Log:
    """One event: up to 4 topics of 32 bytes; `index` counts within its block."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    index: int


def topics_match(topics: Sequence[bytes], wanted: Sequence[bytes | None]) -> bool:
    """Whether a log's `topics` are as asked, from the first on; None stands for any."""
    return len(wanted) <= len(topics) and all(
        want is None or want == topic for want, topic in zip(wanted, topics, strict=False)
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction; `created` is the contract it deployed, if it did."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    gas_price_wei: int
    created: Address | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction does. `to` None deploys `data`; `gas` None lets the chain estimate it."""

    to: Address | None
    data: bytes = b""
    value_wei: int = 0
    gas: int | None = None


@dataclass(frozen=True, slots=True)
class Fees:
    """Of the next block, in wei per gas: what is burned, and what to offer on top."""

    base_wei: int
    priority_wei: int


class Chain(Protocol):
    """Reads are of the newest block unless they name one by number.

    Every method raises RemoteError when a node cannot be reached or answers nonsense, StorageError
    when an embedded chain's file fails, ChainError for a block that is not there.

    Warning: what a node leaves out of its logs, only a second node can tell.
    """

    @property
    def chain_id(self) -> int: ...

    def head(self) -> Block: ...

    def finalized(self) -> Block:
        """The newest block that no reorganisation will undo; an embedded chain has only such."""

    def block(self, number: int) -> Block:
        """Raises ChainError when there is no such block."""

    def call(
        self,
        to: Address,
        data: bytes,
        *,
        sender: Address = ZERO_ADDRESS,
        block: int | None = None,
    ) -> bytes:
        """What a contract answers, without changing anything. Raises Reverted."""

    def estimate_gas(self, call: Call, *, sender: Address) -> int:
        """Enough gas for `call` to succeed as things stand. Raises Reverted when it would not."""

    def code(self, address: Address, *, block: int | None = None) -> bytes: ...

    def balance(self, address: Address, *, block: int | None = None) -> int:
        """Wei."""

    def storage(self, address: Address, slot: int, *, block: int | None = None) -> bytes:
        """32 bytes."""

    def nonce(self, address: Address, *, block: int | None = None) -> int:
        """How many transactions of `address` are mined up to `block`; without a block those that
        wait to be mined count too."""

    def fees(self) -> Fees: ...

    def send(self, raw_transactions: Sequence[bytes]) -> tuple[bytes, ...]:
        """Hand over signed transactions, in one block where the node allows; their hashes.

        What is mined or waits already is not sent again, so a retry is safe. Raises Rejected for
        the first that is not taken.
        """

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """None while the transaction is not mined."""

    def logs(
        self,
        address: Address,
        topics: Sequence[bytes | None],
        *,
        from_block: int,
        to_block: int,
    ) -> tuple[Log, ...]:
        """Events of one contract in blocks `from_block`..`to_block`, both included, in order.

        `topics` match from the first on; None stands for any. Logs that were not asked for, stand
        twice or out of order are a RemoteError.
        """
