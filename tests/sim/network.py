"""A network that loses, delays, doubles and reorders; nothing but bytes goes through it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from tests.sim.clockwork import Process
from tests.sim.setting import Setting


@dataclass(frozen=True)
class Request:
    """Who asks what, as bytes."""

    origin: str
    method: str
    path: str
    query: bytes
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Server(Protocol):
    """Whoever listens; `process` is None while nobody does."""

    process: Process | None

    async def answer(self, request: Request) -> Answer: ...


@dataclass
class Network:
    """`loss` and `doubling` are chances of each message; `slowest_s` bounds a usual delay, and
    `late` is the chance of one that no client waits for. `cut` are machines without a line."""

    setting: Setting
    seen: Callable[[Request, Answer], None]
    sent: Callable[[Request], None]
    loss: float = 0.0
    doubling: float = 0.0
    late: float = 0.0
    slowest_s: float = 0.2
    cut: set[str] = field(default_factory=set)
    recent: list[tuple[Server, Request]] = field(default_factory=list)

    def line(self, origin: str, server: Server) -> httpx.AsyncBaseTransport:
        return _Line(self, origin, server)

    def deliver(self, server: Server, request: Request, done: "asyncio.Future[Answer]") -> None:
        """On its way there, perhaps twice, perhaps not at all."""
        self.sent(request)
        if request.method == "POST":
            self.recent = [*self.recent[-19:], (server, request)]
        self._send(server, request, done)
        if self.setting.chance(self.doubling):
            self._send(server, request, self.setting.loop.create_future())

    def storm(self, times: int) -> None:
        """Everything recent arrives again, many times."""
        for _ in range(times):
            for server, request in self.recent:
                self._send(server, request, self.setting.loop.create_future())

    def _send(self, server: Server, request: Request, done: "asyncio.Future[Answer]") -> None:
        if request.origin in self.cut or self.setting.chance(self.loss):
            return
        self.setting.loop.call_later(self._delay_s(), self._arrive, server, request, done)

    def _arrive(self, server: Server, request: Request, done: "asyncio.Future[Answer]") -> None:
        if server.process is None or not server.process.alive:
            if not done.done():
                done.set_exception(httpx.ConnectError("nobody listens"))
            return
        self.setting.loop.spawn(server.process, self._serve(server, request, done))

    async def _serve(
        self, server: Server, request: Request, done: "asyncio.Future[Answer]"
    ) -> None:
        answer = await server.answer(request)
        self.seen(request, answer)
        if request.origin not in self.cut and not self.setting.chance(self.loss):
            self.setting.loop.call_later(self._delay_s(), _arrive_back, answer, done)

    def _delay_s(self) -> float:
        if self.setting.chance(self.late):
            return self.setting.random.uniform(5, 600)
        return self.setting.random.uniform(0.001, self.slowest_s)


def _arrive_back(answer: Answer, done: "asyncio.Future[Answer]") -> None:
    if not done.done():
        done.set_result(answer)


@dataclass
class _Line(httpx.AsyncBaseTransport):
    network: Network
    origin: str
    server: Server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        asked = Request(self.origin, request.method, url.path, url.query, await request.aread())
        done: asyncio.Future[Answer] = self.network.setting.loop.create_future()
        self.network.deliver(self.server, asked, done)
        answer = await done
        return httpx.Response(answer.status, content=answer.body, request=request)


async def ask_app(app: Any, request: Request) -> Answer:
    """What an ASGI app answers. Source: ASGI 3.0, "HTTP Connection Scope"."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query,
        "root_path": "",
        "headers": [(b"content-length", str(len(request.body)).encode())],
        "client": ("127.0.0.1", 1),
        "server": ("hub", 80),
    }
    status, body = 0, b""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, body
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body += message.get("body", b"")

    await app(scope, receive, send)
    return Answer(status, body)
