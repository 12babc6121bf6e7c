"""The bill of one home and one operating day, with everything that proves it.

Nothing in a bill is decoration: every value is bound by a hash or a signature, or is recomputed.
Who the signers are and which root was anchored is never taken from it (see `gridplus.verify`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gridplus.failures import invariant
from gridplus.market import PriceVersion
from gridplus.tariff.liabilities import Inclusion
from gridplus.tariff.line import Code, Side
from gridplus.tariff.plan import Plan
from gridplus.tariff.proofs import Path
from gridplus.tariff.rate import share_ubolt
from gridplus.tariff.statement import Statement, Tip
from gridplus.tariff.tally import Tally
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
class BilledInterval:
    """A statement, its head as the hub chained it, and the evidence."""

    statement: Statement
    head: bytes
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The day for people: Wh, and µBOLT by line, which sum exactly to what the day added."""

    import_wh: int
    export_wh: int
    charges_ubolt: int
    credits_ubolt: int
    lines_ubolt: tuple[tuple[Code, int], ...]


@dataclass(frozen=True, slots=True)
class BillDocument:
    """One home, one operating day. `opening` is where the chain stood before its first interval;
    `inclusion` leads from the day's last head and counters to the root that was anchored."""

    identity: ChannelIdentity
    plan: Plan
    prices: PriceVersion
    opening: Tip
    intervals: tuple[BilledInterval, ...]
    totals: DayTotals
    inclusion: Inclusion

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
    opening = _opening(statements[0])
    billed = []
    earned = opening.total.earned_ubolt
    for statement, evidence in intervals:
        credit = evidence.credit if statement.earned_ubolt > earned else None
        kept = Evidence(evidence.read, evidence.group, credit, evidence.voucher)
        billed.append(BilledInterval(statement, statement.head, kept))
        earned = statement.earned_ubolt
    totals = day_totals(statements, opening=opening.total)
    return BillDocument(identity, plan, prices, opening, tuple(billed), totals, inclusion)


def day_totals(statements: Sequence[Statement], *, opening: Tally) -> DayTotals:
    """What the statements add up to, after `opening`."""
    closing = statements[-1].after
    lines = [line for statement in statements for line in statement.lines]
    shared = share_ubolt(lines, opening, after=closing)
    return DayTotals(
        import_wh=sum(statement.read.import_wh for statement in statements),
        export_wh=sum(statement.read.export_wh for statement in statements),
        charges_ubolt=closing.spent_ubolt - opening.spent_ubolt,
        credits_ubolt=closing.earned_ubolt - opening.earned_ubolt,
        lines_ubolt=tuple(shared.items()),
    )


def _opening(first: Statement) -> Tip:
    """Where the chain stood before `first`, by taking its lines off its sums."""
    before = Tally(
        first.after.charges_abolt - _sum_abolt(first, Side.CHARGE),
        first.after.credits_abolt - _sum_abolt(first, Side.CREDIT),
        first.month,
    )
    return Tip(first.channel, first.previous_head, before)


def _sum_abolt(statement: Statement, side: Side) -> int:
    return sum(line.amount_abolt for line in statement.lines if line.side is side)
