"""A whole operating day of one home, signed by real keys: the bill, and the chain's truth of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.digest import keccak256
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.market import operating_day_intervals
from gridplus.meter import IntervalRead, SignedRead, read_message
from gridplus.tariff import (
    BillDocument,
    ChannelIdentity,
    Evidence,
    Given,
    GroupEvidence,
    Inclusion,
    JoinedRequest,
    Liability,
    PaidRequest,
    Past,
    Statement,
    SumNode,
    Tip,
    build_bill,
    called_at,
    group_leaf,
    home_salt,
    join_leaf,
    join_message,
    liability_tree,
    merkle_tree,
    next_statement,
    settle,
)
from gridplus.tariff.baseline import HOURS_BEFORE
from gridplus.verify import ChainTruth
from gridplus.wallet import (
    Address,
    ChannelId,
    Descriptor,
    Domain,
    anchor_domain,
    bill_group_digest,
    credit_digest,
    voucher_digest,
)
from tests.tariff.examples import SPRING, plan_with, prices_of

PRICES = prices_of(SPRING, lambda hour: -5_000_000 if hour == 3 else 18_000_000 + 911_000 * hour)
PLAN = plan_with()
HOMES = 5
SECRET = keccak256(b"drawn by the retailer for the day")
SEED = 14


@dataclass(frozen=True)
class Place:
    """Where the bill's channel lives."""

    chain_id: int
    vault: Address
    anchor: Address


NOWHERE = Place(1337, Address(b"\xaa" * 20), Address(b"\xbb" * 20))


def wallet_key(name: bytes) -> Secp256k1Key:
    secret = int.from_bytes(keccak256(name), "big")
    return Secp256k1Key.from_private(ec.derive_private_key(secret, ec.SECP256K1()))


DEVICE = DeviceKey(ec.derive_private_key(0xD01CE, ec.SECP256R1()))
OWNER, GUARDIAN, VOUCHER, HUB, MALLORY, PUBLISHER = (
    wallet_key(name)
    for name in (b"owner", b"guardian", b"voucher", b"hub", b"mallory", b"publisher")
)
ASKED = slice(60, 64)
"""The quarter hours of the day in which the home is asked for less."""


def identity(at: Place) -> ChannelIdentity:
    x, y = (int.from_bytes(half, "big") for half in (DEVICE.public[:32], DEVICE.public[32:]))
    return ChannelIdentity(
        chain_id=at.chain_id,
        vault=at.vault,
        anchor=at.anchor,
        descriptor=Descriptor(OWNER.address, GUARDIAN.address, x, y, keccak256(b"salt")),
        opening_cap=25,
        voucher_key=VOUCHER.address,
    )


def reads_of(day: date, dice: random.Random) -> Sequence[IntervalRead]:
    """A home that imports always and exports around noon."""
    import_wh, export_wh = 7_000_000, 1_000
    reads = []
    for at, interval in enumerate(operating_day_intervals(day)):
        bought, sold = dice.randrange(50, 900), dice.randrange(1, 600) if 40 <= at < 56 else 0
        import_wh, export_wh = import_wh + bought, export_wh + sold
        reads.append(IntervalRead(interval, bought, sold, import_wh, export_wh))
    return reads


def prove(statement: Statement, before: Statement | None, *, who: ChannelIdentity) -> Evidence:
    """What hub and home sign around a statement; the home's head is one of five in its group."""
    head, closed_at_s = statement.head, statement.interval.end_s + 3
    heads = [group_leaf(who.channel, head)] + [keccak256(head + bytes([i])) for i in range(4)]
    at = statement.interval.start_s // 900 % HOMES
    tree = merkle_tree(heads[-at:] + heads[:-at])
    group = bill_group_digest(who.domain, tree.root, count=HOMES, closed_at_s=closed_at_s)
    earned = statement.earned_ubolt
    rose = earned > (before.earned_ubolt if before else 0)
    credit = credit_digest(who.domain, who.channel, earned=earned, bill_head=head)
    voucher = voucher_digest(who.domain, who.cfg, spent=statement.spent_ubolt, earned=earned)
    return Evidence(
        read=DEVICE.sign(read_message(who.channel, statement.read)),
        group=GroupEvidence(HOMES, closed_at_s, tree.path(at), HUB.sign(group)),
        credit=HUB.sign(credit) if rose else None,
        voucher=VOUCHER.sign(voucher),
    )


def anchored_with(last: Statement) -> tuple[SumNode, Inclusion]:
    """The root of a street whose second home is ours, and our way to it."""
    homes = [Liability(_channel(i), keccak256(bytes([i])), 1_000_000 * i, i) for i in range(HOMES)]
    homes[1] = Liability.after(last)
    tree = liability_tree([(home, home_salt(SECRET, home.channel)) for home in homes])
    return tree.root, tree.inclusion(1)


def _channel(number: int) -> ChannelId:
    return ChannelId(keccak256(b"neighbour" + bytes([number])))


def joined_request(day: date, who: ChannelIdentity) -> JoinedRequest:
    """Half a dollar a kWh for using less than in the hours before, joined an hour ahead."""
    first, *_, last = operating_day_intervals(day)[ASKED]
    request = PaidRequest("request 1", 1, first.start_s, last.end_s, 500_000_000, HOURS_BEFORE)
    digest = request.digest(_anchor(who))
    request, closed_at_s = replace(request, signature=PUBLISHER.sign(digest)), first.start_s - 3_600
    tree = merkle_tree([keccak256(b"a bill"), join_leaf(who.channel, digest)])
    group = bill_group_digest(who.domain, tree.root, count=2, closed_at_s=closed_at_s)
    evidence = GroupEvidence(2, closed_at_s, tree.path(1), HUB.sign(group))
    return JoinedRequest(request, DEVICE.sign(join_message(who.channel, digest)), evidence)


def _anchor(who: ChannelIdentity) -> Domain:
    return anchor_domain(who.chain_id, who.anchor)


def signed_day(day: date = SPRING, at: Place = NOWHERE) -> tuple[BillDocument, ChainTruth]:
    """A bill that holds, and the truth it holds against."""
    who = identity(at)
    prices = PRICES if day == SPRING else prices_of(day)
    tip, statements = Tip.genesis(who.channel), list[Statement]()
    reads, joined = reads_of(day, random.Random(SEED)), joined_request(day, who)
    import_wh = {read.interval.start_s: read.import_wh for read in reads}
    past = Past(import_wh.get, lambda _: False)
    for read in reads:
        called = called_at(
            read.interval, [joined.request], past=past, place=(_anchor(who), PLAN.time_zone)
        )
        statement = next_statement(tip, plan=PLAN, prices=prices, read=read, given=Given(called))
        statements.append(statement)
        tip = statement.tip
    proven = []
    for before, statement in zip([None, *statements], statements, strict=False):
        proven.append((statement, prove(statement, before, who=who)))
    root, path = anchored_with(statements[-1])
    bill = build_bill(who, plan=PLAN, prices=prices, intervals=proven, inclusion=path)
    signed = {
        read.interval.start_s: SignedRead(who.channel, read, evidence.read)
        for read, (_, evidence) in zip(reads, proven, strict=True)
    }
    settled = settle(
        [joined],
        [read.interval for read in reads],
        past=past,
        read_at=signed.__getitem__,
        zone=PLAN.time_zone,
    )
    bill = replace(bill, settled=settled)
    truth = ChainTruth(
        chain_id=who.chain_id,
        vault=who.vault,
        anchor=who.anchor,
        hub=HUB.address,
        publisher=PUBLISHER.address,
        bill_root=root,
        price_digest=prices.digest,
        deposited_ubolt=40_000_000,
        spent_ubolt=statements[-1].spent_ubolt,
        earned_ubolt=statements[-1].earned_ubolt,
    )
    return bill, truth
