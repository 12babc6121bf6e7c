"""The JSON-RPC methods of an embedded chain: request bytes in, answer bytes out, no socket.

Within one batch all eth_sendRawTransaction come first and share blocks; the other requests see
their effects. An unknown method, bad parameters or a refused transaction is an error object for
that request alone. Source: JSON-RPC 2.0 and ethereum/execution-apis.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

from gridplus.chain import jsonrpc
from gridplus.chain.embedded import EmbeddedChain
from gridplus.chain.jsonrpc import data, parse_address, parse_data, parse_quantity, quantity
from gridplus.chain.port import ChainError, Rejected, Reverted
from gridplus.digest import Document, parse_document
from gridplus.failures import InputError, StorageError
from gridplus.wallet import Address

_SEND = "eth_sendRawTransaction"
_NEWEST = ("latest", "pending", "safe", "finalized")
Params = list[Document]


@dataclass(frozen=True, slots=True)
class _Request:
    """A well-formed request."""

    request_id: Document
    method: str
    params: Params


def answer(chain: EmbeddedChain, body: bytes) -> bytes:
    """What the node says to one request or one batch; a failing disk is one error for all."""
    try:
        return _encoded(_answers(chain, body))
    except StorageError as error:
        return _encoded(_error(jsonrpc.INTERNAL_ERROR, str(error)))


def _answers(chain: EmbeddedChain, body: bytes) -> Document:
    try:
        document = parse_document(body, limit=jsonrpc.MAX_BODY_BYTES, what="the request")
    except InputError as error:
        return _error(jsonrpc.PARSE_ERROR, str(error))
    if not isinstance(document, list):
        return _answer(chain, _parsed(document))
    if not 0 < len(document) <= jsonrpc.MAX_BATCH:
        why = f"a batch has 1 to {jsonrpc.MAX_BATCH} requests, not {len(document)}"
        return _error(jsonrpc.INVALID_REQUEST, why)
    requests = [_parsed(request) for request in document]
    chain.mine(_raw_transactions(requests))
    return [_answer(chain, request) for request in requests]


def refusal(why: str) -> bytes:
    """The answer to what is no request at all."""
    return _encoded(_error(jsonrpc.INVALID_REQUEST, why))


def _raw_transactions(requests: list[_Request | None]) -> list[bytes]:
    """Those of a batch, to be mined together; each request then finds its own mined, or is told
    why not."""
    raw: list[bytes] = []
    for request in requests:
        if request is not None and request.method == _SEND:
            with suppress(InputError):
                raw.append(parse_data(_param(request.params, 0)))
    return raw


def _answer(chain: EmbeddedChain, request: _Request | None) -> Document:
    if request is None:
        return _error(jsonrpc.INVALID_REQUEST, "this is not a JSON-RPC 2.0 request")
    code, revert_data = jsonrpc.SERVER_ERROR, None
    try:
        if request.method in _METHODS:
            result = _METHODS[request.method](chain, request.params)
            return {"jsonrpc": "2.0", "id": request.request_id, "result": result}
        code, message = jsonrpc.METHOD_NOT_FOUND, f"there is no method {request.method[:80]}"
    except InputError as error:
        code, message = jsonrpc.INVALID_PARAMS, str(error)
    except Reverted as error:
        code, message = jsonrpc.REVERTED, f"execution reverted: {error.reason}"
        revert_data = error.data
    except ChainError as error:
        message = error.reason if isinstance(error, Rejected) else str(error)
    return _error(code, message, request_id=request.request_id, revert_data=revert_data)


def _parsed(document: Document) -> _Request | None:
    if not isinstance(document, dict) or document.get("jsonrpc") != "2.0":
        return None
    request_id, method = document.get("id"), document.get("method")
    params = document.get("params", [])
    if isinstance(request_id, int | str) and isinstance(method, str) and isinstance(params, list):
        return _Request(request_id, method, params)
    return None


def _send(chain: EmbeddedChain, params: Params) -> Document:
    return data(chain.send([parse_data(_param(params, 0))])[0])


def _block(chain: EmbeddedChain, params: Params) -> Document:
    block = _block_number(_param(params, 0))
    if block is not None and block > chain.head().number:
        return None
    return jsonrpc.block_document(chain.head() if block is None else chain.block(block))


def _call(chain: EmbeddedChain, params: Params) -> Document:
    call, sender = jsonrpc.parse_call(_param(params, 0))
    if call.to is None or call.value_wei:
        raise InputError("eth_call reads a contract: it needs `to` and carries no value")
    block = _block_number(params[1]) if len(params) > 1 else None
    return data(chain.call(call.to, call.data, sender=sender, block=block))


def _estimate(chain: EmbeddedChain, params: Params) -> Document:
    call, sender = jsonrpc.parse_call(_param(params, 0))
    return quantity(chain.estimate_gas(call, sender=sender))


def _storage(chain: EmbeddedChain, params: Params) -> Document:
    _require_newest(params, 2)
    return data(chain.storage(_address(params), parse_quantity(_param(params, 1))))


def _code(chain: EmbeddedChain, params: Params) -> Document:
    _require_newest(params, 1)
    return data(chain.code(_address(params)))


def _balance(chain: EmbeddedChain, params: Params) -> Document:
    _require_newest(params, 1)
    return quantity(chain.balance(_address(params)))


def _nonce(chain: EmbeddedChain, params: Params) -> Document:
    _require_newest(params, 1)
    return quantity(chain.nonce(_address(params)))


def _receipt(chain: EmbeddedChain, params: Params) -> Document:
    receipt = chain.receipt(parse_data(_param(params, 0), 32))
    return None if receipt is None else jsonrpc.receipt_document(receipt)


def _logs(chain: EmbeddedChain, params: Params) -> Document:
    wanted = jsonrpc.fields(_param(params, 0))
    topics = jsonrpc.items(wanted.get("topics", []))
    first = _block_number(wanted.get("fromBlock", "latest"))
    last = _block_number(wanted.get("toBlock", "latest"))
    head = chain.head().number
    found = chain.logs(
        parse_address(wanted.get("address")),
        [None if topic is None else parse_data(topic, 32) for topic in topics],
        from_block=head if first is None else first,
        to_block=head if last is None else last,
    )
    return [jsonrpc.log_document(log) for log in found]


def _param(params: Params, index: int) -> Document:
    if index >= len(params):
        raise InputError(f"parameter {index} is missing")
    return params[index]


def _address(params: Params) -> Address:
    return parse_address(_param(params, 0))


def _block_number(tag: Document) -> int | None:
    """None stands for the newest block."""
    if tag in _NEWEST:
        return None
    return 0 if tag == "earliest" else parse_quantity(tag)


def _require_newest(params: Params, index: int) -> None:
    if len(params) > index and params[index] not in _NEWEST:
        raise InputError("only the newest state is served; say latest")


_METHODS: dict[str, Callable[[EmbeddedChain, Params], Document]] = {
    "eth_blockNumber": lambda chain, _: quantity(chain.head().number),
    "eth_call": _call,
    "eth_chainId": lambda chain, _: quantity(chain.chain_id),
    "eth_estimateGas": _estimate,
    "eth_gasPrice": lambda chain, _: quantity(chain.fees().base_wei),
    "eth_getBalance": _balance,
    "eth_getBlockByNumber": _block,
    "eth_getCode": _code,
    "eth_getLogs": _logs,
    "eth_getStorageAt": _storage,
    "eth_getTransactionCount": _nonce,
    "eth_getTransactionReceipt": _receipt,
    "eth_maxPriorityFeePerGas": lambda chain, _: quantity(chain.fees().priority_wei),
    _SEND: _send,
    "net_version": lambda chain, _: str(chain.chain_id),
    "web3_clientVersion": lambda _chain, _: f"gridplus/{version('gridplus')}",
}


def _error(
    code: int, message: str, *, request_id: Document = None, revert_data: bytes | None = None
) -> Document:
    error: dict[str, Document] = {"code": code, "message": message}
    if revert_data is not None:
        error["data"] = data(revert_data)
    return {"jsonrpc": "2.0", "id": request_id, "error": error}


def _encoded(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
