"""Event polls a second with their latency, and how soon a price event reaches every agent.

The VTN is a process of its own; homes are kept-alive connections of this one, which polls as fast
as it is answered: two processes, two cores. Push goes through a real mosquitto, subscribers are
bare MQTT 3.1.1 connections. Beside each: the same bytes from a server that does nothing, and the
same message published to the broker by nobody's leave.
"""

import argparse
import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from gridplus.demo.processes import ServiceProcess, start_service
from gridplus.serving import LOOPBACK, serve
from measure import Beside, Row, show

CONNECTIONS = 32
AT_ONCE = 50
"""Connections opened together: fewer than the broker's queue of them holds."""
CLIENTS = "".join(
    f'[[client]]\nid = "{name}"\nsecret = "{name}-secret"\nrole = "{name}"\n'
    for name in ("BL", "VEN")
)
TOPIC = "openadr/programs/{}/events/create"


@dataclass
class Polls:
    """What one round of polling found."""

    per_second: float
    p99_ms: float


class Poller(asyncio.Protocol):
    """Asks the same again as soon as it is answered; answers have one length."""

    def __init__(self, request: bytes, size: int, *, until_s: float, took_s: list[float]) -> None:
        self._request, self._size = request, size
        self._until_s, self._took_s = until_s, took_s
        self._got, self._sent_s = 0, 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._got += len(data)
        if self._got < self._size:
            return
        now_s = time.perf_counter()
        self._took_s.append(now_s - self._sent_s)
        if now_s < self._until_s:
            self._ask()
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed"))

    def _ask(self) -> None:
        self._got, self._sent_s = 0, time.perf_counter()
        self._transport.write(self._request)


class Subscriber(asyncio.Protocol):
    """One agent at the broker, QoS 0. `ready` once it is subscribed, `heard` at a message."""

    def __init__(self, topic: str, name: str) -> None:
        loop = asyncio.get_running_loop()
        self._topic, self._name, self._data = topic.encode(), name.encode(), b""
        self.ready: asyncio.Future[None] = loop.create_future()
        self.heard: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + _text(self._name)
        body_2 = b"\x00\x01" + _text(self._topic) + b"\x00"
        transport.write(b"\x10" + bytes([len(body)]) + body)
        transport.write(b"\x82" + bytes([len(body_2)]) + body_2)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (packet := self._next()) is not None:
            if packet == 0x90 and not self.ready.done():
                self.ready.set_result(None)
            if packet & 0xF0 == 0x30 and not self.heard.done():
                self.heard.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        for waiting in (self.ready, self.heard):
            if not waiting.done():
                waiting.set_exception(error or ConnectionError("the broker closed"))

    def _next(self) -> int | None:
        """The first byte of the next whole packet, which is dropped."""
        length, shift, at = 0, 0, 1
        while at < len(self._data):
            length |= (self._data[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not self._data[at - 1] & 0x80:
                break
        else:
            return None
        if len(self._data) < at + length:
            return None
        first, self._data = self._data[0], self._data[at + length :]
        return first


@dataclass
class Market:
    """A VTN with a broker, a program and a day-ahead event in it."""

    vtn: ServiceProcess
    port: int
    tokens: dict[str, str] = field(default_factory=dict)
    program: str = ""

    def open(self) -> None:
        for name in ("BL", "VEN"):
            form = {"grant_type": "client_credentials"}
            asked = httpx.post(
                f"{self.vtn.url}/auth/token", data=form, auth=(name, f"{name}-secret")
            )
            self.tokens[name] = asked.json()["access_token"]
        made = self.post("/programs", {"programName": "tariff"})
        self.program = made["id"]
        self.post("/events", self.event())

    def event(self) -> dict[str, Any]:
        """24 hourly prices of tomorrow."""
        start = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 86_400))
        return {
            "programID": self.program,
            "intervalPeriod": {"start": start, "duration": "PT1H"},
            "intervals": [
                {"id": i, "payloads": [{"type": "PRICE", "values": [0.02513 + i / 1_000]}]}
                for i in range(24)
            ],
        }

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.tokens['BL']}"}
        answer = httpx.post(f"{self.vtn.url}{path}", json=body, headers=headers)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made


async def poll(url: str, token: str, *, seconds: float) -> Polls:
    """CONNECTIONS homes poll `url` for so many seconds."""
    host, port = url.removeprefix("http://").split(":")
    head = f"GET /events?active=true HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}"
    request = head.encode() + b"\r\n\r\n"
    size = await _answer_size(host, int(port), request=request)
    took_s: list[float] = []
    begin_s = time.perf_counter()
    loop = asyncio.get_running_loop()
    pollers = [
        (
            await loop.create_connection(
                lambda: Poller(request, size, until_s=begin_s + seconds, took_s=took_s),
                host,
                int(port),
            )
        )[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(poller.done for poller in pollers))
    spent_s = time.perf_counter() - begin_s
    return Polls(len(took_s) / spent_s, quantiles(took_s, n=100)[98] * 1_000)


async def _answer_size(host: str, port: int, *, request: bytes) -> int:
    """Bytes of one whole answer, which must be a good one."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    await reader.readexactly(length)
    writer.close()
    return len(head) + length


async def push_seconds(market: Market, agents: int, *, through_vtn: bool) -> float:
    """From the office's POST (or a bare publish) until the last agent has it."""
    topic = TOPIC.format(market.program)
    loop = asyncio.get_running_loop()
    subscribers: list[Subscriber] = []
    for first in range(0, agents, AT_ONCE):
        made = await asyncio.gather(
            *(
                loop.create_connection(
                    lambda number=i: Subscriber(topic, f"agent-{number}"),  # type: ignore[misc]
                    LOOPBACK,
                    market.port,
                )
                for i in range(first, min(first + AT_ONCE, agents))
            )
        )
        subscribers += [protocol for _, protocol in made]
        await asyncio.gather(*(subscriber.ready for subscriber in subscribers[first:]))
    begin_s = time.perf_counter()
    if through_vtn:
        await asyncio.to_thread(market.post, "/events", market.event())
    else:
        body = json.dumps(market.event()).encode()
        await _publish(market.port, topic, body=body)
    await asyncio.gather(*(subscriber.heard for subscriber in subscribers))
    spent_s = time.perf_counter() - begin_s
    for subscriber in subscribers:
        subscriber.transport.close()
    return spent_s


async def _publish(port: int, topic: str, *, body: bytes) -> None:
    """By a connection of its own, QoS 0; paho waits with select(), which ends at 1,024 files."""
    _reader, writer = await asyncio.open_connection(LOOPBACK, port)
    hello = b"\x00\x04MQTT\x04\x02\x00\x00" + _text(b"office")
    message = _text(topic.encode()) + body
    length, left = b"", len(message)
    while left or not length:
        left, digit = left >> 7, left & 0x7F
        length += bytes([digit | (0x80 if left else 0)])
    writer.write(b"\x10" + bytes([len(hello)]) + hello + b"\x30" + length + message)
    await writer.drain()
    writer.close()


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


def start_broker(folder: Path) -> tuple["subprocess.Popen[bytes]", int] | None:
    """Mosquitto and its port; None where there is none."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        return None
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} {LOOPBACK}\nallow_anonymous true\nlog_dest none\n")
    process = subprocess.Popen([program, "-c", str(config)])
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                break
        time.sleep(0.02)
    return process, port


def start_nothing(size: int) -> tuple["subprocess.Popen[bytes]", str]:
    """The same HTTP server with an app that answers `size` bytes whatever it is asked."""
    command = [sys.executable, __file__, "--nothing", str(size)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["url"]


def nothing(size: int) -> None:
    """Serve `size` bytes until standard input ends."""
    head = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": b"x" * size})

    serve(app, port=0, describe={}, exit_with_parent=True)


def polls(market: Market, *, rounds: int, seconds: float) -> None:
    token = market.tokens["VEN"]
    answer = httpx.get(
        f"{market.vtn.url}/events?active=true", headers={"Authorization": f"Bearer {token}"}
    )
    idle, idle_url = start_nothing(len(answer.content))
    try:
        found: dict[str, list[Polls]] = {"ours": [], "limit": []}
        for _ in range(rounds):
            for name, url in (("ours", market.vtn.url), ("limit", idle_url)):
                found[name].append(asyncio.run(poll(url, token, seconds=seconds)))
    finally:
        idle.terminate()
        idle.communicate()
    ours, limit = (median(each.per_second for each in found[name]) for name in ("ours", "limit"))
    beside = [Beside("limit: an app that does nothing, same bytes", limit)]
    show(f"Polls a second, {CONNECTIONS} homes at once", [Row("event polls", ours, beside)])
    for name, whose in (("ours", "a poll"), ("limit", "an answer of the idle app")):
        p99_ms = median(each.p99_ms for each in found[name])
        print(f"  99 % of {whose} within {p99_ms:.1f} ms")


def pushes(market: Market, sizes: Sequence[int]) -> None:
    print("\nOne price event, from the office's POST until the last agent has it (broker included)")
    for agents in sizes:
        ours_s = asyncio.run(push_seconds(market, agents, through_vtn=True))
        limit_s = asyncio.run(push_seconds(market, agents, through_vtn=False))
        beside = f"published to the broker alone: {limit_s:.2f} s"
        print(f"  {agents:6,} agents: {ours_s:6.2f} s   limit: {beside}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--agents", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--quick", action="store_true", help="only to see that it runs")
    parser.add_argument("--nothing", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.nothing is not None:
        nothing(asked.nothing)
        return
    if asked.quick:
        asked.rounds, asked.seconds, asked.agents = 1, 0.1, [20]
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        folder = Path(name)
        (folder / "clients.toml").write_text(CLIENTS)
        arguments = ["vtn", "serve", "--state", str(folder / "state"), "--test-mode"]
        arguments += ["--clients", str(folder / "clients.toml")]
        broker = start_broker(folder)
        if broker is not None:
            opened.callback(broker[0].communicate)
            opened.callback(broker[0].terminate)
            arguments += ["--mqtt", f"mqtt://{LOOPBACK}:{broker[1]}"]
        vtn = start_service("vtn", arguments, log=folder / "log")
        opened.callback(vtn.stop)
        market = Market(vtn, broker[1] if broker else 0)
        market.open()
        polls(market, rounds=asked.rounds, seconds=asked.seconds)
        if broker is None:
            print("\nOne price event to all agents: not measured (no mosquitto)")
        else:
            pushes(market, asked.agents)


if __name__ == "__main__":
    main()
