"""What a watchtower journals: how far it has read the vault's logs, and what it has sent."""

from enum import StrEnum

from gridplus.chain import Outbox
from gridplus.chain.follower import Cursor
from gridplus.digest import canonical_json, parse_document
from gridplus.failures import InputError, StorageError
from gridplus.journal import Fact, SqliteJournal

_OUTBOX = b"outbox"
_LIMIT = 64_000


class Kind(StrEnum):
    """Past-tense nouns."""

    VAULT_FOLLOWED = "VaultFollowed"
    OUTBOX_WRITTEN = "OutboxWritten"


def open_outbox(journal: SqliteJournal) -> Outbox:
    """What the fee payer's key has sent."""

    def write(entry: bytes) -> None:
        journal.append([Fact(Kind.OUTBOX_WRITTEN.value, _OUTBOX, entry)])

    return Outbox((stored.fact.body for stored in journal.replay(subject=_OUTBOX)), write=write)


def keep_cursor(journal: SqliteJournal, cursor: Cursor) -> None:
    body = canonical_json(cursor.document())
    journal.append([Fact(Kind.VAULT_FOLLOWED.value, b"", body)])


def newest_cursor(journal: SqliteJournal) -> Cursor | None:
    """Raises StorageError for one that this version did not write."""
    newest = None
    for stored in journal.replay(subject=b""):
        newest = stored
    if newest is None:
        return None
    what = f"fact {newest.sequence}"
    try:
        return Cursor.parse(parse_document(newest.fact.body, limit=_LIMIT, what=what))
    except InputError as error:
        raise StorageError(f"{what} is not what this version writes: {error}") from None
