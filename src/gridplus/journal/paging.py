"""Rows of a journal's tables, the same in every store, and reading them page by page."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from gridplus.failures import StorageError
from gridplus.journal.facts import Fact, State, Stored

PAGE_OF_FACTS = 1_000
FIRST_PAGE = 16
"""Facts. Who looks for one fact of a home reads no thousand; who reads on gets pages that grow."""
Row: TypeAlias = tuple[int, int, str, bytes, bytes, int]
"""sequence, recorded_at_s, kind, subject, body, crc32"""
StateRow: TypeAlias = tuple[int, int, bytes, int]
"""number, sequence, body, crc32"""


def rows_of(facts: Sequence[Stored]) -> list[Row]:
    """As they are written."""
    return [
        (s.sequence, s.recorded_at_s, s.fact.kind, s.fact.subject, s.fact.body, s.crc32())
        for s in facts
    ]


def state_rows_of(states: Sequence[State]) -> list[StateRow]:
    """As they are written."""
    return [(state.number, state.sequence, state.body, state.crc32()) for state in states]


def read_states(page_after: Callable[[int], Sequence[StateRow]], *, place: str) -> Iterator[State]:
    """States in the order of their numbers. Raises StorageError at a damaged one."""
    after = -1
    while page := page_after(after):
        for number, sequence, body, crc32 in page:
            state = State(number, sequence, body)
            if state.crc32() != crc32:
                raise StorageError(f"{place}: state {number} is damaged; it will be made again")
            yield state
        after = page[-1][0]


def stamped(facts: Sequence[Fact], *, after: int, now_s: int) -> list[Stored]:
    """Facts that take the sequences after `after` at this moment."""
    return [Stored(sequence, now_s, fact) for sequence, fact in enumerate(facts, after + 1)]


def read_pages(
    page_after: Callable[[int, int], Sequence[Row]], *, after: int, place: str, whole: bool
) -> Iterator[Stored]:
    """Facts above `after`, in order, a page at a time; `whole` when all of them are asked for.
    `page_after` is given where a page begins and how many facts it holds.

    Raises StorageError at a fact that is damaged or missing.
    """
    limit = FIRST_PAGE
    while page := [_checked(row, place) for row in page_after(after, limit)]:
        if whole and page[-1].sequence != after + len(page):
            raise StorageError(f"{place}: a fact is missing after {after}; restore a copy")
        yield from page
        after, limit = page[-1].sequence, min(8 * limit, PAGE_OF_FACTS)


def _checked(row: Row, place: str) -> Stored:
    sequence, recorded_at_s, kind, subject, body, crc32 = row
    stored = Stored(sequence, recorded_at_s, Fact(kind, subject, body))
    if stored.crc32() != crc32:
        raise StorageError(f"{place}: fact {sequence} is damaged; restore a copy")
    return stored
