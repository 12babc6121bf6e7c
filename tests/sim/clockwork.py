"""An event loop that knows no wall clock, and processes on it that can be killed at any await.

The loop's time jumps to the next thing that is due. What the services give to threads
(`asyncio.to_thread`) runs here too, one piece at a time: such a thread goes on only while the loop
stands still, and where it waits it hands the turn back. So the order of everything follows from one
seed. Learned from FoundationDB's and TigerBeetle's simulators, and from virtual clocks for asyncio.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from typing import Any

_OWNER: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("owner", default=None)


class Killed(BaseException):
    """The process of this thread is gone."""


class Standstill(Exception):  # noqa: N818 - says what happened
    """Nothing is due any more, and somebody still waits."""


class Process:
    """Something that dies as a whole: after `kill` none of its tasks ever goes on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True

    def kill(self) -> None:
        self.alive = False


class Thread:
    """Blocking work, one piece after the other. It and the loop take turns; never do both run."""

    def __init__(self) -> None:
        self.owner: Process | None = None
        self.result: object = None
        self.error: BaseException | None = None
        self.ended = False
        self.pause_ms = 0
        self._work: Callable[[], object] | None = None
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        threading.Thread(target=self._main, daemon=True).start()

    def take(self, work: Callable[[], object], owner: Process | None) -> None:
        self._work, self.owner, self.ended, self.error = work, owner, False, None

    def resume(self) -> None:
        """Let it run until it waits or ends."""
        self._go.release()
        self._back.acquire()

    def dismiss(self) -> None:
        """It is needed no more."""
        self._work = None
        self._go.release()

    def wait(self, duration_ms: int) -> None:
        """Called inside: let time pass. Raises Killed when the process is gone."""
        self.pause_ms = duration_ms
        self._back.release()
        self._go.acquire()
        if self.owner is not None and not self.owner.alive:
            raise Killed

    def _main(self) -> None:
        self._go.acquire()
        while self._work is not None:
            try:
                self.result = self._work()
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the work
                self.error = error
            self.ended = True
            self._back.release()
            self._go.acquire()


class _NoSockets:
    """Where another loop waits for its sockets, ours lets time pass."""

    def __init__(self, loop: "Loop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise Standstill
        self._loop.elapsed_s += timeout
        return []


class Loop(asyncio.BaseEventLoop):
    """Seconds since the world began. `mishap` is asked before each step of a process: it may kill
    it there."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.elapsed_s = 0.0
        self.mishap: Callable[[Process], None] = lambda _: None
        self._random = random
        self._selector = _NoSockets(self)
        self._running: Thread | None = None
        self._waiting: list[Thread] = []
        self._idle: list[Thread] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        return self.elapsed_s

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        if self.is_closed():  # the dead are let go
            return asyncio.Handle(callback, args, self, context)
        return super().call_soon(self._step, callback, args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        if self.is_closed():
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, self._step, callback, args, context=context)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:  # type: ignore[override]
        """Kept to the end: what a collector of garbage would do, and when, follows from no seed."""
        task: asyncio.Task[Any] = super().create_task(coro, **options)
        self._tasks.append(task)
        return task

    def run_in_executor(self, _executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        done = self.create_future()
        self.call_later(self._random.random() / 100, self._begin, lambda: func(*args), done)
        return done

    def pause(self, duration_ms: int) -> None:
        """Let time pass in the thread that runs now; nothing for whoever is not in one."""
        if self._running is not None:
            self._running.wait(duration_ms)

    def spawn(self, process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that belongs to `process`."""
        context = contextvars.copy_context()
        context.run(_OWNER.set, process)
        return self.create_task(work, context=context)

    def bury(self) -> None:
        """The end: threads of the dead end, and what they had begun is put away."""
        for thread in self._waiting:
            thread.owner = Process("buried")
            thread.owner.kill()
            while not thread.ended:
                thread.resume()
        for thread in [*self._waiting, *self._idle]:
            thread.dismiss()
        self.close()
        for task in self._tasks:
            if not task.done():
                with suppress(Exception):
                    task.get_coro().close()  # type: ignore[union-attr]

    def _step(self, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        owner = _OWNER.get()
        if owner is not None and owner.alive:
            self.mishap(owner)
        if owner is None or owner.alive:
            callback(*args)

    def _begin(self, work: Callable[[], object], done: "asyncio.Future[object]") -> None:
        thread = self._idle.pop() if self._idle else Thread()
        thread.take(work, _OWNER.get())
        self._waiting.append(thread)
        self._turn(thread, done)

    def _turn(self, thread: Thread, done: "asyncio.Future[object]") -> None:
        self._running = thread
        try:
            thread.resume()
        finally:
            self._running = None
        if not thread.ended:
            self.call_later(thread.pause_ms / 1000, self._turn, thread, done)
            return
        self._waiting.remove(thread)
        self._idle.append(thread)
        result, error = thread.result, thread.error
        self.call_later(self._random.random() / 100, _deliver, result, error, done)

    def _process_events(self, event_list: object) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def _deliver(result: object, error: BaseException | None, done: "asyncio.Future[object]") -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
