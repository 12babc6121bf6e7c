"""The hub's side of the framed stream: one connection a home, the same desk as over HTTP.

A plain voucher is taken where it arrives and answered from its commit group without a task of its
own; everything else is a task. A peer that floods is read no faster than it is served, one that
does not read what it is sent, says nothing for long, or does not begin with a hello is cut off.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter_ns

from gridplus.failures import Bug, GridPlusError, InputError
from gridplus.hub.answers import status_for
from gridplus.hub.binding import may_speak
from gridplus.hub.desk import Asked, Desk
from gridplus.hub.home import Paid
from gridplus.hub.hub import Hub
from gridplus.tariff import pack_path
from gridplus.tls import HANDSHAKE_S, Peer, peer_of
from gridplus.wire import Acknowledgement, OpenChannel, SubmitRead, SubmitVoucher
from gridplus.wire import frames as wire
from gridplus.wire.frames import Frame, FrameKind, FrameReader, frame
from gridplus.wire.message import Message

HELLO_WITHIN_S = 10
SILENT_FOR_S = 90
UNREAD_FOR_S = 10
SWEEP_S = 5
UNREAD_BYTES = 262_144
BACKLOG = 1_024
_NAMES: dict[type[Asked], str] = {
    OpenChannel: "channel",
    SubmitRead: "read",
    SubmitVoucher: "voucher",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a peer has to say hello, may be silent, may leave unread what it was sent."""

    hello_s: int = HELLO_WITHIN_S
    silent_s: int = SILENT_FOR_S
    unread_s: int = UNREAD_FOR_S
    sweep_s: int = SWEEP_S


USUAL_PATIENCE = Patience()


class StreamListener:
    """`tls` makes it TLS; `broken` is called once for a bug, after which nothing is answered."""

    def __init__(
        self,
        hub: Hub,
        desk: Desk,
        *,
        broken: Callable[[], Awaitable[None]],
        tls: ssl.SSLContext | None = None,
        patience: Patience = USUAL_PATIENCE,
    ) -> None:
        self.hub = hub
        self.desk = desk
        self.patience = patience
        self._broken = broken
        self.tls = tls
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def port(self) -> int | None:
        """Where it listens; None while it does not."""
        if self._server is None or not self._server.sockets:
            return None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def open(self, listener: socket.socket) -> None:
        """Accept connections on a bound TCP socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self),
            sock=listener,
            ssl=self.tls,
            ssl_handshake_timeout=None if self.tls is None else HANDSHAKE_S,
            backlog=BACKLOG,
        )
        self._sweeper = asyncio.create_task(self._sweep())

    async def aclose(self) -> None:
        """Accept no more, answer what is under way, say goodbye."""
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for connection in tuple(self._connections):
            connection.close()

    def tell_all(self, payload: bytes) -> None:
        """Send news to every home that is connected."""
        news = frame(FrameKind.NEWS, 0, payload=payload)
        for connection in tuple(self._connections):
            connection.send(news)

    def begin(self, work: Awaitable[None]) -> None:
        """Let a request be answered, whatever becomes of its connection meanwhile."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def fail(self, error: BaseException) -> None:
        """After a bug memory may not be what the journal says: acknowledge nothing more."""
        for connection in tuple(self._connections):
            connection.abort()
        if self._server is not None:
            self._server.close()
        asyncio.get_running_loop().call_exception_handler(
            {"message": "the hub stops: a bug", "exception": error}
        )
        self.begin(self._broken())

    def joined(self, connection: "_Connection") -> None:
        self._connections.add(connection)

    def left(self, connection: "_Connection") -> None:
        self._connections.discard(connection)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.fail(error)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.patience.sweep_s)
            now_s = _now_s()
            for connection in tuple(self._connections):
                connection.sweep(now_s)


class _Connection(asyncio.Protocol):
    """One home, or whoever speaks for many."""

    def __init__(self, listener: StreamListener) -> None:
        self._listener = listener
        self._homes = listener.hub.book.homes
        self._till = listener.hub.till
        self._reader = FrameReader()
        self._frames: deque[Frame] = deque()
        self._out: list[bytes] = []
        self._waiting = 0
        self._welcome = self._paused = False
        self._heard_s = self._joined_s = _now_s()
        self._choked_s: int | None = None
        self._transport: asyncio.Transport | None = None
        self._peer: Peer | None = None
        self._loop = asyncio.get_running_loop()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peer = peer_of(transport.get_extra_info)
        self._transport = transport  # type: ignore[assignment]  # a stream's is a Transport
        transport.set_write_buffer_limits(high=UNREAD_BYTES)  # type: ignore[attr-defined]
        self._listener.joined(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._frames.clear()
        self._listener.left(self)

    def data_received(self, data: bytes) -> None:
        self._heard_s = _now_s()
        try:
            self._frames.extend(self._reader.feed(data))
        except InputError as error:
            self._trouble(0, error)
            self.close()
            return
        self._work()

    def pause_writing(self) -> None:
        self._choked_s = _now_s()
        self._pace()

    def resume_writing(self) -> None:
        self._choked_s = None
        self._work()

    # What the listener calls.

    def sweep(self, now_s: int) -> None:
        """Cut off who is silent, does not read, or never said hello."""
        patience = self._listener.patience
        late = not self._welcome and now_s - self._joined_s > patience.hello_s
        choked = self._choked_s is not None and now_s - self._choked_s > patience.unread_s
        if late or choked or now_s - self._heard_s > patience.silent_s:
            self.abort()

    def send(self, data: bytes) -> None:
        """Everything that is sent in one turn of the loop goes out together."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def close(self) -> None:
        """Send what there is to send, then hang up."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What arrives.

    def _work(self) -> None:
        """Take frames while this peer may have more requests under way."""
        frames = self._frames
        try:
            while frames and self._waiting < wire.WINDOW and self._choked_s is None:
                kind, number, payload = frames.popleft()
                if kind == FrameKind.VOUCHER and self._welcome:
                    self._take_voucher(number, payload)
                else:
                    self._take(kind, number, payload=payload)
        except Bug as error:
            self._listener.fail(error)
        self._pace()

    def _take_voucher(self, number: int, payload: bytes) -> None:
        try:
            channel = wire.voucher_channel(payload)
            home = self._homes.get(channel)
            if home is None:
                self._answer_message(number, self._listener.desk.unserved(channel))
                return
            if not may_speak(self._peer, home.identity):
                self._answer_message(number, self._listener.desk.other_line())
                return
            voucher = wire.unpack_voucher(payload, home.machine.terms.cfg)
            if self._till.quick(channel, voucher, told=_Reply(self, number, perf_counter_ns())):
                self._waiting += 1
            else:
                self._begin(number, SubmitVoucher(channel, voucher))
        except GridPlusError as error:
            self._trouble(number, error)

    def _take(self, kind: int, number: int, *, payload: bytes) -> None:
        try:
            if not self._welcome:
                if kind != FrameKind.HELLO:
                    raise InputError("a stream begins with a hello")
                welcome = wire.pack_welcome(wire.choose_version(payload))
                self._welcome = True
                self._answer(FrameKind.HELLO, number, payload=welcome)
            elif kind == FrameKind.PING:
                self._answer(FrameKind.PONG, number, payload=payload)
            elif kind == FrameKind.READ:
                self._begin(number, SubmitRead(wire.unpack_read(payload)))
            elif kind == FrameKind.MESSAGE:
                self._begin(number, OpenChannel.parse(payload))
            else:
                raise InputError(f"a hub takes no frame of kind {kind}")
        except InputError as error:
            self._trouble(number, error)
            if not self._welcome:
                self.close()

    def _begin(self, number: int, asked: Asked) -> None:
        self._waiting += 1
        self._listener.begin(self._ask(number, asked))

    async def _ask(self, number: int, asked: Asked) -> None:
        began_ns = perf_counter_ns()
        try:
            answer = await self._listener.desk.answer(asked, peer=self._peer)
        except Bug:
            raise
        except GridPlusError as error:
            self._trouble(number, error)
        else:
            self._answer_message(number, answer)
        self.served(_NAMES[type(asked)], perf_counter_ns() - began_ns)

    # What is answered.

    def _answer_message(self, number: int, answer: Message) -> None:
        if isinstance(answer, Acknowledgement):
            told, group = answer.counters, answer.group
            payload = wire.pack_receipt(
                told.spent_ubolt, told.earned_ubolt, sealed=group, path=pack_path(group.path)
            )
            self._answer(FrameKind.ACKNOWLEDGEMENT, number, payload=payload)
        else:
            self._answer(FrameKind.MESSAGE, number, payload=answer.to_bytes())

    def _answer(self, kind: FrameKind, number: int, *, payload: bytes) -> None:
        self.send(frame(kind, number, payload=payload))

    def _trouble(self, number: int, error: Exception) -> None:
        self._answer(
            FrameKind.TROUBLE, number, payload=wire.pack_trouble(status_for(error), str(error))
        )

    def acknowledge(self, number: int, result: Paid | Exception, *, taken_ns: int) -> None:
        """The voucher of a request is durable, or will not be."""
        if isinstance(result, Exception):
            self._trouble(number, result)
        else:
            paid, receipt = result.voucher, result.receipt
            payload = wire.pack_receipt(
                paid.spent, paid.earned, sealed=receipt.sealed, path=receipt.path
            )
            self._answer(FrameKind.ACKNOWLEDGEMENT, number, payload=payload)
        self.served("voucher", taken_ns)

    def served(self, request: str, taken_ns: int) -> None:
        """One request less is under way."""
        self._listener.desk.counts.answered(request, taken_ns)
        self._waiting -= 1
        if self._frames:
            self._work()

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and out:
            self._transport.write(b"".join(out))

    def _pace(self) -> None:
        """Read on only when everything that came has been taken."""
        pause = bool(self._frames) or self._choked_s is not None
        if pause is self._paused or self._transport is None or self._transport.is_closing():
            return
        self._paused = pause
        (self._transport.pause_reading if pause else self._transport.resume_reading)()


@dataclass(frozen=True, slots=True)
class _Reply:
    connection: _Connection
    number: int
    began_ns: int

    def __call__(self, result: Paid | Exception) -> None:
        taken_ns = perf_counter_ns() - self.began_ns
        self.connection.acknowledge(self.number, result, taken_ns=taken_ns)


def _now_s() -> int:
    return int(asyncio.get_running_loop().time())
