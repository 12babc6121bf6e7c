"""The office's journal and the book that it fills: what is known is durable."""

from collections.abc import Sequence
from datetime import date

from gridplus.journal import Fact, SqliteJournal
from gridplus.ledger import Refused, Transfer
from gridplus.retailer.book import Book
from gridplus.retailer.facts import posted_fact


class Records:
    """One thread at a time. After an error the journal is closed, because the book may be ahead of
    the disk, or half of what is on it: open both again."""

    def __init__(self, journal: SqliteJournal) -> None:
        """Rebuild the book. Raises StorageError or InputError for a journal that is damaged."""
        self._journal = journal
        self.book = Book()
        self.book.replay(journal.replay())

    def record(self, *facts: Fact) -> None:
        """Durable first, then known: the book learns from the journal."""
        first = self._journal.append(facts)
        try:
            self.book.replay(self._journal.replay(after=first - 1))
        except BaseException:
            self._journal.close()
            raise

    def post(
        self, day: date, batches: Sequence[Sequence[Transfer]]
    ) -> list[tuple[Transfer, ...] | Refused]:
        """Post each of `batches` whole or not at all, one after the other, in one commit.

        An answer as `Ledger.post` gives it for each; what was accepted is durable when this
        returns. Raises StorageError.
        """
        ledger = self.book.ledger
        answers: list[tuple[Transfer, ...] | Refused] = []
        facts: list[Fact] = []
        for batch in batches:
            known = len(ledger)
            answers.append(ledger.post(batch))
            if len(ledger) > known:
                facts.append(posted_fact(day, batch))
        if facts:
            self._journal.append(facts)
        return answers
