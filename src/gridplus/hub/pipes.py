"""Kept-alive HTTP connections to one service of ours: as many as there are requests under way.

A general client's pool looks at each of its connections for each request; a coordinator has many of
both. What answers is known: HTTP/1.1, a length, no surprises.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gridplus.failures import RemoteError, invariant

CONNECT_S = 2
PATIENCE_S = 60
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever it is."""

    status: int
    content: bytes
    kind: str | None

    def require_ok(self, what: str) -> bytes:
        """Raises RemoteError for anything but 200."""
        if self.status != 200:
            said = self.content[:300].decode(errors="replace")
            raise RemoteError(f"{what} answers {self.status}: {said}")
        return self.content


@dataclass(frozen=True, slots=True)
class _Pipe:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, request: bytes) -> Answer:
        self.writer.write(request)
        head = (await self.reader.readuntil(_HEAD_END)).decode("latin-1")
        first, *lines = head.split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        content = await self.reader.readexactly(int(fields["content-length"]))
        return Answer(int(first.split(" ", 2)[1]), content, fields.get("content-type"))


class Pipes:
    """To `url`, http://host:port."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._host, self._port = where.hostname or "", where.port or 80
        self._idle: list[_Pipe] = []
        self._closed = False

    async def ask(
        self, method: str, target: str, *, headers: Mapping[str, str], content: bytes
    ) -> Answer:
        """What it answers. A connection that ended while nobody used it is made anew: whatever is
        asked here may be asked again. Raises RemoteError when there is no answer."""
        lines = [f"{method} {target} HTTP/1.1", f"host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"content-length: {len(content)}")
        invariant(not any("\r" in line or "\n" in line for line in lines), "a head has its lines")
        request = "\r\n".join(lines).encode("latin-1") + _HEAD_END + content
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._ask(request)
        except (OSError, EOFError, TimeoutError) as error:
            raise RemoteError(f"it does not answer: {error!r}") from None
        except (ValueError, KeyError, IndexError) as error:
            raise RemoteError(f"it answers what is no HTTP of ours: {error!r}") from None

    def close(self) -> None:
        """Hang up; what is under way is still answered."""
        self._closed = True
        while self._idle:
            self._idle.pop().writer.close()

    async def _ask(self, request: bytes) -> Answer:
        while self._idle:
            try:
                return await self._exchange(self._idle.pop(), request)
            except (OSError, EOFError):
                continue
        async with asyncio.timeout(CONNECT_S):
            opened = _Pipe(*await asyncio.open_connection(self._host, self._port))
        return await self._exchange(opened, request)

    async def _exchange(self, pipe: _Pipe, request: bytes) -> Answer:
        try:
            answer = await pipe.exchange(request)
        except BaseException:
            pipe.writer.close()
            raise
        if self._closed:
            pipe.writer.close()
        else:
            self._idle.append(pipe)
        return answer
