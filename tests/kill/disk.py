"""A disk under SQLite, in this process, that fails at a chosen write or sync.

It stands between SQLite and the system's own files: it passes on every write and every sync, counts
them, and remembers what of each file a power cut would leave. `SIGKILL` is a real one. A power cut
leaves what was synced and, of everything written since, any part, sector by sector.
"""

import ctypes
import os
import pickle
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

SECTOR = 512
SQLITE_FULL, IOERR_WRITE, IOERR_FSYNC = 13, 10 | 3 << 8, 10 | 4 << 8
_C = ctypes
_FILE = _C.c_void_p
_OPEN = _C.CFUNCTYPE(_C.c_int, _C.c_void_p, _C.c_char_p, _FILE, _C.c_int, _C.POINTER(_C.c_int))
_WRITE = _C.CFUNCTYPE(_C.c_int, _FILE, _C.c_void_p, _C.c_int, _C.c_int64)
_TRUNCATE = _C.CFUNCTYPE(_C.c_int, _FILE, _C.c_int64)
_SYNC = _C.CFUNCTYPE(_C.c_int, _FILE, _C.c_int)


class Vfs(_C.Structure):
    """sqlite3_vfs as far as it is needed (sqlite.org/c3ref/vfs.html)."""

    _fields_ = (
        ("iVersion", _C.c_int),
        ("szOsFile", _C.c_int),
        ("mxPathname", _C.c_int),
        ("pNext", _C.c_void_p),
        ("zName", _C.c_char_p),
        ("pAppData", _C.c_void_p),
        ("xOpen", _OPEN),
    )


class Methods(_C.Structure):
    """sqlite3_io_methods, version 3 (sqlite.org/c3ref/io_methods.html)."""

    _fields_ = (
        ("iVersion", _C.c_int),
        ("xClose", _C.c_void_p),
        ("xRead", _C.c_void_p),
        ("xWrite", _WRITE),
        ("xTruncate", _TRUNCATE),
        ("xSync", _SYNC),
        ("others", _C.c_void_p * 13),
    )


class Action(Enum):
    """What happens at the chosen write or sync."""

    KILL_BEFORE = "SIGKILL before a write or sync"
    KILL_AFTER = "SIGKILL after a write or sync"
    TEAR = "SIGKILL in the middle of a write"
    POWER_CUT = "power cut"
    FULL = "disk full"
    WRITE_FAILS = "a write fails"
    SYNC_FAILS = "a sync fails and what was written is lost"


IN_A_WRITE = (Action.TEAR, Action.FULL, Action.WRITE_FAILS)


@dataclass(frozen=True)
class Fault:
    """`event` counts writes and syncs from 1; an action that does not fit waits for one it fits."""

    action: Action
    event: int
    seed: int


@dataclass
class Content:
    """A file: as it would be after a power cut, and what was written to it since its last sync.

    `pending` are (offset, bytes), or (size, None) where it was truncated.
    """

    durable: bytes
    image: bytearray
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    @classmethod
    def of(cls, path: str) -> "Content":
        found = Path(path).read_bytes() if Path(path).exists() else b""
        return cls(found, bytearray(found))

    def write(self, offset: int, data: bytes | None) -> None:
        self.pending.append((offset, data))
        _apply(self.image, offset, data)

    def sync(self) -> None:
        self.durable, self.pending = bytes(self.image), []

    def after_power_cut(self, dice: random.Random) -> bytes:
        left, kept = bytearray(self.durable), dice.choice((0.0, 0.5, 0.9, 1.0))
        for offset, data in self.pending:
            if data is None:
                if dice.random() < kept:
                    _apply(left, offset, None)
                continue
            for start in range(0, len(data), SECTOR):
                if dice.random() < kept:
                    _apply(left, offset + start, data[start : start + SECTOR])
        return bytes(left)


def _apply(image: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del image[offset:]
        return
    image.extend(bytes(max(0, offset - len(image))))
    image[offset : offset + len(data)] = data


class Disk:
    """`memory` is a file in which one life leaves to the next what a power cut would still take."""

    def __init__(self, fault: Fault | None, memory: Path, *, lies: bool = False) -> None:
        """One that `lies` says that it has synced, and has not."""
        self.events = 0
        self._lies = lies
        self._fault = fault
        self._memory = memory
        self._open: dict[int, Content] = {}
        self._known: dict[str, Content] = {}
        self._kept: list[object] = []
        self._methods: dict[int, Methods] = {}

    def install(self) -> None:
        """From now on every database of this process lies on this disk."""
        if self._memory.exists():
            self._known = pickle.loads(self._memory.read_bytes())  # noqa: S301 - our own
            self._memory.unlink()
        library = _C.CDLL("libsqlite3.so.0")
        library.sqlite3_vfs_find.restype = _C.POINTER(Vfs)
        vfs = library.sqlite3_vfs_find(None).contents
        opens = _OPEN(_C.cast(vfs.xOpen, _C.c_void_p).value or 0)

        def opened(vfs_: int, name: bytes | None, file: int, flags: int, out: Any) -> int:
            content = None if name is None else self._content(name.decode())
            code: int = opens(vfs_, name, file, flags, out)
            if code == 0 and content is not None:
                self._open[file] = content
                pointer = _C.cast(file, _C.POINTER(_C.c_void_p))
                pointer[0] = self._wrapped(pointer[0] or 0)
            return code

        vfs.xOpen = self._keep(_OPEN(opened))

    def _content(self, path: str) -> Content:
        if path not in self._known or not Path(path).exists():
            self._known[path] = Content.of(path)
        return self._known[path]

    def _wrapped(self, address: int) -> int:
        """The address of methods like those at `address`, with ours around three of them."""
        if address not in self._methods:
            theirs = Methods.from_address(address)
            ours = Methods.from_buffer_copy(theirs)
            ours.xWrite = self._keep(_WRITE(self._write(_copied(theirs.xWrite, _WRITE))))
            ours.xTruncate = self._keep(
                _TRUNCATE(self._truncate(_copied(theirs.xTruncate, _TRUNCATE)))
            )
            writes, cuts = _copied(theirs.xWrite, _WRITE), _copied(theirs.xTruncate, _TRUNCATE)
            syncs = _copied(theirs.xSync, _SYNC)
            ours.xSync = self._keep(_SYNC(self._sync(syncs, writes=writes, cuts=cuts)))
            self._methods[address] = ours
        return _C.addressof(self._methods[address])

    def _keep(self, callback: Any) -> Any:
        self._kept.append(callback)
        return callback

    def _write(self, theirs: Callable[..., int]) -> Callable[..., int]:
        def write(file: int, buffer: int, size: int, offset: int) -> int:
            action, content = self._next(in_a_write=True), self._open[file]
            data = _C.string_at(buffer, size)
            match action:
                case Action.FULL:
                    return SQLITE_FULL
                case Action.WRITE_FAILS:
                    return IOERR_WRITE
                case Action.TEAR:
                    part = max(1, size // 3)
                    theirs(file, buffer, part, offset)
                    content.write(offset, data[:part])
                    self._die()
            code = theirs(file, buffer, size, offset)
            content.write(offset, data)
            if action is Action.KILL_AFTER:
                self._die()
            return code

        return write

    def _truncate(self, theirs: Callable[..., int]) -> Callable[..., int]:
        def truncate(file: int, size: int) -> int:
            action = self._next(in_a_write=False)
            code = theirs(file, size)
            self._open[file].write(size, None)
            if action is Action.KILL_AFTER:
                self._die()
            return code

        return truncate

    def _sync(
        self, theirs: Callable[..., int], *, writes: Callable[..., int], cuts: Callable[..., int]
    ) -> Callable[..., int]:
        def sync(file: int, flags: int) -> int:
            action, content = self._next(in_a_write=False, in_a_sync=True), self._open[file]
            if action is Action.SYNC_FAILS:
                cuts(file, len(content.durable))
                writes(file, content.durable, len(content.durable), 0)
                content.image, content.pending = bytearray(content.durable), []
                return IOERR_FSYNC
            code = theirs(file, flags)
            if not self._lies:
                content.sync()
            if action is Action.KILL_AFTER:
                self._die()
            return code

        return sync

    def _next(self, *, in_a_write: bool, in_a_sync: bool = False) -> Action | None:
        """Count an event; the action that is due at it, if it comes later than its beginning."""
        self.events += 1
        fault = self._fault
        if fault is None or self.events < fault.event:
            return None
        if fault.action in IN_A_WRITE and not in_a_write:
            return None
        if fault.action is Action.SYNC_FAILS and not in_a_sync:
            return None
        if fault.action is Action.KILL_BEFORE:
            self._die()
        if fault.action is Action.POWER_CUT:
            self._cut_power(random.Random(fault.seed))
        return fault.action

    def _die(self) -> NoReturn:
        self._memory.write_bytes(pickle.dumps(self._known))
        _end()

    def _cut_power(self, dice: random.Random) -> NoReturn:
        for path, content in self._known.items():
            if Path(path).exists():
                Path(path).write_bytes(content.after_power_cut(dice))
        _end()


def _copied(function: Any, kind: Any) -> Any:
    """A pointer that does not change with the structure it was read from."""
    return kind(_C.cast(function, _C.c_void_p).value or 0)


def _end() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit("nobody survives this")
