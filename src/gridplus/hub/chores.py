"""What a service does again and again by itself, and what is wrong while it cannot."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gridplus.failures import Bug, GridPlusError

PAUSE_S = 1


@dataclass(frozen=True, slots=True)
class Chore:
    """What is done again `pause_s` after it was done, or failed."""

    work: Callable[[], Awaitable[object]]
    pause_s: int = PAUSE_S


class Chores:
    """What cannot be done now is tried again after its pause; until then it is one of `faults`, by
    name. `broken` is awaited for a bug, which `aclose` raises."""

    def __init__(self, *, broken: Callable[[], Awaitable[None]]) -> None:
        self.faults: dict[str, str] = {}
        self._broken = broken
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, chores: Mapping[str, Chore]) -> None:
        self._tasks += [asyncio.create_task(self._repeat(*each)) for each in chores.items()]

    async def aclose(self) -> None:
        """Leave off, wherever it is. Raises Bug when a chore ended with one."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for bug in (end for end in ended if isinstance(end, Bug)):
            raise bug

    async def _repeat(self, name: str, chore: Chore) -> None:
        while True:
            try:
                await chore.work()
                self.faults.pop(name, None)
            except GridPlusError as error:
                self.faults[name] = str(error)
            except Bug:
                await self._broken()
                raise
            await asyncio.sleep(chore.pause_s)
