"""Durable, append-only facts: written before they are acknowledged, replayed as they were."""

from gridplus.journal.facts import Fact, Journal, State, Stored
from gridplus.journal.group import Batch, Committed, GroupWriter, Seal, unsealed
from gridplus.journal.opening import (
    JournalPlace,
    OpenJournal,
    journal_part,
    journal_place,
    migrate_journal,
    open_journal,
)
from gridplus.journal.postgres import PostgresJournal, PostgresPlace
from gridplus.journal.sqlite import SqliteJournal

__all__ = [
    "Batch",
    "Committed",
    "Fact",
    "GroupWriter",
    "Journal",
    "JournalPlace",
    "OpenJournal",
    "PostgresJournal",
    "PostgresPlace",
    "Seal",
    "SqliteJournal",
    "State",
    "Stored",
    "journal_part",
    "journal_place",
    "migrate_journal",
    "open_journal",
    "unsealed",
]
