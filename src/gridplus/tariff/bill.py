"""The bill of one home and one operating day, with everything that proves it.

Nothing in a bill is decoration: every value is bound by a hash or a signature, or is recomputed.
Who the signers are and which root was anchored is never taken from it (see `gridplus.verify`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from gridplus.failures import invariant
from gridplus.market import PriceVersion
from gridplus.meter import SignedRead
from gridplus.tariff.baseline import Past
from gridplus.tariff.liabilities import Inclusion
from gridplus.tariff.line import Code, Side
from gridplus.tariff.plan import Plan
from gridplus.tariff.proofs import Path
from gridplus.tariff.rate import share_payable
from gridplus.tariff.response import PaidRequest
from gridplus.tariff.restatement import Restatement
from gridplus.tariff.statement import Statement, Tip
from gridplus.tariff.tally import Tally
from gridplus.units import Interval
from gridplus.wallet import (
    Address,
    Cfg,
    ChannelId,
    Descriptor,
    Domain,
    channel_id,
    descriptor_cfg,
    vault_domain,
)

BILL_KIND = "gridplus.bill/2"


@dataclass(frozen=True, slots=True)
class ChannelIdentity:
    """Whose bill it is: where the channel lives, and what its id is the hash of."""

    chain_id: int
    vault: Address
    anchor: Address
    descriptor: Descriptor
    opening_cap: int
    voucher_key: Address

    @property
    def cfg(self) -> Cfg:
        return descriptor_cfg(self.descriptor, self.opening_cap)

    @property
    def channel(self) -> ChannelId:
        return channel_id(self.voucher_key, self.cfg)

    @property
    def domain(self) -> Domain:
        """Where vouchers, credits and bill groups of this channel are signed for."""
        return vault_domain(self.chain_id, self.vault)


@dataclass(frozen=True, slots=True)
class GroupEvidence:
    """That a head stood in a commit group of the hub: the group's size and close, the path to its
    root, and the hub's signature over root, size and close."""

    count: int
    closed_at_s: int
    path: Path
    signature: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """Signatures of 64 bytes around one statement.

    `read`: the device key over the read. `credit`: the hub over (channel, earned, head), where
    `earned` rose. `voucher`: the home over the statement's spent and earned; None while the home
    was offline and paid for this interval with a later voucher.
    """

    read: bytes
    group: GroupEvidence
    credit: bytes | None
    voucher: bytes | None


@dataclass(frozen=True, slots=True)
class LinkEvidence:
    """The same around a restatement, which rests on reads that are signed already."""

    group: GroupEvidence
    credit: bytes | None
    voucher: bytes | None


@dataclass(frozen=True, slots=True)
class JoinedRequest:
    """That a home takes part in a paid request: its device's signature (64 bytes) over
    `join_message`, and where that stands among what the hub made durable."""

    request: PaidRequest
    signature: bytes
    group: GroupEvidence


@dataclass(frozen=True, slots=True)
class SettledRequest:
    """A joined request, and the signed reads that its baseline was reckoned from, in order."""

    joined: JoinedRequest
    reads: tuple[SignedRead, ...]

    @property
    def request(self) -> PaidRequest:
        return self.joined.request

    @property
    def past(self) -> Past:
        """What the reads say by themselves."""
        import_wh = {each.read.interval.start_s: each.read.import_wh for each in self.reads}
        return Past(import_wh.get, lambda _: False)


@dataclass(frozen=True, slots=True)
class BilledInterval:
    """A statement, its head as the hub chained it, and the evidence."""

    statement: Statement
    head: bytes
    evidence: Evidence

    @property
    def link(self) -> Statement:
        return self.statement

    @property
    def interval(self) -> Interval:
        return self.statement.interval


@dataclass(frozen=True, slots=True)
class RestatedLink:
    """A restatement of earlier bills, and the evidence."""

    restatement: Restatement
    evidence: LinkEvidence

    @property
    def link(self) -> Restatement:
        return self.restatement

    @property
    def head(self) -> bytes:
        return self.restatement.head

    @property
    def interval(self) -> Interval:
        """The first interval that it restates."""
        return self.restatement.revisions[0].interval


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The day for people: Wh, and µBOLT by line, which sum exactly to what its intervals added.
    What restatements of earlier days added is told by themselves."""

    import_wh: int
    export_wh: int
    charges_ubolt: int
    credits_ubolt: int
    lines_ubolt: tuple[tuple[Code, int], ...]


@dataclass(frozen=True, slots=True)
class BillDocument:
    """One home, one operating day. `opening` is where the chain stood before its first link;
    `inclusion` leads from the day's last head and counters to the root that was anchored.

    `restated` are the restatements of earlier bills that stand before an interval of this day in
    the chain, `restated_prices` the price versions that they cite. `settled` are the paid requests
    that the home joined and that hold in an interval of this day.
    """

    identity: ChannelIdentity
    plan: Plan
    prices: PriceVersion
    opening: Tip
    intervals: tuple[BilledInterval, ...]
    totals: DayTotals
    inclusion: Inclusion
    restated: tuple[RestatedLink, ...] = ()
    restated_prices: tuple[PriceVersion, ...] = ()
    settled: tuple[SettledRequest, ...] = ()

    @property
    def links(self) -> Iterator["BilledInterval | RestatedLink"]:
        """Intervals and restatements in the order of their heads; a restatement that has no place
        in it comes last."""
        due, head = list(self.restated), self.opening.head
        for billed in self.intervals:
            while following := next((r for r in due if r.link.previous_head == head), None):
                due.remove(following)
                head = following.head
                yield following
            head = billed.head
            yield billed
        yield from due

    @property
    def channel(self) -> ChannelId:
        return self.opening.channel

    @property
    def operating_day(self) -> date:
        return self.prices.operating_day

    @property
    def closing(self) -> Statement:
        """The last statement of the day."""
        return self.intervals[-1].statement


@dataclass(frozen=True, slots=True)
class Restated:
    """What is known of a channel's restatements, and the price versions that they may cite."""

    links: Sequence[RestatedLink] = ()
    prices: Mapping[bytes, PriceVersion] = field(default_factory=dict)


def build_bill(
    identity: ChannelIdentity,
    *,
    plan: Plan,
    prices: PriceVersion,
    intervals: Sequence[tuple[Statement, Evidence]],
    inclusion: Inclusion,
) -> BillDocument:
    """Lay a day's statements together, in order of time. At least one interval.

    A credit that the home asked for without having earned more is left out: a bill shows a credit
    exactly where `earned` rose. Whether it all holds is for `gridplus.verify` to say.
    """
    invariant(len(intervals) > 0, "a bill has at least one interval")
    statements = [statement for statement, _ in intervals]
    opening = tip_before(statements[0])
    billed = []
    for statement, evidence in intervals:
        rose = statement.earned_ubolt > tip_before(statement).total.earned_ubolt
        credit = evidence.credit if rose else None
        kept = Evidence(evidence.read, evidence.group, credit, evidence.voucher)
        billed.append(BilledInterval(statement, statement.head, kept))
    totals = day_totals(statements, opening=opening.total)
    return BillDocument(identity, plan, prices, opening, tuple(billed), totals, inclusion)


def settle(
    joined: Iterable[JoinedRequest],
    intervals: Sequence[Interval],
    *,
    past: Past,
    read_at: Callable[[int], SignedRead],
    zone: str,
) -> tuple[SettledRequest, ...]:
    """Those of a home's joined requests that hold in one of `intervals`, which are in order of
    time, and have a baseline; `read_at` is the home's read of an interval that was billed."""
    start_s, end_s = intervals[0].start_s, intervals[-1].end_s
    found = []
    for each in joined:
        request = each.request
        if request.start_s < end_s and start_s < request.end_s:
            reckoned = request.reckon(past=past, zone=zone)
            if reckoned is not None:
                reads = tuple(read_at(at) for at in reckoned.rests_on)
                found.append(SettledRequest(each, reads))
    return tuple(found)


def with_restated(bill: BillDocument, known: Restated) -> BillDocument:
    """The bill with those of `known` that stand before one of its intervals in the chain."""
    statements = [billed.statement for billed in bill.intervals]
    links = restated_before(statements, known.links)
    if not links:
        return bill
    told = [link.restatement for link in links]
    leads = statements[0].previous_head in {link.head for link in links}
    opening = told[0].opening if leads else bill.opening
    cited = {revision.price_digest for link in told for revision in link.revisions}
    return replace(
        bill,
        opening=opening,
        totals=day_totals(statements, opening=opening.total, restated=told),
        restated=tuple(links),
        restated_prices=tuple(
            version for digest, version in known.prices.items() if digest in cited
        ),
    )


def in_chain(
    statements: Sequence[Statement], restatements: Sequence[Restatement]
) -> Iterator[Statement | Restatement]:
    """Statements in order of time, each restatement after the link that it follows."""
    follows = {restatement.previous_head: restatement for restatement in restatements}
    for statement in statements:
        yield statement
        head = statement.head
        while (restatement := follows.get(head)) is not None:
            yield restatement
            head = restatement.head


def restated_before(
    statements: Sequence[Statement], known: Sequence[RestatedLink]
) -> list[RestatedLink]:
    """Those of a channel's restatements that stand before one of `statements` in the chain, and
    after every statement that is not among them; in the order of the chain."""
    by_head = {link.head: link for link in known}
    found = list[RestatedLink]()
    for statement in statements:
        head, before = statement.previous_head, list[RestatedLink]()
        while (link := by_head.pop(head, None)) is not None:
            before.append(link)
            head = link.link.previous_head
        found += reversed(before)
    return found


def day_totals(
    statements: Sequence[Statement], *, opening: Tally, restated: Sequence[Restatement] = ()
) -> DayTotals:
    """What the statements add up to, after `opening` and beside what was `restated` meanwhile."""
    closing = statements[-1].after
    lines = [line for statement in statements for line in statement.lines]
    charges_ubolt = closing.spent_ubolt - opening.spent_ubolt
    credits_ubolt = closing.earned_ubolt - opening.earned_ubolt
    for link in restated:
        charges_ubolt -= link.spent_ubolt - link.before.spent_ubolt
        credits_ubolt -= link.earned_ubolt - link.before.earned_ubolt
    payable = {Side.CHARGE: charges_ubolt, Side.CREDIT: credits_ubolt}
    return DayTotals(
        import_wh=sum(statement.read.import_wh for statement in statements),
        export_wh=sum(statement.read.export_wh for statement in statements),
        charges_ubolt=charges_ubolt,
        credits_ubolt=credits_ubolt,
        lines_ubolt=tuple(share_payable(lines, payable).items()),
    )


def tip_before(first: Statement) -> Tip:
    """Where the chain stood before `first`, by taking its lines off its sums."""
    before = Tally(
        first.after.charges_abolt - _sum_abolt(first, Side.CHARGE),
        first.after.credits_abolt - _sum_abolt(first, Side.CREDIT),
        first.month,
    )
    return Tip(first.channel, first.previous_head, before)


def _sum_abolt(statement: Statement, side: Side) -> int:
    return sum(line.amount_abolt for line in statement.lines if line.side is side)
