"""The trunk between a coordinator and a shard, each end against the other or against bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gridplus.failures import InputError, RemoteError
from gridplus.hub.binding import ToldSpeaker
from gridplus.hub.desk import Asked
from gridplus.hub.pipes import Answer
from gridplus.hub.trunk import Trunk, pack_say, unpack_say
from gridplus.serving import LOOPBACK
from gridplus.wire import SubmitBatch, SubmitRead, SubmitVoucher
from gridplus.wire.frames import FrameReader, frame
from tests.hub.town import Town
from tests.shards.hall import TOKEN, Pages, hall

ASKED: tuple[type[Asked], ...] = (SubmitVoucher, SubmitRead, SubmitBatch)
AGREED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize(
    "speaker", [None, ToldSpeaker(None), ToldSpeaker(bytes(32)), ToldSpeaker(b"d" * 32)]
)
def test_what_is_said_comes_with_who_said_it(
    kind: type[Asked], speaker: ToldSpeaker | None
) -> None:
    _, *found = unpack_say(pack_say(kind, b"{}", speaker=speaker))
    assert found == [kind, speaker, b"{}"]


@pytest.mark.parametrize("payload", [b"", b"\0", b"\3\0{}", b"\0\3{}"])
def test_the_words_of_another_version_are_refused(payload: bytes) -> None:
    with pytest.raises(InputError, match="of another version"):
        unpack_say(payload)


@asynccontextmanager
async def shard(*sends: bytes, hears: int = 0) -> AsyncIterator[str]:
    """A stand-in that agrees to a trunk, hears some frames, sends bytes and hangs up."""

    async def live(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        cut, heard = FrameReader(), 0
        writer.write(sends[0])
        while heard < hears and (data := await reader.read(65_536)):
            heard += len(cut.feed(data))
        writer.writelines(sends[1:])
        writer.close()

    server = await asyncio.start_server(live, LOOPBACK, 0)
    async with server:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"


def test_answers_find_their_requests_in_any_order() -> None:
    async def lived() -> list[Answer]:
        said = [frame(2, number, payload=bytes((0, 200, number))) for number in (2, 3, 1, 7)]
        async with shard(AGREED, *said, hears=3) as url:
            trunk = await Trunk.open(url, TOKEN)
            return await asyncio.gather(*(trunk.ask(b"?") for _ in range(3)))

    assert [answer.content for answer in asyncio.run(lived())] == [b"\1", b"\2", b"\3"]


def test_a_trunk_that_is_lost_fails_what_is_under_way() -> None:
    async def lived() -> Trunk:
        async with shard(AGREED, hears=2) as url:
            trunk = await Trunk.open(url, TOKEN)
            found = await asyncio.gather(trunk.ask(b"?"), trunk.ask(b"?"), return_exceptions=True)
            assert all(isinstance(each, RemoteError) for each in found)
            return trunk

    assert asyncio.run(lived()).lost


@pytest.mark.parametrize("sends", [b"", b"HTTP/1.1 401 Unauthorized\r\n\r\n", b"x" * 5_000])
def test_who_agrees_to_no_trunk_is_told_of(sends: bytes) -> None:
    async def lived() -> None:
        async with shard(sends) as url:
            await Trunk.open(url, TOKEN)

    with pytest.raises(RemoteError, match=r"it begins no trunk|it does not answer"):
        asyncio.run(lived())


def switched(url: str, token: str | None) -> bytes:
    where = urlsplit(url)
    head = "GET /v1/admin/trunk HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\n"
    head += "upgrade: gridplus.trunk\r\n"
    head += "" if token is None else f"authorization: Bearer {token}\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=10) as line:
        line.sendall(f"{head}\r\n".encode())
        return line.recv(4_096)


def test_only_the_administrators_token_begins_one_and_only_at_a_shard(
    town: Town, pages: Pages, tmp_path: Path
) -> None:
    with hall(town, tmp_path / "hub", pages, shards=2) as served:
        assert not switched(served.service.url, TOKEN).startswith(b"HTTP/1.1 101 ")
        shard, _ = served.client.get("/health").json()["shards"]
        assert switched(shard["url"], TOKEN).startswith(b"HTTP/1.1 101 ")
        for other in (None, "", TOKEN[:-1], TOKEN + "x"):
            assert not switched(shard["url"], other).startswith(b"HTTP/1.1 101 ")
