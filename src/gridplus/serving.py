"""An ASGI app on loopback: bodies of bounded size, errors in sentences, one ready line."""

import asyncio
import gc
import hmac
import json
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gridplus.failures import InputError

LOOPBACK = "127.0.0.1"
KEEP_ALIVE_S = 75
MAX_CONNECTIONS = 2_000
HANDSHAKE_S = 10
HEAD_S = 20
HEAD_BYTES = 16_384
BODY_S = 30


def closing(
    app: Starlette, kept: ExitStack, *, client: AbstractAsyncContextManager[object]
) -> Starlette:
    """Close what the app stands on when it ends, `client` before the rest."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        with kept:
            async with client, inner(served) as state:
                yield state or {}

    app.router.lifespan_context = lifespan
    return app


class BodyTooLargeError(InputError):
    """A request carries more bytes than its kind may."""


async def read_body(request: Request, *, limit: int, within_s: int = BODY_S) -> bytes:
    """At most `limit` bytes of the request's body.

    Raises BodyTooLargeError as soon as more has arrived, whatever the headers promised, and
    InputError when the sender leaves before the end or takes longer than `within_s`.
    """
    parts, size = [], 0
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise BodyTooLargeError(f"the body exceeds {limit} bytes")
                parts.append(part)
    except TimeoutError:
        raise InputError(f"the body did not arrive within {within_s} s") from None
    except ClientDisconnect:
        raise InputError("the sender left before the end of the body") from None
    return b"".join(parts)


def is_bearer(request: Request, token: str | None) -> bool:
    """Whether it brings `Authorization: Bearer token`; nothing brings an empty one."""
    given = request.headers.get("authorization", "").encode()
    return bool(token) and hmac.compare_digest(given, f"Bearer {token}".encode())


Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


def require_bearer(token: str | None, handle: Handler) -> Handler:
    """`handle` for who sends `Authorization: Bearer token`, on loopback; without a token it stays
    shut."""

    async def guarded(request: Request) -> Response:
        if "door" in request.scope.get("state", {}):
            return JSONResponse({"error": "this is not for this door"}, status_code=403)
        if not is_bearer(request, token):
            return JSONResponse({"error": "this is for the administrator"}, status_code=401)
        return await handle(request)

    return guarded


def explain(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """An exception handler that answers `status` and the error's own sentence. A coroutine: for a
    plain function Starlette would take a thread."""

    async def answer(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status_code=status)

    return answer


@dataclass(frozen=True, slots=True)
class Door:
    """One more listener, under TLS. Requests that come through it carry `state["door"]`, its name,
    and `state["extra"]`, their transport's `get_extra_info`."""

    name: str
    host: str
    port: int
    context: ssl.SSLContext

    def listen(self) -> socket.socket:
        """Raises InputError when the port is taken."""
        return bound_listener(self.host, self.port)


class Corked:
    """A transport by which all that is written in one turn of the loop leaves together: the head of
    an answer with its body."""

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out:
            self._transport.write(b"".join(out))


@dataclass(frozen=True, slots=True)
class Switch:
    """Another protocol in which who brings the token may go on, at a request with `Upgrade: name`.
    An app offers it as `switch` of its lifespan's state; never at a door."""

    name: str
    token: str = field(repr=False)
    make: Callable[[], asyncio.Protocol]


class HeadProtocol(HttpToolsProtocol):
    """HTTP whose heads have at most HEAD_BYTES and arrive within `head_ms`, the first after the
    connection as each later one: the parser itself would wait and remember without end. `door`
    names the listener, if it is a door."""

    def __init__(
        self, *, door: str | None = None, head_ms: int = 1_000 * HEAD_S, **parts: Any
    ) -> None:
        super().__init__(**parts)
        self._door = door
        self._head_s = head_ms / 1_000
        self._head_bytes = 0
        self._in_head = False
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if self._door is not None:
            extra = transport.get_extra_info
            self.app_state = {**self.app_state, "door": self._door, "extra": extra}
        super().connection_made(Corked(transport))  # type: ignore[arg-type]  # all but its type
        self._late = self.loop.call_later(self._head_s, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_protocol() is not self:
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.send_400_response(f"the head of a request has at most {HEAD_BYTES} bytes")
        elif self.cycle is not None and not self.cycle.response_complete:
            return
        if self._late is None:
            self._late = self.loop.call_later(self._head_s, self.transport.abort)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Raises ValueError, which the parser answers with 400."""
        self._in_head = False
        self._be_in_time()
        head_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if head_bytes > HEAD_BYTES:
            raise ValueError(f"the head of a request has at most {HEAD_BYTES} bytes")
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """What the server calls for a request that `_should_upgrade`."""
        switch: Switch = self.app_state["switch"]
        self.connections.discard(self)
        agreed = f"connection: upgrade\r\nupgrade: {switch.name}\r\n\r\n"
        self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\n" + agreed.encode())
        protocol = switch.make()
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)

    def _should_upgrade(self) -> bool:
        switch: Switch | None = self.app_state.get("switch")
        if switch is None or self._door is not None:
            return False
        given = b", ".join(value for name, value in self.headers if name == b"authorization")
        named = self._get_upgrade() == switch.name.encode()
        return named and hmac.compare_digest(given, f"Bearer {switch.token}".encode())

    def _be_in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class Server(uvicorn.Server):
    """Opens the doors, and prints the ready line once the app's own start has succeeded."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Mapping[str, Any],
        *,
        doors: Sequence[tuple[Door, socket.socket]],
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._doors = doors

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for door, listener in self._doors:
            protocol = partial(
                HeadProtocol,
                door=door.name,
                config=self.config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
            )
            opened = await asyncio.get_running_loop().create_server(
                protocol, sock=listener, ssl=door.context, ssl_handshake_timeout=HANDSHAKE_S
            )
            self.servers.append(opened)
        # Whatever is held by now stays: a full collection need not walk it again and again.
        gc.collect()
        gc.freeze()
        if not self.should_exit:
            sys.stdout.write(json.dumps(self._ready) + "\n")
            sys.stdout.flush()


def serve(
    app: Any,
    *,
    port: int,
    describe: Mapping[str, Any],
    exit_with_parent: bool,
    doors: Sequence[Door] = (),
) -> None:
    """Serve `app` on 127.0.0.1:`port` (0 takes a free one) and at `doors` until SIGTERM or SIGINT.

    Prints `describe` with the `url` and the URL of each door as one JSON line when listening. With
    `exit_with_parent` the end of standard input counts as SIGTERM. Raises InputError when a port
    is taken. When the app's own start fails, the log says why and the process exits with 3.
    """
    listener = bound_listener(LOOPBACK, port)
    opened = [(door, door.listen()) for door in doors]
    ready = {**describe, "url": f"http://{LOOPBACK}:{listener.getsockname()[1]}"}
    for door, found in opened:
        ready[door.name] = f"https://{door.host}:{found.getsockname()[1]}"
    config = uvicorn.Config(
        app,
        http=HeadProtocol,
        ws="none",
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=5,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn repeats the signal when it is done
    if exit_with_parent:
        threading.Thread(target=_leave_with_stdin, daemon=True).start()
    Server(config, ready, doors=opened).run(sockets=[listener])


def bound_listener(host: str, port: int) -> socket.socket:
    """A TCP socket on a free port when `port` is 0. Raises InputError when the port is taken."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise InputError(f"port {port} on {host}: {error.strerror}; choose another") from None
    return listener


def _leave_with_stdin() -> None:
    while os.read(0, 4_096):  # not through sys.stdin, whose lock would outlive this thread
        pass
    os.kill(os.getpid(), signal.SIGTERM)
