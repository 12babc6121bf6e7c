"""Reading a chain's logs as they come, and taking back what a reorganisation undid.

`follow` takes a cursor and gives logs and the next cursor; whoever follows journals the cursor with
what it made of the logs. A step that was not journaled is made again and gives the same logs, each
known by its block's hash and its index: nothing is lost and nothing counts twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Self

from gridplus.chain import jsonrpc
from gridplus.chain.jsonrpc import data, parse_data
from gridplus.chain.port import Block, Chain, ChainError, Log
from gridplus.digest import Document
from gridplus.failures import InputError, RemoteError
from gridplus.wallet import Address

MAX_BLOCKS = 2_000
_TRIES = 3


class Forked(ChainError):  # noqa: N818 - says what happened
    """The chain is no longer the one that was followed, below what was final: another node, or a
    chain made anew."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The logs of one contract; `topics` as for `Chain.logs`."""

    contract: Address
    topics: tuple[bytes | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A block that was read, and the watched logs in it."""

    number: int
    hash: bytes
    logs: tuple[Log, ...] = ()


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a chain was read, from block `start` on.

    `marks` rise: a final block, every later one with logs, the last that was read. What is at or
    below `final` is never undone.
    """

    start: int
    final: int = -1
    marks: tuple[Mark, ...] = ()

    @property
    def next_block(self) -> int:
        return max([self.start, *(mark.number + 1 for mark in self.marks[-1:])])

    def document(self) -> Document:
        """What a service journals."""
        marks: list[Document] = [
            {
                "number": mark.number,
                "hash": data(mark.hash),
                "logs": [jsonrpc.log_document(log) for log in mark.logs],
            }
            for mark in self.marks
        ]
        return {"start": self.start, "final": self.final, "marks": marks}

    @classmethod
    def parse(cls, document: Document) -> Self:
        """Raises InputError for what is no cursor's document."""
        found = jsonrpc.fields(document)
        marks = (jsonrpc.fields(mark) for mark in jsonrpc.items(found.get("marks")))
        return cls(
            _number(found.get("start")),
            _number(found.get("final")),
            tuple(
                Mark(
                    _number(mark.get("number")),
                    parse_data(mark.get("hash"), 32),
                    jsonrpc.parse_logs(mark.get("logs")),
                )
                for mark in marks
            ),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """Take back `undone`, newest first; then take `logs`, in order; then keep `cursor`.

    `more` says that the chain goes on beyond the blocks that one step reads.
    """

    undone: tuple[Log, ...]
    logs: tuple[Log, ...]
    cursor: Cursor
    more: bool


def follow(
    chain: Chain,
    watches: Sequence[Watch],
    *,
    cursor: Cursor,
    final_only: bool = False,
    max_blocks: int = MAX_BLOCKS,
) -> Step:
    """Read at most `max_blocks` on, to the newest block or, with `final_only`, the newest final one
    (then nothing is ever undone).

    Raises Forked, and RemoteError when the node's logs are not of its own blocks.
    """
    for _ in range(_TRIES):
        step = _try_step(chain, watches, cursor=cursor, final_only=final_only, blocks=max_blocks)
        if step is not None:
            return step
    raise RemoteError("the node gives logs of blocks that are not in its chain; ask another")


def _try_step(
    chain: Chain, watches: Sequence[Watch], *, cursor: Cursor, final_only: bool, blocks: int
) -> Step | None:
    """None when the chain changed, or contradicted itself, while it was read."""
    final = chain.finalized()
    newest = final if final_only else chain.head()
    undone, kept = _undo(chain, cursor)
    first = replace(cursor, marks=tuple(kept)).next_block
    last = min(newest.number, first + blocks - 1)
    read: tuple[Mark, ...] = ()
    if first <= last:
        end = newest if last == newest.number else chain.block(last)
        read = _read(chain, watches, first=first, end=Mark(end.number, end.hash))
        if not _stand(chain, [*kept[-1:], *read]):
            return None
    return Step(
        undone,
        tuple(log for mark in read for log in mark.logs),
        Cursor(cursor.start, max(cursor.final, final.number), _pruned([*kept, *read], final)),
        more=last < newest.number,
    )


def _undo(chain: Chain, cursor: Cursor) -> tuple[tuple[Log, ...], list[Mark]]:
    """The logs of marked blocks that have gone, newest first, and the marks that stand."""
    undone: list[Log] = []
    kept = list(cursor.marks)
    while kept and not _stand(chain, kept[-1:]):
        gone = kept.pop()
        if gone.number <= cursor.final:
            raise Forked(f"block {gone.number} was final as 0x{gone.hash.hex()} and is another now")
        undone += reversed(gone.logs)
    return tuple(undone), kept


def _read(chain: Chain, watches: Sequence[Watch], *, first: int, end: Mark) -> tuple[Mark, ...]:
    """A mark for each block with logs, and one for the end."""
    found = {
        (log.block_number, log.index): log
        for watch in watches
        for log in chain.logs(watch.contract, watch.topics, from_block=first, to_block=end.number)
    }
    logs = [found[place] for place in sorted(found)]
    marks = [
        Mark(number, block_hash, tuple(group))
        for (number, block_hash), group in groupby(logs, lambda x: (x.block_number, x.block_hash))
    ]
    return (*marks,) if marks and marks[-1].number == end.number else (*marks, end)


def _stand(chain: Chain, marks: Iterable[Mark]) -> bool:
    """Whether the chain has all these blocks now."""
    for mark in marks:
        try:
            if chain.block(mark.number).hash != mark.hash:
                return False
        except ChainError:
            return False
    return True


def _pruned(marks: Sequence[Mark], final: Block) -> tuple[Mark, ...]:
    """What may be undone, and one mark below it."""
    if not marks or marks[-1].number < final.number:
        return tuple(Mark(mark.number, mark.hash) for mark in marks[-1:])
    later = [mark for mark in marks if mark.number > final.number]
    waiting = [mark for mark in later if mark.logs or mark is later[-1]]
    return (Mark(final.number, final.hash), *waiting)


def _number(value: Document) -> int:
    if type(value) is not int:
        raise InputError(f"{value!r} is not a block's number")
    return value
