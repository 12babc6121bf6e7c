"""Copies: a journal's facts as they were stored, in another journal, and proof that both agree."""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from gridplus.failures import InputError, StorageError
from gridplus.journal.facts import Fact, Stored
from gridplus.journal.opening import OpenJournal
from gridplus.journal.paging import PAGE_OF_FACTS

PARCEL_BYTES = 4_000_000
"""A parcel ends with the fact that passes this."""
_HEAD = struct.Struct(">QQIBBI")


@dataclass(frozen=True, slots=True)
class Sum:
    """Of a whole journal: two with the same sum hold the same facts, recorded at the same times."""

    facts: int
    sha256: bytes

    def __str__(self) -> str:
        return f"{self.facts:,} facts, sha256 {self.sha256.hex()}"


def sum_of(facts: Iterable[Stored]) -> Sum:
    """Reads all of them."""
    count, digest = 0, hashlib.sha256()
    for stored in facts:
        digest.update(pack(stored))
        count += 1
    return Sum(count, digest.digest())


def copy_all(source: OpenJournal, *, to: OpenJournal) -> Sum:
    """Append to `to` what it lacks of `source`, then read both again and compare.

    Raises StorageError when `to` is of another journal, or the copy is not the same.
    """
    extend(to, source.replay(after=max(0, to.last_sequence - 1)))
    copied, whole = sum_of(to.replay()), sum_of(source.replay())
    if copied != whole:
        raise StorageError(f"the copy has {copied}; its source {whole}")
    return copied


def extend(journal: OpenJournal, facts: Iterable[Stored]) -> int:
    """Append to a copy; the first of `facts` is its newest, by which the source is known again.
    How many were new. Raises StorageError when it is not."""
    due, before = iter(facts), journal.last_sequence
    if before and list(islice(due, 1)) != list(journal.replay(after=before - 1)):
        raise StorageError(
            f"the copy ends with a fact {before} that its source does not have there; "
            "it is a copy of another journal, or the source was restored from an older one"
        )
    while page := list(islice(due, PAGE_OF_FACTS)):
        journal.adopt(page)
    return journal.last_sequence - before


def pack(stored: Stored) -> bytes:
    """One fact, with its checksum, as it travels."""
    kind, subject, body = stored.fact.kind.encode(), stored.fact.subject, stored.fact.body
    sizes = (len(kind), len(subject), len(body))
    head = _HEAD.pack(stored.sequence, stored.recorded_at_s, stored.crc32(), *sizes)
    return b"".join((head, kind, subject, body))


def parcel(facts: Iterable[Stored]) -> bytes:
    """The first facts, about as many as fit; at least two if there are two."""
    parts, size = [], 0
    for stored in facts:
        parts.append(pack(stored))
        size += len(parts[-1])
        if size > PARCEL_BYTES and len(parts) > 1:
            break
    return b"".join(parts)


def unpack(data: bytes) -> Iterator[Stored]:
    """The facts of a parcel. Raises InputError where it is cut off or does not add up."""
    at = 0
    while at < len(data):
        if len(data) - at < _HEAD.size:
            raise InputError(f"a parcel of facts is cut off at byte {at}")
        sequence, recorded_at_s, crc32, *sizes = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        parts = []
        for size in sizes:
            parts.append(data[at : at + size])
            at += size
        if at > len(data):
            raise InputError(f"a parcel of facts is cut off in fact {sequence}")
        kind, subject, body = parts
        stored = Stored(
            sequence, recorded_at_s, Fact(kind.decode("utf-8", "replace"), subject, body)
        )
        if stored.crc32() != crc32:
            raise InputError(f"fact {sequence} of a parcel is damaged")
        yield stored
