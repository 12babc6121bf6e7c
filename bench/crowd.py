"""Many agents of `connections.py` in one process: plain or TLS sockets and epoll, little else.

`python bench/crowd.py PORT BOX COUNT [--certificate PEM]` reads one command a line from standard
input and answers each with a line of JSON:

  connect [again]   each agent connects and says hello, some at a time; `again` takes up its session
  pay SECONDS [N]   N agents (or all) pay once, evenly spread over so long; 0: all in one moment
  leave             all hang up

Whoever is connected sends the pings that keep a connection open, whatever else goes on. The load
does not judge the endpoint: its work is not the hub's.
"""

import argparse
import json
import select
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gridplus.serving import LOOPBACK
from gridplus.wire import frames as wire
from gridplus.wire.frames import FrameKind, FrameReader, frame
from quiet import quiet_homes

AT_ONCE = 48
"""Handshakes under way in one crowd."""
PING_S = 30
GIVE_UP_S = 300
"""Without a word from the hub while something is expected of it."""
HELLO = frame(FrameKind.HELLO, 0, payload=wire.pack_hello())
PING = frame(FrameKind.PING, 0)


@dataclass
class Agent:
    payments: Iterator[bytes]
    socket: "socket.socket | ssl.SSLSocket | None" = None
    session: ssl.SSLSession | None = None
    reader: FrameReader = field(default_factory=FrameReader)
    sent_s: float = 0.0
    shaking: bool = False


class Crowd:
    """Over agents that take turns on one epoll."""

    def __init__(self, port: int, agents: Sequence[Agent], context: ssl.SSLContext | None) -> None:
        self._port = port
        self._agents = agents
        self._context = context
        self._poll = select.epoll()
        self._by_fileno: dict[int, Agent] = {}
        self._pings: deque[tuple[float, Agent]] = deque()
        self._heard_s = 0.0
        self._taken_s: list[float] = []
        self._told = 0
        self._resumed = 0

    def connect(self, again: str = "") -> dict[str, object]:
        begin_s, waiting, under_way = time.perf_counter(), deque(self._agents), 0
        self._heard_s = begin_s
        self._told = self._resumed = 0
        while self._told < len(self._agents):
            while waiting and under_way - self._told < AT_ONCE:
                self._dial(waiting.popleft(), again=bool(again))
                under_way += 1
            self._expect(1.0)
        seconds = time.perf_counter() - begin_s
        return {"seconds": seconds, "count": len(self._agents), "resumed": self._resumed}

    def leave(self) -> dict[str, object]:
        for agent in self._agents:
            if isinstance(agent.socket, ssl.SSLSocket):
                agent.session = agent.socket.session
            if agent.socket is not None:
                self._poll.unregister(agent.socket.fileno())
                agent.socket.close()
            agent.socket, agent.reader = None, FrameReader()
        self._by_fileno.clear()
        self._pings.clear()
        return {"count": len(self._agents)}

    def pay(self, seconds: str, paying: str = "") -> dict[str, object]:
        many, span_s = int(paying or len(self._agents)), float(seconds)
        payments = [next(agent.payments) for agent in self._agents[:many]]
        begin_s = self._heard_s = time.perf_counter()
        due = deque(zip(self._agents, payments, strict=False))
        self._taken_s, until_s = [], begin_s + span_s
        while due or time.perf_counter() < until_s or len(self._taken_s) < many:
            next_s = begin_s + span_s * (many - len(due)) / many if due else until_s
            if due and next_s <= time.perf_counter():
                agent, payment = due.popleft()
                agent.sent_s = next_s
                _send(agent, payment)
            else:
                self._expect(min(max(next_s - time.perf_counter(), 0.0), 1.0) or 0.05)
        return {"seconds": time.perf_counter() - begin_s, "taken_s": sorted(self._taken_s)}

    def rest(self) -> None:
        """Wait for the next command."""
        while not select.select([sys.stdin], [], [], 0.5)[0]:
            self._turn(0.0)

    def _expect(self, wait_s: float) -> None:
        self._turn(wait_s)
        assert time.perf_counter() - self._heard_s < GIVE_UP_S, "the hub does not answer"

    def _turn(self, wait_s: float) -> None:
        for fileno, _ in self._poll.poll(wait_s, 1_024):
            agent = self._by_fileno[fileno]
            if agent.shaking:
                self._shake(agent)
            else:
                self._receive(agent)
        now_s = time.perf_counter()
        while self._pings and self._pings[0][0] <= now_s:
            _, agent = self._pings.popleft()
            _send(agent, PING)
            self._pings.append((now_s + PING_S, agent))

    def _dial(self, agent: Agent, *, again: bool) -> None:
        agent.shaking = self._context is not None
        plain = socket.create_connection((LOOPBACK, self._port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            agent.socket = plain
        else:
            agent.socket = self._context.wrap_socket(
                plain, do_handshake_on_connect=False, session=agent.session if again else None
            )
        agent.socket.setblocking(False)
        self._by_fileno[agent.socket.fileno()] = agent
        self._poll.register(agent.socket.fileno(), select.EPOLLIN)
        if agent.shaking:
            self._shake(agent)
        else:
            _send(agent, HELLO)

    def _shake(self, agent: Agent) -> None:
        assert isinstance(agent.socket, ssl.SSLSocket)
        try:
            agent.socket.do_handshake()
        except ssl.SSLWantReadError:
            return
        agent.shaking = False
        self._resumed += bool(agent.socket.session_reused)
        _send(agent, HELLO)

    def _receive(self, agent: Agent) -> None:
        assert agent.socket is not None
        try:
            data = agent.socket.recv(65_536)
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        assert data, "the hub hung up"
        now_s = self._heard_s = time.perf_counter()
        for kind, _number, payload in agent.reader.feed(data):
            if kind == FrameKind.HELLO:
                self._told += 1
                self._pings.append((now_s + PING_S, agent))
            elif kind == FrameKind.ACKNOWLEDGEMENT:
                self._taken_s.append(now_s - agent.sent_s)
            else:
                assert kind == FrameKind.PONG, payload[:300]


def _send(agent: Agent, data: bytes) -> None:
    assert agent.socket is not None
    agent.socket.sendall(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("box", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--certificate", type=Path)
    asked = parser.parse_args()
    context = None
    if asked.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ecdh_curve("prime256v1")
        context.load_cert_chain(asked.certificate)
    homes = quiet_homes(asked.box, asked.count)
    agents = [Agent(map(home.payment, range(1, 1_000_000))) for home in homes]
    crowd = Crowd(asked.port, agents, context)
    print(json.dumps({"ready": "crowd", "count": len(agents)}), flush=True)
    while True:
        crowd.rest()
        line = sys.stdin.readline()
        if not line:
            return
        name, *arguments = line.split()
        answer = getattr(crowd, name)(*arguments)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
