"""Ethereum's JSON-RPC on the wire, for both ends: quantities, data, and the port's types.

Source: ethereum/execution-apis. Quantities are 0x-hex without leading zeros, data is 0x-hex of
whole bytes. What cannot be read raises InputError.
"""

from gridplus.chain.port import Block, Call, Log, Receipt
from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.wallet import ZERO_ADDRESS, Address

MAX_BODY_BYTES = 4_000_000
MAX_BATCH = 256

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_ERROR = -32000
REVERTED = 3


def quantity(value: int) -> str:
    return hex(value)


def data(value: bytes) -> str:
    return f"0x{value.hex()}"


def parse_quantity(value: Document) -> int:
    """At most 32 bytes."""
    if not isinstance(value, str) or not value.startswith("0x") or not 2 < len(value) <= 66:
        raise InputError(f"{_shown(value)} is not a quantity like 0x1a")
    try:
        return int(value[2:], 16)
    except ValueError:
        raise InputError(f"{_shown(value)} is not a quantity like 0x1a") from None


def parse_data(value: Document, length: int | None = None) -> bytes:
    """Bytes, `length` of them when it is given."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise InputError(f"{_shown(value)} is not data like 0x00ff")
    try:
        parsed = bytes.fromhex(value[2:])
    except ValueError:
        raise InputError(f"{_shown(value)} is not data like 0x00ff") from None
    if length is not None and len(parsed) != length:
        raise InputError(f"{_shown(value)} has {len(parsed)} bytes, not {length}")
    return parsed


def parse_address(value: Document) -> Address:
    return Address(parse_data(value, 20))


def fields(value: Document) -> dict[str, Document]:
    if not isinstance(value, dict):
        raise InputError(f"{_shown(value)} is not an object")
    return value


def items(value: Document) -> list[Document]:
    if not isinstance(value, list):
        raise InputError(f"{_shown(value)} is not a list")
    return value


def call_document(call: Call, sender: Address) -> Document:
    document: dict[str, Document] = {
        "from": data(sender),
        "data": data(call.data),
        "value": quantity(call.value_wei),
    }
    if call.to is not None:
        document["to"] = data(call.to)
    if call.gas is not None:
        document["gas"] = quantity(call.gas)
    return document


def parse_call(value: Document) -> tuple[Call, Address]:
    """What to do and who asks; both spellings of the data, `data` and `input`, are read."""
    found = fields(value)
    to, sender, gas = found.get("to"), found.get("from"), found.get("gas")
    call = Call(
        to=None if to is None else parse_address(to),
        data=parse_data(found.get("input", found.get("data", "0x"))),
        value_wei=parse_quantity(found.get("value", "0x0")),
        gas=None if gas is None else parse_quantity(gas),
    )
    return call, ZERO_ADDRESS if sender is None else parse_address(sender)


def parse_block(value: Document) -> Block:
    found = fields(value)
    return Block(
        number=parse_quantity(found.get("number")),
        hash=parse_data(found.get("hash"), 32),
        parent_hash=parse_data(found.get("parentHash"), 32),
        timestamp_s=parse_quantity(found.get("timestamp")),
        base_fee_wei=parse_quantity(found.get("baseFeePerGas")),
        gas_limit=parse_quantity(found.get("gasLimit")),
        gas_used=parse_quantity(found.get("gasUsed")),
    )


def parse_block_or_none(value: Document) -> Block | None:
    return None if value is None else parse_block(value)


def log_document(log: Log) -> dict[str, Document]:
    return {
        "address": data(log.address),
        "topics": [data(topic) for topic in log.topics],
        "data": data(log.data),
        "blockNumber": quantity(log.block_number),
        "blockHash": data(log.block_hash),
        "transactionHash": data(log.transaction_hash),
        "logIndex": quantity(log.index),
        "removed": False,
    }


def parse_log(value: Document) -> Log:
    found = fields(value)
    return Log(
        address=parse_address(found.get("address")),
        topics=tuple(parse_data(topic, 32) for topic in items(found.get("topics"))),
        data=parse_data(found.get("data")),
        block_number=parse_quantity(found.get("blockNumber")),
        block_hash=parse_data(found.get("blockHash"), 32),
        transaction_hash=parse_data(found.get("transactionHash"), 32),
        index=parse_quantity(found.get("logIndex")),
    )


def parse_logs(value: Document) -> tuple[Log, ...]:
    return tuple(parse_log(log) for log in items(value))


def parse_receipt(value: Document) -> Receipt:
    found = fields(value)
    created = found.get("contractAddress")
    return Receipt(
        transaction_hash=parse_data(found.get("transactionHash"), 32),
        block_number=parse_quantity(found.get("blockNumber")),
        block_hash=parse_data(found.get("blockHash"), 32),
        succeeded=parse_quantity(found.get("status")) == 1,
        gas_used=parse_quantity(found.get("gasUsed")),
        gas_price_wei=parse_quantity(found.get("effectiveGasPrice")),
        created=None if created is None else parse_address(created),
        logs=parse_logs(found.get("logs")),
    )


def parse_receipt_or_none(value: Document) -> Receipt | None:
    return None if value is None else parse_receipt(value)


def _shown(value: Document) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
