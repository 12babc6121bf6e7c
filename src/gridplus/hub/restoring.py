"""A hub's journal brought back from a copy."""

from dataclasses import dataclass
from pathlib import Path

from gridplus.hub.book import Book
from gridplus.hub.config import HubConfig
from gridplus.journal import open_journal
from gridplus.journal.copying import Sum, copy_all
from gridplus.keystore import KeyStore, Secp256k1Key


@dataclass(frozen=True, slots=True)
class Restored:
    """What the journal holds now, and how many homes the hub knows by it."""

    sum: Sum
    homes: int


def restore_hub(config: HubConfig, copy: Path) -> Restored:
    """Bring the configured journal up to `copy`, compare both, and rebuild the hub's state from it.

    Raises StorageError when the journal holds something else or is in use, InputError when a fact
    is not what a hub of this version writes.
    """
    key = KeyStore(config.keys).load(config.key_name, Secp256k1Key)
    with (
        open_journal(copy, now_s=lambda: 0) as source,
        open_journal(config.journal, now_s=lambda: 0) as journal,
    ):
        restored = copy_all(source, to=journal)
        book = Book(key.address, config.unsigned_limit_ubolt)
        book.replay(journal.replay())
    return Restored(restored, len(book.homes))
