"""The bills of one day, made again of what the hub journaled, and held against everybody else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from gridplus.audit.difference import Difference, Report, Side
from gridplus.audit.folder import DataFolder
from gridplus.audit.hub_side import HubAccount
from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.failures import InputError
from gridplus.files import read_file
from gridplus.market import PriceVersion, operating_day_bounds
from gridplus.retailer.street_day import StreetDay, bill_of_day
from gridplus.tariff import (
    BillDocument,
    Liability,
    LiabilityTree,
    Plan,
    SumNode,
    format_bill,
    home_salt,
    liability_tree,
    parse_bill,
)
from gridplus.units import Interval, utc_from_s
from gridplus.verify import fetch_truth, verify_bill
from gridplus.wallet import ChannelId
from gridplus.wire import BilledDay, BilledRecord

_SIDES = {
    "chain": Side.CHAIN,
    "plan": Side.OFFICE,
    "prices": Side.OFFICE,
    "claimed": Side.CHAIN,
}
"""Whose word a check of `gridplus.verify` doubts, where it is not the hub's."""
_PARTS = (
    "identity",
    "plan",
    "prices",
    "opening",
    "intervals",
    "restated",
    "restated_prices",
    "settled",
    "totals",
    "inclusion",
)
_TOLD_OF_ALL = {"inclusion"}
"""The root is compared once for the whole street."""


@dataclass(frozen=True)
class StreetTerms:
    """Under what a day was sold, as the back office journaled it; `names` by channel, where
    differences go, and every price version by digest."""

    day: date
    plan: Plan
    prices: PriceVersion
    secret: bytes
    names: Mapping[ChannelId, str]
    report: Report
    versions: Mapping[bytes, PriceVersion] = field(default_factory=dict)

    def name(self, channel: ChannelId) -> str:
        return self.names.get(channel, f"0x{channel.hex()}")

    def tell(
        self,
        side: Side,
        what: str,
        *,
        sentence: str,
        channel: ChannelId | None = None,
        interval: Interval | None = None,
    ) -> None:
        home = "" if channel is None else self.name(channel)
        self.report(Difference(side, what, sentence, self.day, home, interval))


def rebuild_street(
    accounts: Mapping[ChannelId, HubAccount], terms: StreetTerms
) -> StreetDay | None:
    """Every home's bill of the day with its proof; None when nobody has one."""
    days = dict(_home_days(accounts, terms))
    if not days:
        terms.tell(Side.HUB, "bills", sentence="the hub billed nobody")
        return None
    tree = _tree(days, terms.secret)
    bills = {
        terms.name(channel): bill_of_day(
            day,
            plan=terms.plan,
            prices=terms.prices,
            versions=terms.versions,
            inclusion=tree.inclusion(place),
        )
        for place, (channel, day) in enumerate(days.items())
    }
    return StreetDay(bills, tree.root)


def verify_street(
    street: StreetDay, *, chain: Chain, deployment: Deployment, report: Report
) -> None:
    """Everything that a home could check of its bill by itself."""
    for name, bill in street.bills.items():
        truth = fetch_truth(chain, deployment, bill=bill)
        for check in verify_bill(bill, truth):
            if not check.ok and check.name not in _TOLD_OF_ALL:
                side = _SIDES.get(check.name, Side.HUB)
                day = bill.operating_day
                report(Difference(side, check.name, check.detail, day, name, check.interval))


def compare_files(street: StreetDay, folder: DataFolder, *, terms: StreetTerms) -> None:
    """The bills as they were handed out: the same bytes, and no others."""
    for name, bill in street.bills.items():
        path = folder.bill(name, terms.day)
        if not path.is_file():
            what = f"{path.name} is not there"
            terms.report(Difference(Side.BILL, "file", what, terms.day, name))
        elif (data := read_file(path)) != format_bill(bill):
            sentence, interval = _file_difference(data, bill, what=path.name)
            terms.report(Difference(Side.BILL, "file", sentence, terms.day, name, interval))
    due = {folder.bill(name, terms.day) for name in street.bills}
    for path in folder.bills(terms.day):
        if path not in due:
            whose = _whose(read_file(path), what=path.name)
            sentence = f"{path.name} is a bill {whose}; the hub billed no such home"
            terms.tell(Side.BILL, "file", sentence=sentence)


def explain_root(street: StreetDay, found: SumNode, *, secret: bytes) -> str:
    """What an anchored root that is not the right one seems to be."""
    owed = {
        name: (Liability.after(bill.closing), home_salt(secret, bill.channel))
        for name, bill in street.bills.items()
    }
    for name in owed if len(owed) > 1 else ():
        if liability_tree([at for other, at in owed.items() if other != name]).root == found:
            return f"it is the root without {name}"
    right = street.root
    sums = f"with {found.spent_ubolt} spent and {found.earned_ubolt} earned"
    if (found.spent_ubolt, found.earned_ubolt) == (right.spent_ubolt, right.earned_ubolt):
        sums = "with the right sums"
    return f"0x{found.hash.hex()} {sums} is the root of something else"


def _home_days(
    accounts: Mapping[ChannelId, HubAccount], terms: StreetTerms
) -> Iterator[tuple[ChannelId, BilledDay]]:
    start_s, end_s = operating_day_bounds(terms.day, terms.plan.time_zone)
    for channel, account in sorted(accounts.items()):
        mine = [r for r in account.records if start_s <= r.statement.interval.start_s < end_s]
        records = _once(mine, terms)
        if channel not in terms.names and records:
            sentence = "the hub billed a channel of no customer"
            terms.tell(Side.HUB, "channel", sentence=sentence, channel=channel)
        elif account.identity is None and records:
            sentence = "the hub billed a channel that it never opened"
            terms.tell(Side.HUB, "channel", sentence=sentence, channel=channel)
        elif not records:
            sentence = "the hub has no bill of this home"
            terms.tell(Side.HUB, "bills", sentence=sentence, channel=channel)
        elif account.identity is not None and _grows(records, terms):
            intervals = [record.statement.interval for record in records]
            settled = account.settled(intervals, zone=terms.plan.time_zone)
            restated = tuple(account.restated)
            yield channel, BilledDay(account.identity, tuple(records), restated, settled)


def _once(records: Sequence[BilledRecord], terms: StreetTerms) -> list[BilledRecord]:
    """Each interval's first bill; another one is reported."""
    first: dict[Interval, BilledRecord] = {}
    for record in records:
        statement = record.statement
        if first.setdefault(statement.interval, record) is not record:
            terms.tell(
                Side.HUB,
                "bills",
                sentence="this interval is billed twice",
                channel=statement.channel,
                interval=statement.interval,
            )
    return list(first.values())


def _grows(records: Sequence[BilledRecord], terms: StreetTerms) -> bool:
    """Whether the counters could be a channel's at all; a bill of others cannot be laid out."""
    before = 0, 0
    for record in records:
        statement = record.statement
        after = statement.after.spent_ubolt, statement.after.earned_ubolt
        if after[0] < before[0] or after[1] < before[1]:
            terms.tell(
                Side.HUB,
                "counters",
                sentence="a counter falls",
                channel=statement.channel,
                interval=statement.interval,
            )
            return False
        before = after
    return True


def _tree(days: Mapping[ChannelId, BilledDay], secret: bytes) -> LiabilityTree:
    return liability_tree(
        [
            (Liability.after(day.records[-1].statement), home_salt(secret, channel))
            for channel, day in days.items()
        ]
    )


def _file_difference(data: bytes, right: BillDocument, *, what: str) -> tuple[str, Interval | None]:
    """In what a bill's file differs first."""
    try:
        found = parse_bill(data, what=what)
    except InputError as error:
        return str(error), None
    for mine, due in zip(found.intervals, right.intervals, strict=False):
        if mine != due:
            return f"{what} says otherwise of this interval", due.statement.interval
    for part in _PARTS:
        if getattr(found, part) != getattr(right, part):
            return f"{what} has other {part}", None
    return f"{what} is written otherwise", None


def _whose(data: bytes, *, what: str) -> str:
    try:
        bill = parse_bill(data, what=what)
    except InputError as error:
        return f"that cannot be read ({error})"
    end = utc_from_s(bill.closing.interval.end_s)
    return f"of channel 0x{bill.channel.hex()} until {end:%Y-%m-%d %H:%M} UTC"
