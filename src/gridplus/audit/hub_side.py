"""What the hub's journal says by itself: every bill, seal and voucher, whatever is wrong in it.

The hub's own replay stops at the first fact that cannot be; an audit tells of it and reads on.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from gridplus.audit.difference import Difference, Report, Side
from gridplus.channel import Counters
from gridplus.failures import GridPlusError, StorageError
from gridplus.hub.facts import (
    BilledRead,
    Kind,
    RestatedBills,
    StoredVoucher,
    parse_billed,
    parse_restated,
    parse_sealed,
    parse_vouchers,
)
from gridplus.hub.home import counters_of
from gridplus.hub.request_facts import RequestTaken, parse_joined
from gridplus.hub.sealing import bill_leaf, receipts_of
from gridplus.journal import Stored
from gridplus.market import PriceVersion, parse_price_version
from gridplus.meter import SignedRead
from gridplus.tariff import (
    ChannelIdentity,
    Evidence,
    GroupEvidence,
    JoinedRequest,
    LinkEvidence,
    Past,
    Plan,
    RestatedLink,
    SettledRequest,
    parse_plan,
    settle,
)
from gridplus.units import Interval
from gridplus.wallet import ChannelId
from gridplus.wire import BilledRecord, OpenChannel

_KNOWN = frozenset(Kind)
"""What is not read here tells of the chain, which is asked itself."""


@dataclass
class HubAccount:
    """One channel: its bills in the order of the journal, and its newest voucher."""

    identity: ChannelIdentity | None = None
    records: list[BilledRecord] = field(default_factory=list)
    restated: list[RestatedLink] = field(default_factory=list)
    orders: dict[bytes, bytes] = field(default_factory=dict)
    """What each restatement, by its head, was ordered by."""
    joined: dict[str, JoinedRequest] = field(default_factory=dict)
    """Paid requests by name, each in the newest version that the home joined."""
    paid: Counters | None = None
    _signature: bytes = b""
    _restated_last: bool = False

    def bill(self, billed: BilledRead, group: GroupEvidence) -> None:
        same = self.paid == counters_of(billed.statement)
        evidence = Evidence(
            billed.read_signature,
            group,
            billed.credit_signature,
            self._signature if same else None,
        )
        self.records.append(BilledRecord(billed.statement, evidence))
        self._restated_last = False

    def restate(self, restated: RestatedBills, group: GroupEvidence) -> None:
        restatement = restated.restatement
        same = self.paid == counters_of(restatement)
        evidence = LinkEvidence(group, restated.credit_signature, self._signature if same else None)
        self.restated.append(RestatedLink(restatement, evidence))
        self.orders[restatement.head] = restated.order
        self._restated_last = True

    def settled(self, intervals: Sequence[Interval], *, zone: str) -> tuple[SettledRequest, ...]:
        """The joined requests that hold in one of `intervals`, with every read that counts."""
        reads = {record.statement.interval.start_s: record for record in self.records}
        called = {at for at, each in reads.items() if each.statement.given.called is not None}

        def import_wh(start_s: int) -> int | None:
            record = reads.get(start_s)
            return None if record is None else record.statement.read.import_wh

        def read_at(start_s: int) -> SignedRead:
            statement, evidence = reads[start_s].statement, reads[start_s].evidence
            return SignedRead(statement.channel, statement.read, evidence.read)

        past = Past(import_wh, called.__contains__)
        return settle(self.joined.values(), intervals, past=past, read_at=read_at, zone=zone)

    def pay(self, counters: Counters, signature: bytes) -> None:
        self.paid, self._signature = counters, signature
        if self._restated_last:
            last = self.restated[-1]
            if counters_of(last.restatement) == counters:
                signed = replace(last.evidence, voucher=signature)
                self.restated[-1] = RestatedLink(last.restatement, signed)
        elif self.records and counters_of(self.records[-1].statement) == counters:
            newest = self.records[-1]
            evidence = replace(newest.evidence, voucher=signature)
            self.records[-1] = BilledRecord(newest.statement, evidence)


@dataclass
class HubSide:
    """`plans` and `prices` are what the hub adopted, `accounts` whom it billed."""

    plans: list[Plan] = field(default_factory=list)
    prices: dict[bytes, PriceVersion] = field(default_factory=dict)
    accounts: dict[ChannelId, HubAccount] = field(default_factory=lambda: defaultdict(HubAccount))
    _group: list[BilledRead | RestatedBills] = field(default_factory=list)
    _words: list[RequestTaken] = field(default_factory=list)
    _vouchers: list[StoredVoucher] = field(default_factory=list)

    def read(self, facts: Iterable[Stored], report: Report) -> None:
        """Take all facts. One that cannot be read is reported, and the next one taken."""
        for stored in facts:
            try:
                self._take(stored)
            except GridPlusError as error:
                report(Difference(Side.HUB, "journal", str(error)))
        if self._group:
            report(Difference(Side.HUB, "journal", f"{len(self._group)} bills have no seal"))
        if self._vouchers:
            lost = f"{len(self._vouchers)} vouchers have no seal"
            report(Difference(Side.HUB, "journal", lost))

    def _take(self, stored: Stored) -> None:
        body, channel = stored.fact.body, ChannelId(stored.fact.subject)
        match stored.fact.kind:
            case Kind.CHANNEL_OPENED:
                self.accounts[channel].identity = OpenChannel.parse(body).identity
            case Kind.PLAN_ADOPTED:
                self.plans.append(parse_plan(body, what=f"fact {stored.sequence}"))
            case Kind.PRICES_ADOPTED:
                prices = parse_price_version(body)
                self.prices[prices.digest] = prices
            case Kind.BILLED:
                self._group.append(parse_billed(stored)[0])
            case Kind.RESTATED:
                self._group.append(parse_restated(stored)[0])
            case Kind.REQUEST_JOINED:
                self._words.append(parse_joined(stored))
            case Kind.GROUP_SEALED:
                self._seal(stored)
            case Kind.VOUCHERS_STORED:
                self._vouchers = parse_vouchers(stored)
            case kind if kind not in _KNOWN:
                raise StorageError(f"fact {stored.sequence} is of kind {kind}, a newer version's")

    def _seal(self, stored: Stored) -> None:
        (group, vouchers), self._group, self._vouchers = (self._group, self._vouchers), [], []
        words, self._words = self._words, []
        if not group and not vouchers and not words:
            raise StorageError(f"fact {stored.sequence} seals nothing")
        leaves = [bill_leaf(made.link.channel, made.link.head) for made in group]
        leaves += [*(voucher.leaf for voucher in vouchers), *(taken.leaf for taken in words)]
        receipts = receipts_of(leaves, parse_sealed(stored))
        for taken, receipt in zip(words, receipts[len(leaves) - len(words) :], strict=True):
            joined = JoinedRequest(taken.request, taken.signature, receipt.evidence)
            self.accounts[taken.channel].joined[taken.request.name] = joined
        for made, receipt in zip(group, receipts, strict=False):
            account = self.accounts[made.link.channel]
            if isinstance(made, BilledRead):
                account.bill(made, receipt.evidence)
            else:
                account.restate(made, receipt.evidence)
        for voucher in vouchers:
            self.accounts[voucher.channel].pay(voucher.counters, voucher.signature)
