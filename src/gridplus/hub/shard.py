"""Which channels a shard of a hub serves, and journals that know whose they are.

The same rule lets each shard be split again: shard i of n holds the channels of the shards i, i + n
and so on of any multiple of n, so that a copy of its journal begins each of them.
"""

from dataclasses import dataclass
from typing import Final

from gridplus.digest import canonical_json, parse_document
from gridplus.failures import StorageError
from gridplus.hub.facts import Kind
from gridplus.journal import Fact, Journal
from gridplus.tariff import Fields
from gridplus.wallet import ChannelId

MOST_SHARDS: Final = 256
_SUBJECT = b"shard"


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count`, from 0."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"shard {self.index} of {self.count}"

    def owns(self, channel: ChannelId) -> bool:
        return shard_of(channel, self.count) == self.index

    def is_within(self, other: "Shard") -> bool:
        """Whether all of its channels are the other's too."""
        return self.count % other.count == 0 and self.index % other.count == other.index


WHOLE: Final = Shard(0, 1)
"""A hub without shards."""


def shard_of(channel: ChannelId, count: int) -> int:
    """Which of `count` shards serves a channel; its id is a hash, so that all serve as many."""
    return int.from_bytes(channel, "big") % count


def take_shard(journal: Journal, shard: Shard, *, place: str) -> None:
    """Note that the journal is this shard's from now on.

    Raises StorageError when it is another's: homes would be missing.
    """
    index, count = _taken(journal) or (WHOLE.index, WHOLE.count)
    if index is None:
        raise StorageError(
            f"{place} holds the claims of a hub that has shards, and no homes; name the journal of "
            f"{shard}"
        )
    known = Shard(index, count)
    if not shard.is_within(known):
        raise StorageError(f"{place} is the journal of {known}, not of {shard}")
    if known != shard:
        journal.append([_taken_fact(shard.index, shard.count)])


def take_claims(journal: Journal, count: int, *, place: str) -> None:
    """Note that the journal holds the claims of `count` shards, and no homes any more.

    Raises StorageError when it is a shard's.
    """
    index, known = _taken(journal) or (None, 0)
    if index is not None:
        raise StorageError(f"{place} is the journal of {Shard(index, known)}; it holds no claims")
    if known != count:
        journal.append([_taken_fact(None, count)])


def holds_homes(journal: Journal) -> bool:
    """Whether a hub without shards wrote it, and nobody split it since."""
    if _taken(journal) is not None:
        return False
    first = next(iter(journal.replay()), None)
    return first is not None and first.fact.kind not in (Kind.OUTBOX_WRITTEN, Kind.CLAIM_MINED)


def _taken(journal: Journal) -> tuple[int | None, int] | None:
    newest = None
    for stored in journal.replay(subject=_SUBJECT):
        newest = stored
    if newest is None:
        return None
    what = f"fact {newest.sequence} ({newest.fact.kind})"
    fields = Fields(parse_document(newest.fact.body, limit=1_000, what=what), what)
    return fields.integer_or_none("shard"), fields.integer("count")


def _taken_fact(index: int | None, count: int) -> Fact:
    body = canonical_json({"shard": index, "count": count})
    return Fact(Kind.SHARD_TAKEN.value, _SUBJECT, body)
