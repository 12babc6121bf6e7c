"""The tables of a journal in an SQLite file."""

from gridplus.journal.steps import Step

_FACTS = """
CREATE TABLE facts (
    sequence INTEGER PRIMARY KEY,
    recorded_at_s INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    body BLOB NOT NULL,
    crc32 INTEGER NOT NULL
) STRICT;
CREATE INDEX facts_by_subject ON facts (subject);
CREATE TRIGGER facts_never_change BEFORE UPDATE ON facts
    BEGIN SELECT RAISE(ABORT, 'a fact never changes'); END;
CREATE TRIGGER facts_never_go BEFORE DELETE ON facts
    BEGIN SELECT RAISE(ABORT, 'a fact never goes'); END;
CREATE TRIGGER facts_follow_each_other BEFORE INSERT ON facts
    WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM facts)
    BEGIN SELECT RAISE(ABORT, 'a fact takes the next sequence'); END;
"""
_ALL = "DROP INDEX facts_by_subject; CREATE INDEX facts_by_subject ON facts (subject);"
_SOME = """DROP INDEX facts_by_subject;
CREATE INDEX facts_by_subject ON facts (subject) WHERE subject <> x'';"""
_STATES = """
CREATE TABLE states (
    number INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    body BLOB NOT NULL,
    crc32 INTEGER NOT NULL
) STRICT;"""
STEPS = (Step(_FACTS, ""), Step(_SOME, _ALL), Step(_STATES, "DROP TABLE states;"))
"""2: what concerns everybody is not looked for by subject, and costs a commit a page less.
3: what a service made of the facts may be kept beside them."""
