"""A load of framed streams: prepared bytes out, every answer compared, as cheaply as Python can.

One thread, plain sockets and epoll: what the generator uses is not there for the hub, since both
stand on the same two cores.
"""

import select
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from gridplus.serving import LOOPBACK
from gridplus.wire import frames as wire
from gridplus.wire.frames import FrameKind, frame

_HEAD = struct.Struct(">IBI")
_GIVE_UP_S = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """A frame's kind and payload, and how its answer begins, after the frame's own head."""

    kind: FrameKind
    payload: bytes
    told: FrameKind
    begins: bytes


@dataclass
class _Peer:
    """One connection and what it still has to ask."""

    socket: socket.socket
    asks: Sequence[Ask]
    period_s: float
    due_s: float
    window: int
    asked: int = 0
    answered: int = 0
    rest: bytes = b""
    sent_s: dict[int, float] = field(default_factory=dict)


@dataclass
class Run:
    """How long everything took, each answer's seconds, and the last payload of each connection."""

    seconds: float
    taken_s: list[float]
    last: list[bytes]

    @property
    def per_second(self) -> float:
        return len(self.taken_s) / self.seconds


def drive(
    ports: Sequence[int],
    plans: Sequence[Sequence[Ask]],
    *,
    window: int = 1,
    per_second: float = 0.0,
) -> Run:
    """One connection a plan, to the port at the same place; `window` asks of each under way.

    With `per_second` the asks are due at that pace, evenly apart, whether or not the hub keeps up,
    and count from when they were due. Raises AssertionError for a wrong answer.
    """
    with ExitStack() as opened:
        sockets = [opened.enter_context(_connected(port)) for port in ports]
        begin_s, count = time.perf_counter(), len(plans)
        period_s = count / per_second if per_second else 0.0
        peers = [
            _Peer(sock, plan, period_s, begin_s + period_s * n / count, window)
            for n, (sock, plan) in enumerate(zip(sockets, plans, strict=True))
        ]
        return _Driver(peers).go()


class _Driver:
    def __init__(self, peers: Sequence[_Peer]) -> None:
        self._peers = {peer.socket.fileno(): peer for peer in peers}
        self._poll = select.epoll()
        self._taken_s: list[float] = []
        self._last = dict.fromkeys(self._peers, b"")

    def go(self) -> Run:
        begin_s, left = time.perf_counter(), sum(len(p.asks) for p in self._peers.values())
        for fileno, peer in self._peers.items():
            peer.socket.setblocking(False)
            self._poll.register(fileno, select.EPOLLIN)
            self._send(peer)
        paced = sorted(self._peers.values(), key=lambda p: p.due_s)
        paced = paced if paced[0].period_s else []
        while left:
            assert time.perf_counter() - begin_s < _GIVE_UP_S, "the hub does not answer"
            for fileno, _ in self._poll.poll(0.001 if paced else 1.0, 1_024):
                left -= self._receive(fileno)
            for peer in paced:
                self._send(peer)
        return Run(time.perf_counter() - begin_s, self._taken_s, list(self._last.values()))

    def _send(self, peer: _Peer) -> None:
        now_s, parts = time.perf_counter(), []
        while peer.asked < len(peer.asks) and peer.asked - peer.answered < peer.window:
            if peer.period_s and peer.due_s > now_s:
                break
            ask = peer.asks[peer.asked]
            parts.append(frame(ask.kind, peer.asked, payload=ask.payload))
            peer.sent_s[peer.asked] = peer.due_s if peer.period_s else now_s
            peer.due_s += peer.period_s
            peer.asked += 1
        if parts:
            peer.socket.sendall(b"".join(parts))

    def _receive(self, fileno: int) -> int:
        peer, done, at = self._peers[fileno], 0, 0
        data = peer.rest + peer.socket.recv(262_144)
        assert data, "the hub hung up"
        now_s = time.perf_counter()
        while len(data) - at >= _HEAD.size:
            size, kind, number = _HEAD.unpack_from(data, at)
            stop = at + 4 + size
            if stop > len(data):
                break
            ask, payload = peer.asks[number], data[at + _HEAD.size : stop]
            assert kind == ask.told, payload[:300]
            assert payload.startswith(ask.begins), payload[:300]
            self._taken_s.append(now_s - peer.sent_s.pop(number))
            self._last[fileno], at, done = payload, stop, done + 1
        peer.rest, peer.answered = data[at:], peer.answered + done
        self._send(peer)
        return done


def _connected(port: int) -> socket.socket:
    """A socket after its hello."""
    found = socket.create_connection((LOOPBACK, port))
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found.sendall(frame(FrameKind.HELLO, 0, payload=wire.pack_hello()))
    welcome = frame(FrameKind.HELLO, 0, payload=wire.pack_welcome())
    assert found.recv(len(welcome), socket.MSG_WAITALL) == welcome
    return found
