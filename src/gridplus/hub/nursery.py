"""The shards that a coordinator starts itself: a process each, started again when it dies."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from gridplus.hub.places import ShardLink

LONGEST_PAUSE_S: Final = 30
LIVED_S: Final = 60
"""Who lives for so long is started again at once; who dies sooner, later each time."""
BEGIN_S: Final = 20
END_S: Final = 30


class Nursery:
    """Over the hub's configuration file. What a shard says on standard error goes where the
    coordinator's goes. `restarted` hears of each that is started again."""

    def __init__(self, file: Path, *, restarted: Callable[[int], None]) -> None:
        self._file = file
        self._restarted = restarted
        self._keepers: dict[int, asyncio.Task[None]] = {}
        self._processes: dict[int, Process] = {}

    def raises(self, index: int) -> bool:
        return index in self._keepers

    async def begin(self, links: list[ShardLink]) -> None:
        """Start these shards. Returns when each has begun or failed to, or after 20 seconds: one
        that has much to remember begins later."""
        known = [asyncio.Event() for _ in links]
        for link, event in zip(links, known, strict=True):
            self._keepers[link.index] = asyncio.create_task(self._keep(link, event))
        with suppress(TimeoutError):
            async with asyncio.timeout(BEGIN_S):
                await asyncio.gather(*(event.wait() for event in known))

    async def end(self, link: ShardLink, *, why: str) -> None:
        """Let a shard finish what is under way and end, and start it no more."""
        keeper, process = self._keepers.pop(link.index), self._processes.get(link.index)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        link.be_away(why)
        if process is not None:
            await _ended(process)

    async def aclose(self) -> None:
        """End all of them."""
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        await asyncio.gather(*(_ended(process) for process in self._processes.values()))

    async def _keep(self, link: ShardLink, begun: asyncio.Event) -> None:
        """Keep a shard alive."""
        loop, pause_s = asyncio.get_running_loop(), 0
        while True:
            began_s = loop.time()
            link.be_away("it begins, and reads its journal")
            process = self._processes[link.index] = await self._start(link.index)
            url = await _url_of(process)
            if url is not None:
                link.be_at(url)
            begun.set()
            status = await process.wait()
            lived = loop.time() - began_s > LIVED_S
            pause_s = 1 if lived or not pause_s else min(2 * pause_s, LONGEST_PAUSE_S)
            link.be_away(f"it ended with status {status}; it is started again")
            await asyncio.sleep(pause_s)
            self._restarted(link.index)

    async def _start(self, index: int) -> Process:
        arguments = ["hub", "serve", "--config", str(self._file), "--shard", str(index)]
        command = [sys.executable, "-m", "gridplus.cli", *arguments, "--exit-with-parent"]
        return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)


async def _url_of(process: Process) -> str | None:
    """Where it listens, as its first line says; None when it ends without one."""
    if process.stdout is None:
        return None
    line = await process.stdout.readline()
    try:
        return str(json.loads(line)["url"])
    except ValueError:
        return None


async def _ended(process: Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
