"""The trunk between a coordinator and a shard: one connection, as many requests under way as there
are. It begins as a request with the administrator's token that asks to go on as a trunk; then both
send frames, of which each payload is a request as it came over HTTP, and its answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from gridplus.failures import Bug, GridPlusError, InputError, RemoteError
from gridplus.hub.answers import status_for, status_of_message
from gridplus.hub.binding import ToldSpeaker
from gridplus.hub.desk import Asked, Desk
from gridplus.hub.pipes import CONNECT_S, PATIENCE_S, Answer
from gridplus.serving import Corked, Switch
from gridplus.wire import BatchAnswer, SubmitBatch, SubmitRead, SubmitVoucher
from gridplus.wire.frames import Frame, FrameReader, frame

NAME: Final = "gridplus.trunk"
SAY: Final = 1
SAID: Final = 2
MOST_BYTES: Final = BatchAnswer.LIMIT + 64
CARRIED: Final[tuple[tuple[str, type[Asked]], ...]] = (
    ("voucher", SubmitVoucher),
    ("read", SubmitRead),
    ("batch", SubmitBatch),
)
"""What is asked so often that a request of HTTP to the shard would cost more than its answer; by
the name that it has in metrics."""
_KIND = "application/json"
_ANYBODY, _NOBODY, _DEVICE = 0, 1, 2


def pack_say(kind: type[Asked], body: bytes, *, speaker: ToldSpeaker | None) -> bytes:
    """A request as it came, and who asked, where the line asks for names."""
    what = next(place for place, (_, each) in enumerate(CARRIED) if each is kind)
    if speaker is None:
        return bytes((what, _ANYBODY)) + body
    if speaker.device is None:
        return bytes((what, _NOBODY)) + body
    return bytes((what, _DEVICE)) + speaker.device + body


def unpack_say(payload: bytes) -> tuple[str, type[Asked], ToldSpeaker | None, bytes]:
    """The inverse, with the name of what is asked. Raises InputError."""
    if len(payload) < 2 or payload[0] >= len(CARRIED) or payload[1] > _DEVICE:
        raise InputError("a coordinator of another version speaks on the trunk")
    name, kind = CARRIED[payload[0]]
    if payload[1] == _ANYBODY:
        return name, kind, None, payload[2:]
    if payload[1] == _NOBODY:
        return name, kind, ToldSpeaker(None), payload[2:]
    return name, kind, ToldSpeaker(payload[2:34]), payload[34:]


class TrunkEnds:
    """The shard's side: trunks that a coordinator began, answered from the shard's desk. `broken`
    is called for a bug, after which nothing is answered."""

    def __init__(self, desk: Desk, *, broken: Callable[[], Awaitable[None]]) -> None:
        self._desk = desk
        self._broken = broken
        self._tasks = set[asyncio.Task[None]]()

    def switch(self, token: str) -> Switch:
        """How a server begins one."""
        return Switch(NAME, token, lambda: _TrunkEnd(self._begin))

    async def aclose(self) -> None:
        """Answer what is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, end: "_TrunkEnd", said: Frame) -> None:
        task = asyncio.create_task(self._answer(end, said))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, end: "_TrunkEnd", said: Frame) -> None:
        _, number, payload = said
        began_ns, name = perf_counter_ns(), ""
        try:
            name, kind, speaker, body = unpack_say(payload)
            answer = await self._desk.answer(kind.parse(body), peer=speaker)
            status, content = status_of_message(answer), answer.to_bytes()
        except Bug:
            await self._broken()
            end.abort()
            raise
        except GridPlusError as error:
            status, content = status_for(error), orjson.dumps({"error": str(error)})
        if name:
            self._desk.counts.answered(name, perf_counter_ns() - began_ns)
        end.send(frame(SAID, number, payload=status.to_bytes(2, "big") + content))


class _TrunkEnd(asyncio.Protocol):
    def __init__(self, begin: Callable[["_TrunkEnd", Frame], None]) -> None:
        self._begin = begin
        self._reader = FrameReader(most=MOST_BYTES)
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        for said in self._reader.feed(data):
            self._begin(self, said)

    def send(self, data: bytes) -> None:
        """Nobody is told when the coordinator is gone."""
        if self._transport is not None:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Trunk(asyncio.Protocol):
    """The coordinator's: `open` it, `ask` while it is not `lost`."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[None] = loop.create_future()
        self._head = b""
        self._reader = FrameReader(most=MOST_BYTES)
        self._asked = dict[int, asyncio.Future[Answer]]()
        self._number = 0
        self._transport: Any = None
        self.lost = False

    @classmethod
    async def open(cls, url: str, token: str) -> "Trunk":
        """To `url`, http://host:port. Raises RemoteError."""
        where = urlsplit(url)
        host, port = where.hostname or "", where.port or 80
        head = (
            f"GET /v1/admin/trunk HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade\r\n"
            f"upgrade: {NAME}\r\nauthorization: Bearer {token}\r\n\r\n"
        )
        made = cls()
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().create_connection(lambda: made, host, port)
                made._transport.write(head.encode())
                await made._begun
        except (OSError, TimeoutError, RemoteError) as error:
            made.close()
            raise RemoteError(f"it does not answer: {error}") from None
        return made

    async def ask(self, payload: bytes) -> Answer:
        """Raises RemoteError when the trunk is lost before the answer, or it takes too long."""
        self._number = number = (self._number + 1) % (1 << 32)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._transport.write(frame(SAY, number, payload=payload))
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await answer
        except TimeoutError:
            raise RemoteError("it does not answer") from None
        finally:
            self._asked.pop(number, None)

    def close(self) -> None:
        """Hang up once what is under way is answered, or lost."""
        self.lost = True
        if not self._asked and self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = Corked(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        gone = RemoteError(f"it does not answer: {error or 'it hung up'}")
        if not self._begun.done():
            self._begun.set_exception(gone)
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(gone)

    def data_received(self, data: bytes) -> None:
        if not self._begun.done():
            data = self._begin(data)
        for _, number, payload in self._reader.feed(data):
            asked = self._asked.pop(number, None)
            if asked is not None and not asked.done():
                status = int.from_bytes(payload[:2], "big")
                asked.set_result(Answer(status, payload[2:], _KIND))
        if self.lost and not self._asked:
            self._transport.close()

    def _begin(self, data: bytes) -> bytes:
        head, ended, rest = (self._head + data).partition(b"\r\n\r\n")
        if not ended:
            self._head = head[:1_000]
        elif head.startswith(b"HTTP/1.1 101 "):
            self._begun.set_result(None)
        else:
            self._begun.set_exception(RemoteError(f"it begins no trunk: {head[:100]!r}"))
        return rest
