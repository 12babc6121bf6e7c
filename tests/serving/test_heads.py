"""Heads of requests that are too long, too slow, or two requests to somebody and one to others."""

import asyncio
import socket
from collections.abc import Iterator
from functools import partial

import pytest
import uvicorn
from uvicorn.server import ServerState

from gridplus.serving import HEAD_BYTES, LOOPBACK, HeadProtocol
from tests.serving.test_serving import Echo, echoing

GOOD = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nok"
LONG = b"x" * (HEAD_BYTES + 1)


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing() as service:
        yield service


def answer_to(port: int, *parts: bytes) -> bytes:
    """All that comes back until the other side hangs up, or ten seconds are over."""
    with socket.create_connection((LOOPBACK, port), timeout=10) as line:
        said = b""
        try:
            for part in parts:
                line.sendall(part)
            while data := line.recv(65_536):
                said += data
        except (ConnectionError, BrokenPipeError):
            pass
        return said


@pytest.mark.parametrize(
    "parts",
    [
        (b"GET /" + LONG + b" HTTP/1.1\r\nhost: x\r\n\r\n",),
        (b"GET /" + LONG,),
        (b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + LONG + b"\r\n\r\n",),
        (b"GET / HTTP/1.1\r\nhost: x\r\nlong: ", LONG),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + LONG,),
        (b"GET / HTTP/1.1\r\nhost: x\r\n", *[b"a: b\r\n"] * 3_000),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 9_000 + b"\r\n",),
    ],
)
def test_a_head_has_an_end(echo: Echo, parts: tuple[bytes, ...]) -> None:
    said = answer_to(echo.port, *parts)
    assert said == b"" or said.startswith(b"HTTP/1.1 400 ")
    assert answer_to(echo.port, GOOD.replace(b"host", b"connection: close\r\nhost")).endswith(b"ok")


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2, 2\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, gzip\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length : 2\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +2\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0x2\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\nok",
        b"POST / HTTP/1.1\nhost: x\ncontent-length: 2\n\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\n folded: 1\r\ncontent-length: 2\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\na: \x00\r\ncontent-length: 2\r\n\r\nok",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2;\nok\r\n0\r\n\r\n",
        b"POST / HTTP/3.7\r\nhost: x\r\ncontent-length: 2\r\n\r\nok",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_two_readers_may_read_in_two_ways_is_refused(echo: Echo, head: bytes) -> None:
    said = answer_to(echo.port, head)
    assert said.count(b"HTTP/1.1 ") == 1
    assert said.startswith(b"HTTP/1.1 400 ")


def test_an_upgrade_that_nobody_offers_is_answered_as_if_it_was_not_asked(echo: Echo) -> None:
    asked = GOOD.replace(b"host", b"connection: upgrade, close\r\nupgrade: websocket\r\nhost")
    assert answer_to(echo.port, asked).startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize(
    "parts", [(), (b"\r\n",), (b"POST / HT",), (GOOD, b"\r\n"), (GOOD, GOOD[:20])]
)
def test_a_head_that_does_not_come_is_not_waited_for(parts: tuple[bytes, ...]) -> None:
    async def app(_scope: object, _receive: object, send: uvicorn._types.ASGISendCallable) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
        )
        await send({"type": "http.response.body", "body": b"ok"})

    async def lived() -> bytes:
        config = uvicorn.Config(app, log_level="critical", lifespan="off")
        made = partial(
            HeadProtocol, head_ms=50, config=config, server_state=ServerState(), app_state={}
        )
        server = await asyncio.get_running_loop().create_server(made, LOOPBACK, 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            said = b""
            for part in parts:
                writer.write(part)
                if part == GOOD:
                    said += await reader.readuntil(b"ok")
            try:
                async with asyncio.timeout(5):
                    said += await reader.read()
            except ConnectionError:
                pass
            writer.close()
        return said

    assert asyncio.run(lived()).count(b"HTTP/1.1 200 OK") == parts.count(GOOD)
