"""What was mined, read back from py-evm's database as the port's types."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from eth.abc import BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI
from eth.exceptions import HeaderNotFound, TransactionNotFound
from eth_bloom.bloom import BloomFilter
from eth_typing import BlockNumber, Hash32

from gridplus.chain.embedded.osaka import OsakaChain
from gridplus.chain.port import Block, ChainError, Log, Receipt
from gridplus.chain.transaction import created_address
from gridplus.wallet import Address


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Any of `addresses`, and at each place any of the topics there; none stands for all."""

    addresses: frozenset[bytes]
    topics: tuple[frozenset[bytes], ...]

    def matches(self, log: Log) -> bool:
        if self.addresses and log.address not in self.addresses:
            return False
        placed = zip(self.topics, log.topics, strict=False)
        return len(self.topics) <= len(log.topics) and all(
            not any_of or topic in any_of for any_of, topic in placed
        )


class History:
    """Blocks, receipts and logs of one chain, the newest 64 blocks' receipts kept in memory."""

    def __init__(self, chain: OsakaChain) -> None:
        self._chain = chain
        self._receipts_of = lru_cache(maxsize=64)(self._load_receipts)

    def header(self, number: int) -> BlockHeaderAPI:
        """py-evm's header. Raises ChainError when there is no such block."""
        try:
            return self._chain.get_canonical_block_header_by_number(BlockNumber(number))
        except HeaderNotFound:
            raise ChainError(f"there is no block {number}") from None

    def head(self) -> Block:
        return _block(self._chain.get_canonical_head())

    def block(self, number: int) -> Block:
        return _block(self.header(number))

    def number(self, block_hash: bytes) -> int | None:
        """Where a block is; None when there is none of that hash."""
        try:
            return self._chain.get_block_header_by_hash(Hash32(block_hash)).block_number
        except HeaderNotFound:
            return None

    def holds(self, transaction_hash: bytes) -> bool:
        """True when the transaction is mined."""
        return self.place(transaction_hash) is not None

    def place(self, transaction_hash: bytes) -> tuple[int, int] | None:
        """The block of a mined transaction, and which one of that block it is."""
        try:
            return self._chain.get_canonical_transaction_index(Hash32(transaction_hash))
        except TransactionNotFound:
            return None

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        place = self.place(transaction_hash)
        if place is None:
            return None
        number, index = place
        return self.receipts(self.header(number))[index]

    def receipts(self, header: BlockHeaderAPI) -> tuple[Receipt, ...]:
        return self._receipts_of(header.hash)

    def transactions(self, header: BlockHeaderAPI) -> tuple[SignedTransactionAPI, ...]:
        builder = self._chain.get_vm_class(header).get_transaction_builder()
        return tuple(self._chain.chaindb.get_block_transactions(header, builder))

    def logs(self, wanted: LogFilter, *, from_block: int, to_block: int) -> tuple[Log, ...]:
        """In order; a block whose bloom filter lacks the contracts is not opened."""
        last = min(to_block, self.head().number)
        found: list[Log] = []
        for number in range(from_block, last + 1):
            header = self.header(number)
            bloom = BloomFilter(header.bloom)
            if not wanted.addresses or any(address in bloom for address in wanted.addresses):
                logs = (log for receipt in self.receipts(header) for log in receipt.logs)
                found += [log for log in logs if wanted.matches(log)]
        return tuple(found)

    def _load_receipts(self, block_hash: Hash32) -> tuple[Receipt, ...]:
        header = self._chain.get_block_header_by_hash(block_hash)
        builder = self._chain.get_vm_class(header).get_receipt_builder()
        receipts = self._chain.chaindb.get_receipts(header, builder)
        return tuple(_receipts(header, zip(self.transactions(header), receipts, strict=True)))


def _block(header: BlockHeaderAPI) -> Block:
    return Block(
        number=header.block_number,
        hash=header.hash,
        parent_hash=header.parent_hash,
        timestamp_s=header.timestamp,
        base_fee_wei=header.base_fee_per_gas or 0,
        gas_limit=header.gas_limit,
        gas_used=header.gas_used,
    )


def _receipts(
    header: BlockHeaderAPI,
    mined: Iterable[tuple[SignedTransactionAPI, ReceiptAPI]],
) -> Iterator[Receipt]:
    gas_before, logs_before = 0, 0
    for transaction, receipt in mined:
        tip = transaction.max_priority_fee_per_gas
        succeeded = receipt.state_root == b"\x01"
        created = (
            None
            if transaction.to or not succeeded
            else created_address(Address(transaction.sender), transaction.nonce)
        )
        yield Receipt(
            transaction_hash=transaction.hash,
            block_number=header.block_number,
            block_hash=header.hash,
            succeeded=succeeded,
            gas_used=receipt.gas_used - gas_before,
            gas_price_wei=min(transaction.max_fee_per_gas, (header.base_fee_per_gas or 0) + tip),
            created=created,
            logs=tuple(
                Log(
                    address=Address(log.address),
                    topics=tuple(topic.to_bytes(32, "big") for topic in log.topics),
                    data=log.data,
                    block_number=header.block_number,
                    block_hash=header.hash,
                    transaction_hash=transaction.hash,
                    index=index,
                )
                for index, log in enumerate(receipt.logs, logs_before)
            ),
        )
        gas_before, logs_before = receipt.gas_used, logs_before + len(receipt.logs)
