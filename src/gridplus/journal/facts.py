"""What a journal holds: facts, and facts as they were stored."""

import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened. The journal never looks into `body`.

    `kind` is a past-tense noun ('VoucherReceived'); `subject` is what the fact is about, such as a
    channel id, or empty; `body` is canonical JSON or any other bytes.
    """

    kind: str
    subject: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """A durable fact. `sequence` counts from 1 without a gap; `recorded_at_s` is since 1970."""

    sequence: int
    recorded_at_s: int
    fact: Fact

    def crc32(self) -> int:
        """Stored beside the fact, against decay of the disk; it does not stop a forger."""
        head = f"{self.sequence} {self.recorded_at_s} {self.fact.kind} {self.fact.subject.hex()} "
        return zlib.crc32(self.fact.body, zlib.crc32(head.encode()))
