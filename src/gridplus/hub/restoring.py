"""A hub's journal brought back from a copy."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gridplus.clock import SystemClock
from gridplus.failures import InputError
from gridplus.hub.book import Book
from gridplus.hub.config import HubConfig
from gridplus.hub.shard import Shard, holds_homes, take_claims
from gridplus.journal import JournalPlace, open_journal
from gridplus.journal.copying import Sum, copy_all
from gridplus.keystore import KeyStore, Secp256k1Key


@dataclass(frozen=True, slots=True)
class Restored:
    """What the journal holds now, and how many homes the hub knows by it."""

    sum: Sum
    homes: int


def split_hub(config: HubConfig) -> Iterator[tuple[JournalPlace, Sum]]:
    """Copy the journal of a hub that had no shards for each of its shards; what each holds then.

    Raises InputError when no shards are configured, or nothing is left to split; StorageError when
    a journal is in use, or holds something else.
    """
    if config.shards is None:
        raise InputError(f"{config.file} names no number of shards; write: shards = 2")
    with open_journal(config.journal, now_s=SystemClock().now_s) as source:
        if not holds_homes(source):
            raise InputError(f"{config.journal} holds no homes that could be split")
        for index in range(config.shards):
            place = config.of_shard(Shard(index, config.shards)).journal
            with open_journal(place, now_s=lambda: 0) as journal:
                yield place, copy_all(source, to=journal)
        take_claims(source, config.shards, place=str(config.journal))


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
