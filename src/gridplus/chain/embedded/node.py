"""An Ethereum chain inside this process: py-evm on one SQLite file.

A block is mined when transactions are sent and is on the disk before `send` returns. Its time is
the injected clock's. `gridplus.chain` does not import this: py-evm takes 0.7 s to load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from eth.abc import BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI, StateAPI
from eth.db.atomic import AtomicDB
from eth.typing import AccountDetails, HeaderParams
from eth_typing import Address as EthAddress
from eth_utils.exceptions import ValidationError

from gridplus.chain.embedded.decoding import parse_transaction
from gridplus.chain.embedded.documents import NodeDocuments
from gridplus.chain.embedded.history import History, LogFilter
from gridplus.chain.embedded.osaka import BLOCK_GAS_LIMIT, OsakaChain
from gridplus.chain.embedded.store import BlockStore
from gridplus.chain.embedded.trial import Trial, attempt
from gridplus.chain.port import (
    MAX_TRANSACTION_GAS,
    Block,
    Call,
    Fees,
    Log,
    Receipt,
    Rejected,
)
from gridplus.digest import keccak256
from gridplus.failures import StorageError
from gridplus.wallet import ZERO_ADDRESS, Address

_CHAIN_ID_KEY = b"gridplus/chain-id"
_GENESIS_BASE_FEE_WEI = 10**9


class BlockClock(Protocol):
    """Where block time comes from."""

    def now_s(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Genesis:
    """What a new chain starts with: its id, and wei by address."""

    chain_id: int
    funded: Mapping[Address, int]


class EmbeddedChain:
    """A `Chain` on a file that survives SIGKILL, or in memory when `path` is None.

    `genesis` and the clock's instant start a new file; an existing one keeps its own accounts and
    must carry the same chain id. Raises StorageError when it does not, when the file is no chain,
    and when another process holds it. One thread uses it; `close` it, or use it in a `with`.
    """

    def __init__(self, path: Path | None, clock: BlockClock, *, genesis: Genesis) -> None:
        self._clock = clock
        self._store = BlockStore(path)
        try:
            self._chain = _open(self._store, genesis, clock=clock)
        except BaseException:
            self._store.close()
            raise
        self._history = History(self._chain)
        self.documents = NodeDocuments(self._history, chain_id=self._chain.chain_id)
        """What only JSON-RPC shows."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._store.close()

    @property
    def chain_id(self) -> int:
        return self._chain.chain_id

    def head(self) -> Block:
        return self._history.head()

    def finalized(self) -> Block:
        return self._history.head()

    def block(self, number: int) -> Block:
        return self._history.block(number)

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        return self._history.receipt(transaction_hash)

    def logs(
        self,
        address: Address,
        topics: Sequence[bytes | None],
        *,
        from_block: int,
        to_block: int,
    ) -> tuple[Log, ...]:
        any_of = tuple(frozenset() if topic is None else frozenset([topic]) for topic in topics)
        wanted = LogFilter(frozenset([address]), any_of)
        return self._history.logs(wanted, from_block=from_block, to_block=to_block)

    def code(self, address: Address, *, block: int | None = None) -> bytes:
        return self._state(block).get_code(EthAddress(address))

    def balance(self, address: Address, *, block: int | None = None) -> int:
        return self._state(block).get_balance(EthAddress(address))

    def storage(self, address: Address, slot: int, *, block: int | None = None) -> bytes:
        return self._state(block).get_storage(EthAddress(address), slot).to_bytes(32, "big")

    def nonce(self, address: Address, *, block: int | None = None) -> int:
        return self._state(block).get_nonce(EthAddress(address))

    def fees(self) -> Fees:
        return Fees(base_wei=self._next_header().base_fee_per_gas or 0, priority_wei=0)

    def call(
        self,
        to: Address,
        data: bytes,
        *,
        sender: Address = ZERO_ADDRESS,
        block: int | None = None,
    ) -> bytes:
        """As `Chain.call`. At the head `block.timestamp` is the clock's, as it would be on a node
        that makes a block every second; with `block` it is that block's."""
        return self.simulate(Call(to=to, data=data), sender=sender, block=block)

    def simulate(self, call: Call, *, sender: Address, block: int | None = None) -> bytes:
        """As `call`, for what carries value or creates a contract too: the code it would leave."""
        trial = self._attempt(call, sender, block=block)
        if trial.refusal:
            raise trial.refusal
        return trial.output

    def estimate_gas(self, call: Call, *, sender: Address) -> int:
        trial = self._attempt(call, sender)
        if trial.refusal:
            raise trial.refusal
        limit, gas = _gas_limit(call), trial.gas
        # A callee gets 63/64 of what is left, so what was held at the height may not suffice.
        while gas < limit and self._attempt(call, sender, gas=gas).refusal:
            gas = min(limit, gas + gas // 32)
        return gas

    def send(self, raw_transactions: Sequence[bytes]) -> tuple[bytes, ...]:
        outcomes = self.mine(raw_transactions)
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                raise outcome
        return tuple(outcome for outcome in outcomes if isinstance(outcome, bytes))

    def mine(self, raw_transactions: Sequence[bytes]) -> list[bytes | Rejected]:
        """As `send`, but says for each transaction whether it was taken: its hash or why not."""
        outcomes: dict[int, bytes | Rejected] = {}
        waiting: dict[int, SignedTransactionAPI] = {}
        for index, raw in enumerate(raw_transactions):
            outcomes[index] = transaction_hash = keccak256(raw)
            if self._history.holds(transaction_hash):
                continue
            try:
                transaction = parse_transaction(raw, chain_id=self.chain_id)
            except ValidationError as error:
                outcomes[index] = Rejected(index, str(error))
                continue
            if sum(t.gas for t in waiting.values()) + transaction.gas > BLOCK_GAS_LIMIT:
                outcomes |= self._mine_block(waiting)
                waiting.clear()
            waiting[index] = transaction
        outcomes |= self._mine_block(waiting)
        return [outcomes[index] for index in range(len(raw_transactions))]

    def _mine_block(self, waiting: Mapping[int, SignedTransactionAPI]) -> dict[int, Rejected]:
        """Mine what is valid, in order, into one block; say why the others were left out."""
        rejected: dict[int, Rejected] = {}
        taken: list[SignedTransactionAPI] = []
        receipts: list[ReceiptAPI] = []
        header = self._next_header()
        vm = self._chain.get_vm(header)
        for index, transaction in waiting.items():
            try:
                receipt, _ = vm.apply_transaction(header, transaction)
            except ValidationError as error:
                rejected[index] = Rejected(index, str(error))
                continue
            header = vm.add_receipt_to_header(header, receipt)
            taken.append(transaction)
            receipts.append(receipt)
        if taken:
            try:
                block = vm.set_block_transactions_and_withdrawals(
                    vm.get_block(), header, taken, receipts
                )
                self._chain.persist_block(vm.mine_block(block).block)
                self._store.commit()
            finally:
                self._store.discard()
            self._chain.header = self._chain.ensure_header()
        return rejected

    def _attempt(
        self, call: Call, sender: Address, *, block: int | None = None, gas: int | None = None
    ) -> Trial:
        header = self._next_header() if block is None else self._history.header(block)
        state = self._chain.get_vm(header.copy(base_fee_per_gas=0)).state
        return attempt(state, call, sender=sender, gas=gas or _gas_limit(call))

    def _next_header(self) -> BlockHeaderAPI:
        header = self._chain.header
        return header.copy(timestamp=max(self._clock.now_s(), header.timestamp))

    def _state(self, block: int | None) -> StateAPI:
        if block is None:
            return self._chain.get_vm().state
        return self._chain.get_vm(self._history.header(block)).state


def _gas_limit(call: Call) -> int:
    return min(call.gas or MAX_TRANSACTION_GAS, MAX_TRANSACTION_GAS)


def _open(store: BlockStore, genesis: Genesis, *, clock: BlockClock) -> OsakaChain:
    """The chain that `store` holds, or a new one."""
    wanted = genesis.chain_id
    chain_class: type[OsakaChain] = OsakaChain.configure("EmbeddedOsakaChain", chain_id=wanted)
    written = store.get(_CHAIN_ID_KEY)
    if written is None:
        store[_CHAIN_ID_KEY] = wanted.to_bytes(32, "big")
        chain_class.from_genesis(AtomicDB(store), *_genesis_parts(genesis, clock.now_s()))
        store.commit()
    elif (held := int.from_bytes(written, "big")) != wanted:
        raise StorageError(f"{store.name} carries chain {held}, not chain {wanted}")
    return chain_class(AtomicDB(store))


def _genesis_parts(
    genesis: Genesis, now_s: int
) -> tuple[dict[str, HeaderParams], dict[EthAddress, AccountDetails]]:
    accounts = {
        EthAddress(address): AccountDetails(balance=wei, nonce=0, code=b"", storage={})
        for address, wei in genesis.funded.items()
    }
    header: dict[str, HeaderParams] = {
        "timestamp": now_s,
        "gas_limit": BLOCK_GAS_LIMIT,
        "base_fee_per_gas": _GENESIS_BASE_FEE_WEI,
    }
    return header, accounts
