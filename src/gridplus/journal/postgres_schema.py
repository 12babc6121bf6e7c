"""The tables of a journal in PostgreSQL."""

from gridplus.journal.steps import Step

_FACTS = """
CREATE TABLE journal_schema (version integer NOT NULL);
CREATE TABLE facts (
    sequence bigint PRIMARY KEY,
    recorded_at_s bigint NOT NULL,
    kind text NOT NULL,
    subject bytea NOT NULL,
    body bytea NOT NULL,
    crc32 bigint NOT NULL
);
CREATE INDEX facts_by_subject ON facts (subject, sequence);
CREATE FUNCTION facts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = 'a fact never changes and never goes';
END
$$;
CREATE TRIGGER facts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON facts
    EXECUTE FUNCTION facts_stay();
CREATE FUNCTION facts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first bigint; last bigint; many bigint;
BEGIN
    SELECT min(sequence), max(sequence), count(*) INTO first, last, many FROM added;
    IF many > 0 AND (last - first + 1 <> many OR last <> (SELECT max(sequence) FROM facts)
        OR first <> 1 AND NOT EXISTS (SELECT FROM facts WHERE sequence = first - 1)) THEN
        RAISE integrity_constraint_violation USING MESSAGE = 'a fact takes the next sequence';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER facts_follow AFTER INSERT ON facts REFERENCING NEW TABLE AS added
    EXECUTE FUNCTION facts_follow();
"""
_ALL = "DROP INDEX facts_by_subject; CREATE INDEX facts_by_subject ON facts (subject, sequence);"
_SOME = """DROP INDEX facts_by_subject;
CREATE INDEX facts_by_subject ON facts (subject, sequence) WHERE subject <> '';"""
_STATES = """
CREATE TABLE states (
    number bigint PRIMARY KEY,
    sequence bigint NOT NULL,
    body bytea NOT NULL,
    crc32 bigint NOT NULL
);"""
STEPS = (Step(_FACTS, ""), Step(_SOME, _ALL), Step(_STATES, "DROP TABLE states;"))
"""2: what concerns everybody is not looked for by subject, and is not kept in its order.
3: what a service made of the facts may be kept beside them."""
