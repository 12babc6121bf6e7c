"""JSON-RPC 2.0 around a node's methods: request bytes in, answer bytes out, no socket.

Within one batch all eth_sendRawTransaction come first and share blocks; the other requests see
their effects. An unknown method, bad parameters or a refused transaction is an error object for
that request alone.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Never

from gridplus.chain import jsonrpc
from gridplus.chain.jsonrpc import data, parse_data
from gridplus.chain.methods import SEND, Node, Params, parameter
from gridplus.chain.port import ChainError, Rejected, Reverted
from gridplus.digest import Document, require_shallow
from gridplus.failures import InputError, StorageError


@dataclass(frozen=True, slots=True)
class _Request:
    """A well-formed request."""

    request_id: Document
    method: str
    params: Params


def answer(node: Node, body: bytes) -> bytes:
    """What the node says to one request or one batch; a failing disk is one error for all."""
    try:
        return _encoded(_answers(node, body))
    except StorageError as error:
        return _encoded(_error(jsonrpc.INTERNAL_ERROR, str(error)))


def refusal(why: str) -> bytes:
    """The answer to what is no request at all."""
    return _encoded(_error(jsonrpc.INVALID_REQUEST, why))


def _answers(node: Node, body: bytes) -> Document:
    try:
        document = _parsed_body(body)
    except InputError as error:
        return _error(jsonrpc.PARSE_ERROR, str(error))
    if not isinstance(document, list):
        return _answer(node, _parsed(document))
    if not 0 < len(document) <= jsonrpc.MAX_BATCH:
        why = f"a batch has 1 to {jsonrpc.MAX_BATCH} requests, not {len(document)}"
        return _error(jsonrpc.INVALID_REQUEST, why)
    requests = [_parsed(request) for request in document]
    node.chain.mine(_raw_transactions(requests))
    return [_answer(node, request) for request in requests]


def _raw_transactions(requests: list[_Request | None]) -> list[bytes]:
    """Those of a batch, to be mined together; each request then finds its own mined, or is told
    why not."""
    raw: list[bytes] = []
    for request in requests:
        if request is not None and request.method == SEND:
            with suppress(InputError):
                raw.append(parse_data(parameter(request.params, 0)))
    return raw


def _answer(node: Node, request: _Request | None) -> Document:
    if request is None:
        return _error(jsonrpc.INVALID_REQUEST, "this is not a JSON-RPC 2.0 request")
    code, revert_data = jsonrpc.SERVER_ERROR, None
    try:
        if node.knows(request.method):
            result = node.invoke(request.method, request.params)
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


def _parsed_body(body: bytes) -> Document:
    """Other tools write percentiles as fractions: they are read as Decimal, anywhere else they
    are refused where they stand."""
    try:
        require_shallow(body)
        document: Document = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not a document: {error}") from None
    return document


def _refuse(text: str) -> Never:
    raise ValueError(f"{text} is not a number")


def _parsed(document: Document) -> _Request | None:
    if not isinstance(document, dict) or document.get("jsonrpc") != "2.0":
        return None
    request_id, method = document.get("id"), document.get("method")
    params = document.get("params", [])
    if isinstance(request_id, int | str) and isinstance(method, str) and isinstance(params, list):
        return _Request(request_id, method, params)
    return None


def _error(
    code: int, message: str, *, request_id: Document = None, revert_data: bytes | None = None
) -> Document:
    error: dict[str, Document] = {"code": code, "message": message}
    if revert_data is not None:
        error["data"] = data(revert_data)
    return {"jsonrpc": "2.0", "id": request_id, "error": error}


def _encoded(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
