"""What was mined, read back from py-evm's database as the port's types."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from eth.abc import BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI
from eth.exceptions import HeaderNotFound, TransactionNotFound
from eth_bloom.bloom import BloomFilter
from eth_typing import BlockNumber, Hash32

from gridplus.chain.embedded.osaka import OsakaChain
from gridplus.chain.port import Block, ChainError, Log, Receipt
from gridplus.chain.transaction import created_address
from gridplus.wallet import Address


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

    def holds(self, transaction_hash: bytes) -> bool:
        """True when the transaction is mined."""
        return self._place(transaction_hash) is not None

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        place = self._place(transaction_hash)
        if place is None:
            return None
        number, index = place
        return self._receipts_of(self.header(number).hash)[index]

    def logs(
        self,
        address: Address,
        topics: Sequence[bytes | None],
        *,
        from_block: int,
        to_block: int,
    ) -> tuple[Log, ...]:
        """As `Chain.logs`; a block whose bloom filter lacks the contract is not opened."""
        last = min(to_block, self.head().number)
        found: list[Log] = []
        for number in range(from_block, last + 1):
            header = self.header(number)
            if address in BloomFilter(header.bloom):
                logs = (log for r in self._receipts_of(header.hash) for log in r.logs)
                found += [x for x in logs if x.address == address and _matches(x.topics, topics)]
        return tuple(found)

    def _place(self, transaction_hash: bytes) -> tuple[int, int] | None:
        try:
            return self._chain.get_canonical_transaction_index(Hash32(transaction_hash))
        except TransactionNotFound:
            return None

    def _load_receipts(self, block_hash: Hash32) -> tuple[Receipt, ...]:
        header = self._chain.get_block_header_by_hash(block_hash)
        vm_class = self._chain.get_vm_class(header)
        chaindb = self._chain.chaindb
        transactions = chaindb.get_block_transactions(header, vm_class.get_transaction_builder())
        receipts = chaindb.get_receipts(header, vm_class.get_receipt_builder())
        return tuple(_receipts(header, zip(transactions, receipts, strict=True)))


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


def _matches(topics: Sequence[bytes], wanted: Sequence[bytes | None]) -> bool:
    return len(wanted) <= len(topics) and all(
        want is None or want == topic for want, topic in zip(wanted, topics, strict=False)
    )
