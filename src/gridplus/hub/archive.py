"""What memory does not hold of a home: its bills and restatements with all their evidence, read
back from the journal by channel and time. Nothing here walks the whole journal."""

import sys
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gridplus.channel import Counters
from gridplus.failures import StorageError
from gridplus.hub.facts import (
    BilledRead,
    Kind,
    RestatedBills,
    parse_billed,
    parse_restated,
)
from gridplus.hub.home import Home, Paid, counters_of
from gridplus.hub.request_facts import parse_joined
from gridplus.hub.sealing import Made, OpenGroup, Receipt
from gridplus.journal import Journal
from gridplus.tariff import (
    Evidence,
    GroupEvidence,
    JoinedRequest,
    LinkEvidence,
    RestatedLink,
    Restatement,
    Statement,
    restated_before,
)
from gridplus.wallet import ChannelId
from gridplus.wire import BilledDay, BilledRecord

RECORDS_KEPT: Final = 4_096
"""The bills that were answered last: who asks again has most likely lost the newest answer."""
RECEIPTS_KEPT: Final = 16_384
"""Of groups that were read: who reads one home's day reads the others' next."""
_A_GROUP: Final = 64
"""Facts that are read before one to find where its group began; more if that was not enough."""


@dataclass(frozen=True, slots=True)
class Record:
    """One billed interval with all the evidence that exists of it; `voucher` is the home's
    signature under exactly this bill."""

    billed: BilledRead
    receipt: Receipt
    voucher: bytes | None = None

    @property
    def statement(self) -> Statement:
        return self.billed.statement

    @property
    def group(self) -> GroupEvidence:
        return self.receipt.evidence

    @property
    def evidence(self) -> Evidence:
        billed = self.billed
        return Evidence(billed.read_signature, self.group, billed.credit_signature, self.voucher)


@dataclass(frozen=True, slots=True)
class RestatedRecord:
    """The same of a restatement."""

    restated: RestatedBills
    receipt: Receipt
    voucher: bytes | None = None

    @property
    def restatement(self) -> Restatement:
        return self.restated.restatement

    @property
    def link(self) -> RestatedLink:
        evidence = self.receipt.evidence
        return RestatedLink(
            self.restatement, LinkEvidence(evidence, self.restated.credit_signature, self.voucher)
        )


class Archive:
    """Over a hub's journal. Blocking, except `remember`; threads may share it.

    `paid` is the home's newest durable voucher: it may pay the newest link. What paid an earlier
    one stands in the link after it. Raises StorageError as the journal does.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._records: dict[tuple[ChannelId, int], Record] = {}
        self._receipts: dict[bytes, Receipt] = {}

    def remember(self, record: Record) -> None:
        """A bill became durable, and is about to be answered."""
        key = record.statement.channel, record.statement.interval.start_s
        with self._lock:
            self._records[key] = record
            if len(self._records) > RECORDS_KEPT:
                del self._records[next(iter(self._records))]

    def billed(self, channel: ChannelId, start_s: int) -> Record | None:
        """The bill of the interval that begins at `start_s`, as it was answered."""
        with self._lock:
            kept = self._records.get((channel, start_s))
        if kept is not None:
            return kept
        return next(iter(self.records(channel, start_s=start_s, end_s=start_s + 1)), None)

    def records(
        self, channel: ChannelId, *, start_s: int, end_s: int, paid: Paid | None = None
    ) -> list[Record]:
        """Billed intervals of a channel that begin in [start_s, end_s), in order of time."""
        found = []
        for made, voucher in self._paid_links(channel, self._before(channel, start_s), paid=paid):
            if isinstance(made.link, BilledRead):
                if made.link.statement.interval.start_s >= end_s:
                    break
                found.append(Record(made.link, self._receipt(made.sequence, made.leaf), voucher))
        return found

    def restated(
        self, channel: ChannelId, at: Sequence[int], *, paid: Paid | None = None
    ) -> list[RestatedRecord]:
        """The restatements of a channel whose facts are those `at`, by their sequence."""
        return [self._restated(channel, sequence, paid=paid) for sequence in at]

    def day(self, home: Home, *, start_s: int, end_s: int) -> BilledDay:
        """The records of [start_s, end_s), and the restatements that stand before one of them."""
        paid, at = home.paid, [each.sequence for each in home.restated]
        found = self.records(home.channel, start_s=start_s, end_s=end_s, paid=paid)
        links = [record.link for record in self.restated(home.channel, at, paid=paid)]
        restated = restated_before([record.statement for record in found], links)
        records = (BilledRecord(record.statement, record.evidence) for record in found)
        return BilledDay(home.identity, tuple(records), tuple(restated))

    def statements(self, channel: ChannelId, *, since_s: int) -> list[Statement]:
        """Those of a channel that begin at `since_s` or later, in order of time."""
        links = (made.link for made in self._links(channel, self._before(channel, since_s)))
        return [link.statement for link in links if isinstance(link, BilledRead)]

    def bills(self, channel: ChannelId, *, start_s: int, end_s: int) -> list[BilledRead]:
        """The bills alone of intervals that begin in [start_s, end_s), in order of time."""
        found = []
        for made in self._links(channel, self._before(channel, start_s)):
            if isinstance(made.link, BilledRead):
                if made.link.statement.interval.start_s >= end_s:
                    break
                found.append(made.link)
        return found

    def joined(self, channel: ChannelId, digest: bytes) -> JoinedRequest:
        """The home's word that it takes part in a request, with its receipt."""
        for stored in self._journal.replay(subject=channel):
            if stored.fact.kind == Kind.REQUEST_JOINED:
                taken = parse_joined(stored)
                if taken.digest == digest:
                    receipt = self._receipt(stored.sequence, taken.leaf)
                    return JoinedRequest(taken.request, taken.signature, receipt.evidence)
        raise StorageError(f"a bill stands in request 0x{digest.hex()}, which nobody joined")

    def _restated(self, channel: ChannelId, at: int, *, paid: Paid | None) -> RestatedRecord:
        made, voucher = next(self._paid_links(channel, at - 1, paid=paid))
        if not isinstance(made.link, RestatedBills):
            raise StorageError(f"fact {at} is no restatement of this channel")
        return RestatedRecord(made.link, self._receipt(made.sequence, made.leaf), voucher)

    def _links(self, channel: ChannelId, after: int) -> Iterator[Made]:
        for stored in self._journal.replay(after=after, subject=channel):
            match stored.fact.kind:
                case Kind.BILLED:
                    billed, at_s = parse_billed(stored)
                    yield Made(stored.sequence, at_s, billed)
                case Kind.RESTATED:
                    restated, at_s = parse_restated(stored)
                    yield Made(stored.sequence, at_s, restated)

    def _paid_links(
        self, channel: ChannelId, after: int, *, paid: Paid | None
    ) -> Iterator[tuple[Made, bytes | None]]:
        """Each with the home's signature under exactly that link."""
        waiting = None
        for made in self._links(channel, after):
            if waiting is not None:
                yield waiting, made.link.paid_before
            waiting = made
        if waiting is not None:
            yield waiting, _signature_under(counters_of(waiting.link.link), paid)

    def _before(self, channel: ChannelId, start_s: int) -> int:
        """A sequence after which all bills of the channel begin at `start_s` or later."""
        room = range(self._journal.last_sequence + 1)
        return bisect_left(room, start_s, key=lambda after: self._first_start(channel, after))

    def _first_start(self, channel: ChannelId, after: int) -> int:
        bills = (made.link for made in self._links(channel, after))
        starts = (bill.statement.interval.start_s for bill in bills if isinstance(bill, BilledRead))
        return next(starts, sys.maxsize)

    def _receipt(self, sequence: int, leaf: bytes) -> Receipt:
        with self._lock:
            kept = self._receipts.get(leaf)
        return self._read_group(sequence, leaf) if kept is None else kept

    def _read_group(self, sequence: int, leaf: bytes) -> Receipt:
        """Make the receipts of a group again, from all that stands in it."""
        back = _A_GROUP
        while True:
            begin, group, whole = max(0, sequence - back), OpenGroup(), back >= sequence
            for stored in self._journal.replay(after=begin):
                closed = group.take(stored)
                if closed is None:
                    continue
                if closed.sequence > sequence:
                    break
                whole = True
            else:
                raise StorageError(f"fact {sequence} was never sealed; restore a copy")
            if whole:
                break
            back *= 8
        receipts = {each.leaf: receipt for each, receipt in closed.made}
        receipts |= {taken.leaf: receipt for taken, receipt in closed.words}
        with self._lock:
            self._receipts |= receipts
            while len(self._receipts) > RECEIPTS_KEPT:
                del self._receipts[next(iter(self._receipts))]
        return receipts[leaf]


def _signature_under(counters: Counters, paid: Paid | None) -> bytes | None:
    exact = paid is not None and paid.voucher.counters == counters
    return paid.voucher.signature if exact and paid is not None else None
