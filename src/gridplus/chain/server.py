"""The embedded chain as a JSON-RPC node on loopback, for the other processes of one machine.

One thread owns the chain: the event loop runs each request to its end, and nothing is answered
before its block is on the disk.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gridplus.chain import jsonrpc
from gridplus.chain.dispatch import answer, refusal
from gridplus.chain.embedded import BlockClock, EmbeddedChain, Genesis
from gridplus.chain.methods import Node
from gridplus.failures import InputError
from gridplus.serving import BodyTooLargeError, read_body, serve

_JSON = "application/json"


def chain_app(chain: EmbeddedChain) -> Starlette:
    """An ASGI app that answers POST / with `chain`.

    Only JSON is read: a browser asks before it sends that to another origin, and is not answered,
    so that no web page can use the node.
    """

    node = Node(chain)

    async def respond(request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0] != _JSON:
            return Response(refusal(f"send {_JSON}"), 415, media_type=_JSON)
        try:
            body = await read_body(request, limit=jsonrpc.MAX_BODY_BYTES)
        except InputError as error:
            status = 413 if isinstance(error, BodyTooLargeError) else 400
            return Response(refusal(str(error)), status, media_type=_JSON)
        return Response(answer(node, body), media_type=_JSON)

    return Starlette(routes=[Route("/", respond, methods=["POST"])])


@dataclass(frozen=True, slots=True)
class ServedChain:
    """The chain in the file `state`; a new one begins with `genesis`."""

    state: Path
    clock: BlockClock
    genesis: Genesis


def serve_chain(
    served: ServedChain,
    *,
    port: int,
    exit_with_parent: bool,
    found: Callable[[EmbeddedChain], Mapping[str, Any]] = lambda _: {},
) -> None:
    """Serve a chain on 127.0.0.1 until SIGTERM, SIGINT or, with `exit_with_parent`, the end of
    standard input; then close it and exit with 0.

    Prints {"ready": "chain", "url": ..., "chain_id": ...} on a line of its own when it listens,
    with what `found` made on the chain before; `port` 0 takes a free one. Raises InputError when
    the port is taken, StorageError as `EmbeddedChain` does.
    """
    with EmbeddedChain(served.state, served.clock, genesis=served.genesis) as chain:
        ready = {"ready": "chain", "chain_id": chain.chain_id, **found(chain)}
        serve(chain_app(chain), port=port, describe=ready, exit_with_parent=exit_with_parent)
