"""The shards of a hub as its coordinator reaches them: over HTTP, wherever each of them is."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from gridplus.failures import InputError, RemoteError
from gridplus.hub.binding import DEVICE_HEADER, ToldSpeaker
from gridplus.hub.desk import Asked
from gridplus.hub.pipes import Answer, Pipes
from gridplus.hub.shard import shard_of
from gridplus.hub.trunk import Trunk, pack_say
from gridplus.tariff import Fields
from gridplus.wallet import ChannelId
from gridplus.wire.channels import read_host

T = TypeVar("T")
_URL = re.compile(r"http://[0-9A-Za-z.-]+:[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class ShardPlace:
    """A table `[[shard]]` of the hub's file: where one is that the coordinator does not start. Its
    streams are at `stream_host`, which homes reach; None: where the coordinator is."""

    index: int
    url: str
    stream_host: str | None

    @classmethod
    def read(cls, fields: Fields, *, count: int) -> Self:
        """Raises InputError that names the field."""
        index, url = fields.integer("index"), fields.text("url")
        if index >= count:
            fields.fail("index", f"must be below {count}, the number of shards")
        if not _URL.fullmatch(url):
            fields.fail("url", "must be like http://127.0.0.1:9101")
        made = cls(index, url, read_host(fields, "stream_host"))
        fields.close()
        return made


@dataclass
class ShardLink:
    """One shard, as long as it is reached; `trouble` says why it is not."""

    index: int
    token: str = field(repr=False)
    stream_host: str | None = None
    url: str | None = None
    trouble: str | None = "it has not begun yet"
    _pipes: Pipes | None = None
    _trunk: Trunk | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __str__(self) -> str:
        return f"shard {self.index}"

    def be_at(self, url: str, *, stream_host: str | None = None) -> None:
        """It is there from now on."""
        self.close()
        self._pipes = Pipes(url)
        self.url, self.stream_host, self.trouble = url, stream_host, None

    def be_away(self, why: str) -> None:
        """Nobody is asked until it is somewhere again."""
        self.close()
        self.trouble = why

    def close(self) -> None:
        pipes, self._pipes, self.url = self._pipes, None, None
        trunk, self._trunk = self._trunk, None
        if pipes is not None:
            pipes.close()
        if trunk is not None:
            trunk.close()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        speaker: ToldSpeaker | None = None,
    ) -> Answer:
        """Its answer to its administrator. Raises RemoteError when there is none."""
        if self._pipes is None:
            raise self._away()
        headers = {"authorization": f"Bearer {self.token}"}
        if speaker is not None:
            headers[DEVICE_HEADER] = speaker.header
        try:
            return await self._pipes.ask(method, path, headers=headers, content=content or b"")
        except RemoteError as error:
            raise RemoteError(f"{self}: {error}; ask again") from None

    async def say(
        self, kind: type[Asked], body: bytes, *, speaker: ToldSpeaker | None = None
    ) -> Answer:
        """Its answer to a request of a home, over the trunk. Raises RemoteError as `ask` does."""
        if self.url is None:
            raise self._away()
        try:
            trunk = self._trunk
            if trunk is None or trunk.lost:
                trunk = await self._open_trunk()
            return await trunk.ask(pack_say(kind, body, speaker=speaker))
        except RemoteError as error:
            raise RemoteError(f"{self}: {error}; ask again") from None

    async def _open_trunk(self) -> Trunk:
        async with self._opening:
            if self._trunk is None or self._trunk.lost:
                self._trunk = await Trunk.open(self.url or "", self.token)
            return self._trunk

    def _away(self) -> RemoteError:
        return RemoteError(f"{self} is not there: {self.trouble}; ask again later")


class Shards:
    """The places of all shards. A shard that is at two of them by mistake is served at the first;
    at the others (`beside`) it is only asked what homes have signed there."""

    def __init__(self, count: int, token: str) -> None:
        self.links = tuple(ShardLink(index, token) for index in range(count))
        self.beside: tuple[ShardLink, ...] = ()
        self._token = token

    def of(self, channel: ChannelId) -> ShardLink:
        return self.links[shard_of(channel, len(self.links))]

    def at(self, index: int) -> ShardLink:
        """Raises InputError when there is no such shard."""
        if index >= len(self.links):
            raise InputError(f"shard must be below {len(self.links)}, the number of shards")
        return self.links[index]

    def adopt(self, places: Sequence[ShardPlace]) -> None:
        """Look for shards that are elsewhere at these places from now on."""
        beside = []
        for place in places:
            link, first = self.links[place.index], _first_of(places, place.index)
            if place != first:
                link = ShardLink(place.index, self._token)
                beside.append(link)
            if link.url != place.url:
                link.be_at(place.url, stream_host=place.stream_host)
            link.stream_host = place.stream_host
        for left in self.beside:
            left.close()
        self.beside = tuple(beside)

    @property
    def troubles(self) -> dict[str, str]:
        """What is wrong with shards, as far as it is known without asking."""
        found = {str(link): link.trouble for link in self.links if link.trouble is not None}
        for link in self.beside:
            found[str(link)] = f"it is at two places, {link.url} is the second; drain one of them"
        return found

    async def ask_all(self, ask: Callable[[ShardLink], Awaitable[T]]) -> list[T]:
        """What each shard answers, in their order. Raises as the first that fails."""
        return list(await asyncio.gather(*(ask(link) for link in self.links)))

    async def ask_present(
        self, ask: Callable[[ShardLink], Awaitable[T]], *, also_beside: bool = False
    ) -> Mapping[int, T]:
        """What those shards answer that do, by place; the others are told of elsewhere. Raises
        RemoteError when none does."""
        links = [*self.links, *(self.beside if also_beside else ())]
        answers = await asyncio.gather(*(ask(link) for link in links), return_exceptions=True)
        found = dict[int, T]()
        for place, answer in enumerate(answers):
            if not isinstance(answer, BaseException):
                found[place] = answer
            elif not isinstance(answer, RemoteError):
                raise answer
        if not found:
            raise _first_error(answers)
        return found

    def close(self) -> None:
        for link in (*self.links, *self.beside):
            link.close()


def _first_of(places: Sequence[ShardPlace], index: int) -> ShardPlace:
    return next(place for place in places if place.index == index)


def _first_error(answers: Iterable[object]) -> BaseException:
    return next(answer for answer in answers if isinstance(answer, BaseException))
