"""What the hub keeps beside its facts so that a start need not read the old ones: a row a home,
written in slices while the hub runs, and one that says from which fact on the others must be read.

Rows are never a source of truth: whoever deletes them gets the same hub from the facts. A row is
true as of the sequence that it carries; what comes after the cut and stands in it is skipped.
"""

import asyncio
import struct
from collections.abc import Sequence
from itertools import islice
from typing import Final

from gridplus.digest import canonical_json, parse_document
from gridplus.failures import InputError, StorageError
from gridplus.hub.book import Book
from gridplus.hub.facts import parse_followed
from gridplus.hub.packing import ROWS, channel_in
from gridplus.journal import Journal, State, Stored
from gridplus.market import parse_price_version
from gridplus.tariff import Fields, format_octets, parse_plan

SLICE: Final = 250
"""Rows written together, between two commit groups."""
LOADED_AT_ONCE: Final = 1_000
PAUSE_MS: Final = 50
"""Between two slices, for those who pay."""
KEEP_PAUSE_S: Final = 60
_LIMIT: Final = 16_000_000


class Keeper:
    """Over a hub's book and its journal."""

    def __init__(self, book: Book, journal: Journal) -> None:
        self._book = book
        self._journal = journal
        self._turn = asyncio.Lock()

    async def keep(self, *, pause_ms: int = PAUSE_MS) -> None:
        """Write down what has changed since the last time. Raises StorageError."""
        async with self._turn:
            book, homes = self._book, self._book.homes
            async with book.adopting:
                cut, known, common = self._journal.last_sequence, len(homes), _common(book)
            due = [number for number in homes.unkept() if number < known]
            while due:
                now, due = due[:SLICE], due[SLICE:]
                rows = [(number, homes.rest(number)) for number in now]
                at = self._journal.last_sequence
                states = [State(number + 1, at, row) for number, row in rows if row is not None]
                due += [number for number, row in rows if row is None]
                await self._write(states)
                await asyncio.sleep(pause_ms / 1_000)
            await self._write([State(0, cut, common)])

    async def _write(self, states: Sequence[State]) -> None:
        """Not left alone when it is cancelled: an older row must not arrive after a newer one."""
        writing = asyncio.create_task(asyncio.to_thread(self._journal.keep, states))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise


def recall(book: Book, journal: Journal) -> int:
    """Fill an empty book with what was kept: the fact after which it must read on, which is 0 when
    it must read all. What is damaged, of another version or of other terms is thrown away, once."""
    try:
        return _recall(book, journal)
    except (InputError, StorageError, struct.error):
        book.clear()
        journal.forget()
        return 0


def _recall(book: Book, journal: Journal) -> int:
    states = journal.kept()
    first = next(states, None)
    if first is None:
        return 0
    fields = Fields(parse_document(first.body, limit=_LIMIT, what="what was kept"), "what was kept")
    if first.number != 0 or (fields.integer("rows"), fields.text("terms")) != (ROWS, _terms(book)):
        raise InputError("what was kept is of another version, or of other terms")
    cut, newest, count = first.sequence, journal.last_sequence, fields.integer("homes")
    while page := list(islice(states, min(LOADED_AT_ONCE, count - len(book.homes)))):
        for number, state in enumerate(page, len(book.homes) + 1):
            if state.number != number or max(cut, state.sequence) > newest:
                raise InputError(f"what was kept under {number} is not of this journal")
            if state.sequence > cut:
                book.as_of[channel_in(state.body)] = state.sequence
        book.homes.load([state.body for state in page])
    if len(book.homes) != count:
        raise InputError(f"{len(book.homes)} homes were kept, not {count}")
    _adopt(book, journal, fields=fields)
    return cut


def _adopt(book: Book, journal: Journal, *, fields: Fields) -> None:
    """What does not belong to one home."""
    plan_at, prices_at = fields.integer("plan"), fields.take("prices")
    if plan_at:
        plan = parse_plan(_fact_at(journal, plan_at).fact.body, what=f"fact {plan_at}")
        book.adopt_plan(plan, at=plan_at)
    if not isinstance(prices_at, list):
        raise InputError("what was kept names no prices")
    for at in prices_at:
        sequence = at if isinstance(at, int) else 0
        book.adopt_prices(parse_price_version(_fact_at(journal, sequence).fact.body), at=sequence)
    followed_at = fields.integer("followed")
    if followed_at:
        book.follow(parse_followed(_fact_at(journal, followed_at)), at=followed_at)


def _fact_at(journal: Journal, sequence: int) -> Stored:
    stored = next(journal.replay(after=sequence - 1), None)
    if stored is None:
        raise InputError(f"what was kept names fact {sequence}, which is not there")
    return stored


def _terms(book: Book) -> str:
    """What a row depends on beside the facts."""
    return f"hub {format_octets(book.hub)}, lends {book.unsigned_limit_ubolt}, {book.shard}"


def _common(book: Book) -> bytes:
    return canonical_json(
        {
            "rows": ROWS,
            "terms": _terms(book),
            "homes": len(book.homes),
            "plan": book.plan_at,
            "prices": [*book.prices_at],
            "followed": book.followed_at,
        }
    )
