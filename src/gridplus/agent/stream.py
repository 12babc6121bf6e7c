"""A home's side of the framed stream: one connection to the hub that stays.

Where there is none, or it breaks, every request goes over HTTP and is answered the same; after a
while the stream is tried again.
"""

import asyncio
import ssl
from collections.abc import Callable
from itertools import count
from typing import Protocol, Self, TypeVar
from urllib.parse import urlsplit

from gridplus.agent.links import TIMEOUT_S, Link, Unreachable
from gridplus.failures import InputError, RemoteError
from gridplus.wallet import ChannelId
from gridplus.wire import (
    OpenChannel,
    RefusalMessage,
    StreamPlace,
    SubmitRead,
    SubmitVoucher,
)
from gridplus.wire import frames as wire
from gridplus.wire.frames import FrameKind, FrameReader, frame
from gridplus.wire.message import Message

M = TypeVar("M", bound=Message)
PING_S = 30
RETRY_S = 30
GOODBYE_S = 2
_CHUNK = 65_536


class Asking(Protocol):
    """Whoever carries a home's messages to its hub."""

    async def ask(self, path: str, message: Message, *, answer: type[M]) -> M | RefusalMessage:
        """The answer, or the refusal that came instead. Raises Unreachable, RemoteError."""


class HubStream:
    """One open connection; `open` it. `news` is called with what the hub says by itself."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        news: Callable[[bytes], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._news = news
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[tuple[int, bytes]]] = {}
        self._window = asyncio.Semaphore(1)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep())]

    @classmethod
    async def open(
        cls, host: str, port: int, *, tls: ssl.SSLContext | None, news: Callable[[bytes], None]
    ) -> Self:
        """Connect and say hello. Raises Unreachable, RemoteError."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"the hub's stream cannot be reached: {error!r}") from None
        stream = cls(reader, writer, news=news)
        try:
            _, welcome = await stream._exchange(FrameKind.HELLO, wire.pack_hello())
            stream._window = asyncio.Semaphore(wire.unpack_welcome(welcome))
        except (InputError, RemoteError) as error:
            await stream.aclose()
            raise Unreachable(f"the hub's stream is none of ours: {error}") from None
        return stream

    @property
    def is_open(self) -> bool:
        return not self._writer.is_closing()

    async def aclose(self) -> None:
        self._break("it was closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._writer.wait_closed()  # TLS says goodbye, and hears it
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def ask(
        self, message: OpenChannel | SubmitRead | SubmitVoucher, *, answer: type[M]
    ) -> M | RefusalMessage:
        """Raises Unreachable, or RemoteError for an answer that is none."""
        match message:
            case SubmitRead():
                kind, payload = FrameKind.READ, wire.pack_read(message.signed)
            case SubmitVoucher():
                kind = FrameKind.VOUCHER
                payload = wire.pack_voucher(message.channel, message.voucher)
            case OpenChannel():
                kind, payload = FrameKind.MESSAGE, message.to_bytes()
        async with self._window:
            told, body = await self._exchange(kind, payload)
        try:
            found = _parsed(told, body, channel=_channel_of(message), answer=answer)
        except InputError as error:
            raise RemoteError(f"the hub answers what the protocol forbids: {error}") from None
        if isinstance(found, answer | RefusalMessage):
            return found
        raise RemoteError(f"the hub answers with {type(found).__name__}, not {answer.__name__}")

    async def _exchange(self, kind: FrameKind, payload: bytes) -> tuple[int, bytes]:
        if not self.is_open:
            raise Unreachable("the hub's stream is closed")
        number = next(self._numbers) & 0xFFFFFFFF
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(frame(kind, number, payload=payload))
            async with asyncio.timeout(TIMEOUT_S):
                await self._writer.drain()
                told, body = await answer
        except (OSError, TimeoutError) as error:
            self._break(repr(error))
            raise Unreachable(f"the hub's stream broke: {error!r}") from None
        finally:
            self._waiting.pop(number, None)
        if told != FrameKind.TROUBLE:
            return told, body
        status, sentence = wire.unpack_trouble(body)
        if status >= 500:
            raise Unreachable(f"the hub is out of order: {sentence!r}")
        raise RemoteError(f"the hub answers {status}: {sentence!r}")

    async def _listen(self) -> None:
        reader, why = FrameReader(), "the hub hung up"
        try:
            while data := await self._reader.read(_CHUNK):
                for kind, number, payload in reader.feed(data):
                    if kind == FrameKind.NEWS:
                        self._news(payload)
                    elif (waiting := self._waiting.get(number)) and not waiting.done():
                        waiting.set_result((kind, payload))
        except (OSError, InputError) as error:
            why = repr(error)
        self._break(why)

    async def _keep(self) -> None:
        """A hub that does not answer a ping is gone, whatever the network says."""
        try:
            while self.is_open:
                await asyncio.sleep(PING_S)
                await self._exchange(FrameKind.PING, b"")
        except RemoteError as error:
            self._break(str(error))

    def _break(self, why: str) -> None:
        self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Unreachable(f"the hub's stream broke: {why}"))


class HubLink:
    """The hub at `plain`, over its stream while there is one. `tls` secures the stream."""

    def __init__(
        self,
        plain: Link,
        url: str,
        *,
        tls: ssl.SSLContext | None = None,
        news: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._plain = plain
        self._host = urlsplit(url).hostname or ""
        self._tls = tls
        self._news = news
        self._stream: HubStream | None = None
        self._turn = asyncio.Lock()
        self._not_before_s = 0

    async def aclose(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()
        await self._plain.aclose()

    @property
    def is_streaming(self) -> bool:
        return self._stream is not None and self._stream.is_open

    async def ask(self, path: str, message: Message, *, answer: type[M]) -> M | RefusalMessage:
        """As `Link.ask`. What the stream left unanswered is asked again over HTTP: the hub answers
        it as the first time."""
        if isinstance(message, OpenChannel | SubmitRead | SubmitVoucher):
            stream = await self._connected(_channel_of(message))
            if stream is not None:
                try:
                    told = await stream.ask(message, answer=answer)
                except Unreachable:
                    self._later()
                else:
                    if not _is_elsewhere(told):
                        return told
                    await stream.aclose()
        return await self._plain.ask(path, message, answer=answer)

    async def _connected(self, channel: ChannelId) -> HubStream | None:
        async with self._turn:
            if self.is_streaming or _now_s() < self._not_before_s:
                return self._stream if self.is_streaming else None
            if self._stream is not None:
                await self._stream.aclose()
                self._stream = None
            try:
                asked = f"/v1/stream?channel=0x{channel.hex()}"
                place = StreamPlace.parse(await self._plain.get(asked))
                if place.port is not None:
                    self._stream = await HubStream.open(
                        place.host or self._host, place.port, tls=self._tls, news=self._news
                    )
            except (RemoteError, InputError):
                self._stream = None
            if self._stream is None:
                self._later()
            return self._stream

    def _later(self) -> None:
        self._not_before_s = _now_s() + RETRY_S


def _parsed(kind: int, body: bytes, *, channel: ChannelId, answer: type[Message]) -> Message:
    if kind == FrameKind.ACKNOWLEDGEMENT:
        return wire.unpack_receipt(body, channel)
    if kind != FrameKind.MESSAGE:
        raise InputError(f"no answer is a frame of kind {kind}")
    if RefusalMessage.KIND.encode() in body:
        return RefusalMessage.parse(body)
    return answer.parse(body)


def _is_elsewhere(answer: Message) -> bool:
    """Whether another part of the hub serves this channel."""
    return isinstance(answer, RefusalMessage) and answer.name == "OTHER_SHARD"


def _channel_of(message: OpenChannel | SubmitRead | SubmitVoucher) -> ChannelId:
    return message.identity.channel if isinstance(message, OpenChannel) else message.channel


def _now_s() -> int:
    return int(asyncio.get_running_loop().time())
