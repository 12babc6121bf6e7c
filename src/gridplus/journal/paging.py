"""Rows of a journal's table, the same in every store, and reading them page by page."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from gridplus.failures import StorageError
from gridplus.journal.facts import Fact, Stored

PAGE_OF_FACTS = 1_000
Row: TypeAlias = tuple[int, int, str, bytes, bytes, int]
"""sequence, recorded_at_s, kind, subject, body, crc32"""


def rows_of(facts: Sequence[Stored]) -> list[Row]:
    """As they are written."""
    return [
        (s.sequence, s.recorded_at_s, s.fact.kind, s.fact.subject, s.fact.body, s.crc32())
        for s in facts
    ]


def stamped(facts: Sequence[Fact], *, after: int, now_s: int) -> list[Stored]:
    """Facts that take the sequences after `after` at this moment."""
    return [Stored(sequence, now_s, fact) for sequence, fact in enumerate(facts, after + 1)]


def read_pages(
    page_after: Callable[[int], Sequence[Row]], *, after: int, place: str, whole: bool
) -> Iterator[Stored]:
    """Facts above `after`, in order, a page at a time; `whole` when all of them are asked for.

    Raises StorageError at a fact that is damaged or missing.
    """
    while page := [_checked(row, place) for row in page_after(after)]:
        if whole and page[-1].sequence != after + len(page):
            raise StorageError(f"{place}: a fact is missing after {after}; restore a copy")
        yield from page
        after = page[-1].sequence


def _checked(row: Row, place: str) -> Stored:
    sequence, recorded_at_s, kind, subject, body, crc32 = row
    stored = Stored(sequence, recorded_at_s, Fact(kind, subject, body))
    if stored.crc32() != crc32:
        raise StorageError(f"{place}: fact {sequence} is damaged; restore a copy")
    return stored
