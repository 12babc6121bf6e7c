"""Where each shard is: a process of the coordinator's own, or where the hub's file says."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gridplus.hub.nursery import Nursery
from gridplus.hub.places import ShardPlace, Shards

DRAINED = "it was drained; start it elsewhere and name its place in [[shard]]"


class Placement:
    """`load` reads the places that the hub's `file` names. Raises InputError when it cannot."""

    def __init__(
        self,
        shards: Shards,
        nursery: Nursery,
        *,
        file: Path,
        load: Callable[[], Sequence[ShardPlace]],
    ) -> None:
        self._shards = shards
        self._nursery = nursery
        self._file = file
        self._load = load
        self._seen: bytes | None = None

    async def begin(self) -> None:
        """Look for shards where they are named, and start all others here."""
        elsewhere = await self._adopt()
        await self._nursery.begin([li for li in self._shards.links if li.index not in elsewhere])

    async def refresh(self) -> None:
        """See whether the file names other places. A shard that is started here and named elsewhere
        is drained first. Raises InputError for a file that cannot be read."""
        if self._file.read_bytes() != self._seen:
            await self._adopt()

    async def drain(self, index: int) -> None:
        """End a shard once it has finished what is under way. Raises InputError, RemoteError."""
        link = self._shards.at(index)
        if self._nursery.raises(index):
            await self._nursery.end(link, why=DRAINED)
        else:
            (await link.ask("POST", "/v1/admin/drain")).require_ok(str(link))
            link.be_away(DRAINED)

    async def aclose(self) -> None:
        await self._nursery.aclose()
        self._shards.close()

    async def _adopt(self) -> set[int]:
        seen, places = self._file.read_bytes(), self._load()
        elsewhere = {place.index for place in places}
        for index in filter(self._nursery.raises, elsewhere):
            await self._nursery.end(self._shards.at(index), why="it moves")
        self._shards.adopt(places)
        self._seen = seen
        return elsewhere
