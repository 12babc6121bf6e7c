"""What was mined, in full, as ethereum/execution-apis spells it: for wallets and tools.

The port's own types carry what Grid+ needs; other tools refuse a block or a receipt that lacks a
field. Quantities are hex without leading zeros, data is hex of whole bytes.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import cast

import rlp
from eth.abc import BlockHeaderAPI, SignedTransactionAPI
from eth_bloom.bloom import BloomFilter

from gridplus.chain import jsonrpc
from gridplus.chain.embedded.history import History, LogFilter
from gridplus.chain.jsonrpc import data, quantity
from gridplus.chain.port import Log, Receipt
from gridplus.digest import Document
from gridplus.units import PPM


class NodeDocuments:
    """Blocks, transactions, receipts and logs of one chain as JSON documents."""

    def __init__(self, history: History, *, chain_id: int) -> None:
        self._history = history
        self._chain_id = chain_id

    def block(self, number: int, *, full: bool) -> Document:
        """With whole transactions when `full`, else with their hashes."""
        header = self._history.header(number)
        transactions = self._history.transactions(header)
        listed: list[Document] = [data(one.hash) for one in transactions]
        if full:
            listed = [self._transaction(header, one, index=i) for i, one in enumerate(transactions)]
        return {**_header(header), "transactions": listed, "uncles": [], "withdrawals": []}

    def block_number(self, block_hash: bytes) -> int | None:
        return self._history.number(block_hash)

    def transaction(self, transaction_hash: bytes) -> Document:
        """None when it is not mined."""
        place = self._history.place(transaction_hash)
        if place is None:
            return None
        header, index = self._history.header(place[0]), place[1]
        return self._transaction(header, self._history.transactions(header)[index], index=index)

    def receipt(self, transaction_hash: bytes) -> Document:
        """None when it is not mined."""
        place = self._history.place(transaction_hash)
        if place is None:
            return None
        header, index = self._history.header(place[0]), place[1]
        transaction = self._history.transactions(header)[index]
        receipts = self._history.receipts(header)
        receipt = receipts[index]
        return {
            "transactionHash": data(receipt.transaction_hash),
            "transactionIndex": quantity(index),
            "blockNumber": quantity(receipt.block_number),
            "blockHash": data(receipt.block_hash),
            "from": data(transaction.sender),
            "to": data(transaction.to) if transaction.to else None,
            "status": quantity(receipt.succeeded),
            "gasUsed": quantity(receipt.gas_used),
            "cumulativeGasUsed": quantity(sum(one.gas_used for one in receipts[: index + 1])),
            "effectiveGasPrice": quantity(receipt.gas_price_wei),
            "contractAddress": data(receipt.created) if receipt.created else None,
            "logs": [_log(log, index) for log in receipt.logs],
            "logsBloom": data(_bloom(receipt)),
            "type": quantity(2),
        }

    def logs(self, wanted: LogFilter, *, from_block: int, to_block: int) -> list[Document]:
        found = self._history.logs(wanted, from_block=from_block, to_block=to_block)
        return [_log(log, self._index(log.transaction_hash)) for log in found]

    def fee_history(self, first: int, last: int, *, at_ppm: Sequence[int]) -> dict[str, Document]:
        """Of blocks `first`..`last`, with the tips at these shares of each block's gas, but
        without the base fees. Source: execution-apis, eth_feeHistory."""
        headers = [self._history.header(number) for number in range(first, last + 1)]
        return {
            "oldestBlock": quantity(first),
            # The one number of the protocol that travels as a fraction.
            "gasUsedRatio": [cast(Document, h.gas_used / h.gas_limit) for h in headers],
            "reward": [self._tips(header, at_ppm) for header in headers],
        }

    def _tips(self, header: BlockHeaderAPI, at_ppm: Sequence[int]) -> Document:
        base = header.base_fee_per_gas or 0
        paid = sorted((r.gas_price_wei - base, r.gas_used) for r in self._history.receipts(header))
        tips: list[Document] = []
        for ppm in at_ppm:
            share, below = header.gas_used * ppm, accumulate(gas_used for _, gas_used in paid)
            at_share = (
                tip for (tip, _), gas in zip(paid, below, strict=True) if gas * PPM >= share
            )
            tips.append(quantity(next(at_share, 0)))
        return tips

    def _index(self, transaction_hash: bytes) -> int:
        place = self._history.place(transaction_hash)
        return place[1] if place else 0

    def _transaction(
        self, header: BlockHeaderAPI, transaction: SignedTransactionAPI, *, index: int
    ) -> Document:
        tip, most = transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas
        return {
            "type": quantity(2),
            "chainId": quantity(self._chain_id),
            "hash": data(transaction.hash),
            "nonce": quantity(transaction.nonce),
            "from": data(transaction.sender),
            "to": data(transaction.to) if transaction.to else None,
            "value": quantity(transaction.value),
            "input": data(transaction.data),
            "gas": quantity(transaction.gas),
            "gasPrice": quantity(min(most, (header.base_fee_per_gas or 0) + tip)),
            "maxFeePerGas": quantity(most),
            "maxPriorityFeePerGas": quantity(tip),
            "accessList": [
                {"address": data(address), "storageKeys": [data(_word(slot)) for slot in slots]}
                for address, slots in transaction.access_list
            ],
            "yParity": quantity(transaction.y_parity),
            "v": quantity(transaction.y_parity),
            "r": quantity(transaction.r),
            "s": quantity(transaction.s),
            "blockHash": data(header.hash),
            "blockNumber": quantity(header.block_number),
            "transactionIndex": quantity(index),
        }


def _header(header: BlockHeaderAPI) -> dict[str, Document]:
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.uncles_hash),
        "miner": data(header.coinbase),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transaction_root),
        "receiptsRoot": data(header.receipt_root),
        "logsBloom": data(_word(header.bloom, 256)),
        "difficulty": quantity(header.difficulty),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "extraData": data(header.extra_data),
        "mixHash": data(header.mix_hash),
        "nonce": data(header.nonce),
        "baseFeePerGas": quantity(header.base_fee_per_gas or 0),
        "size": quantity(len(rlp.encode(header))),
    }


def _log(log: Log, transaction_index: int) -> Document:
    document = jsonrpc.log_document(log)
    document["transactionIndex"] = quantity(transaction_index)
    return document


def _bloom(receipt: Receipt) -> bytes:
    bloom = BloomFilter()
    for log in receipt.logs:
        bloom.extend([log.address, *log.topics])
    return _word(int(bloom), 256)


def _word(value: int, length: int = 32) -> bytes:
    return value.to_bytes(length, "big")
