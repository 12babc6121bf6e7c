"""The JSON-RPC methods that an embedded chain answers: parameters in, a document out.

Source: ethereum/execution-apis. Bad parameters raise InputError, what the chain refuses ChainError.
"""

from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version

from gridplus.chain import jsonrpc
from gridplus.chain.embedded import EmbeddedChain
from gridplus.chain.filters import Filters, LogQuery, parse_block_number
from gridplus.chain.jsonrpc import data, parse_address, parse_data, parse_quantity, quantity
from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.units import PPM
from gridplus.wallet import Address

SEND = "eth_sendRawTransaction"
MAX_FEE_BLOCKS = 1_024
MAX_PERCENTILES = 100
Params = list[Document]


class Node:
    """A chain, and the filters that its callers have made."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self.chain = chain
        self.filters = Filters(chain)

    def invoke(self, method: str, params: Params) -> Document:
        """Raises KeyError for a method that is not known."""
        return _METHODS[method](self, params)

    @staticmethod
    def knows(method: str) -> bool:
        return method in _METHODS


def parameter(params: Params, index: int) -> Document:
    """Raises InputError when it is missing."""
    if index >= len(params):
        raise InputError(f"parameter {index} is missing")
    return params[index]


def _send(node: Node, params: Params) -> Document:
    return data(node.chain.send([parse_data(parameter(params, 0))])[0])


def _block_by_number(node: Node, params: Params) -> Document:
    head, number = node.chain.head().number, parse_block_number(parameter(params, 0))
    if number is not None and number > head:
        return None
    return node.chain.documents.block(head if number is None else number, full=_full(params))


def _block_by_hash(node: Node, params: Params) -> Document:
    number = node.chain.documents.block_number(parse_data(parameter(params, 0), 32))
    return None if number is None else node.chain.documents.block(number, full=_full(params))


def _call(node: Node, params: Params) -> Document:
    call, sender = jsonrpc.parse_call(parameter(params, 0))
    if len(params) > 2 and params[2]:
        raise InputError("state cannot be overridden here")
    return data(node.chain.simulate(call, sender=sender, block=_at(node, params, index=1)))


def _estimate(node: Node, params: Params) -> Document:
    call, sender = jsonrpc.parse_call(parameter(params, 0))
    if _at(node, params, index=1) is not None:
        raise InputError("gas is estimated on the newest state; say latest")
    return quantity(node.chain.estimate_gas(call, sender=sender))


def _storage(node: Node, params: Params) -> Document:
    slot = parse_quantity(parameter(params, 1))
    return data(node.chain.storage(_address(params), slot, block=_at(node, params, index=2)))


def _code(node: Node, params: Params) -> Document:
    return data(node.chain.code(_address(params), block=_at(node, params, index=1)))


def _balance(node: Node, params: Params) -> Document:
    return quantity(node.chain.balance(_address(params), block=_at(node, params, index=1)))


def _nonce(node: Node, params: Params) -> Document:
    return quantity(node.chain.nonce(_address(params), block=_at(node, params, index=1)))


def _transaction(node: Node, params: Params) -> Document:
    return node.chain.documents.transaction(parse_data(parameter(params, 0), 32))


def _receipt(node: Node, params: Params) -> Document:
    return node.chain.documents.receipt(parse_data(parameter(params, 0), 32))


def _logs(node: Node, params: Params) -> Document:
    return list(LogQuery.parse(parameter(params, 0), node.chain).find(node.chain))


def _fee_history(node: Node, params: Params) -> Document:
    wanted = parameter(params, 0)
    count = wanted if isinstance(wanted, int) else parse_quantity(wanted)
    newest, head = parse_block_number(parameter(params, 1)), node.chain.head().number
    last = head if newest is None else newest
    if not 0 < count <= MAX_FEE_BLOCKS or last > head:
        raise InputError(f"the history has 1 to {MAX_FEE_BLOCKS} blocks up to block {head}")
    first = max(0, last - count + 1)
    history = node.chain.documents.fee_history(
        first, last, at_ppm=_percentiles_ppm(params[2] if len(params) > 2 else None)
    )
    fees = [node.chain.block(n).base_fee_wei for n in range(first, min(head, last + 1) + 1)]
    if last == head:
        fees.append(node.chain.fees().base_wei)
    return {**history, "baseFeePerGas": [quantity(fee) for fee in fees]}


def _new_filter(node: Node, params: Params) -> Document:
    return quantity(node.filters.add(LogQuery.parse(parameter(params, 0), node.chain)))


def _at(node: Node, params: Params, *, index: int) -> int | None:
    """The block that parameter `index` names, by number or, as EIP-1898 has it, in an object."""
    tag = params[index] if index < len(params) else None
    if not isinstance(tag, dict):
        return parse_block_number(tag)
    if "blockHash" not in tag:
        return parse_block_number(tag.get("blockNumber"))
    number = node.chain.documents.block_number(parse_data(tag["blockHash"], 32))
    if number is None:
        raise InputError("there is no block of that hash")
    return number


def _address(params: Params) -> Address:
    return parse_address(parameter(params, 0))


def _filter_number(params: Params) -> int:
    return parse_quantity(parameter(params, 0))


def _full(params: Params) -> bool:
    return len(params) > 1 and params[1] is True


def _percentiles_ppm(value: Document) -> list[int]:
    found: list[object] = [] if value is None else list(jsonrpc.items(value))
    numbers = [Decimal(one) for one in found if isinstance(one, int | Decimal)]
    if len(numbers) != len(found) or len(found) > MAX_PERCENTILES or sorted(numbers) != numbers:
        raise InputError(f"percentiles are at most {MAX_PERCENTILES} numbers that rise")
    if any(not 0 <= number <= 100 for number in numbers):
        raise InputError("a percentile is a number from 0 to 100")
    return [int(number * PPM / 100) for number in numbers]


_METHODS: dict[str, Callable[[Node, Params], Document]] = {
    "eth_accounts": lambda _node, _: [],
    "eth_blockNumber": lambda node, _: quantity(node.chain.head().number),
    "eth_call": _call,
    "eth_chainId": lambda node, _: quantity(node.chain.chain_id),
    "eth_estimateGas": _estimate,
    "eth_feeHistory": _fee_history,
    "eth_gasPrice": lambda node, _: quantity(node.chain.fees().base_wei),
    "eth_getBalance": _balance,
    "eth_getBlockByHash": _block_by_hash,
    "eth_getBlockByNumber": _block_by_number,
    "eth_getCode": _code,
    "eth_getFilterChanges": lambda node, params: node.filters.changes(_filter_number(params)),
    "eth_getFilterLogs": lambda node, params: node.filters.logs(_filter_number(params)),
    "eth_getLogs": _logs,
    "eth_getStorageAt": _storage,
    "eth_getTransactionByHash": _transaction,
    "eth_getTransactionCount": _nonce,
    "eth_getTransactionReceipt": _receipt,
    "eth_maxPriorityFeePerGas": lambda node, _: quantity(node.chain.fees().priority_wei),
    "eth_newBlockFilter": lambda node, _: quantity(node.filters.add(None)),
    "eth_newFilter": _new_filter,
    "eth_syncing": lambda _node, _: False,
    "eth_uninstallFilter": lambda node, params: node.filters.remove(_filter_number(params)),
    SEND: _send,
    "net_listening": lambda _node, _: True,
    "net_version": lambda node, _: str(node.chain.chain_id),
    "web3_clientVersion": lambda _node, _: f"gridplus/{version('gridplus')}",
}
