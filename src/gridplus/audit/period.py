"""A whole period: every closed day in its order, held against journals, files and the chain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from gridplus.audit.difference import Difference, Side
from gridplus.audit.folder import DataFolder
from gridplus.audit.homes import (
    StreetTerms,
    compare_files,
    explain_root,
    rebuild_street,
    verify_street,
)
from gridplus.audit.hub_side import HubSide
from gridplus.audit.money import MoneyDay, audit_money, imbalance_of
from gridplus.audit.office_side import OfficeDay, OfficeSide
from gridplus.audit.restated import look_at, tell
from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask
from gridplus.contracts import calls
from gridplus.failures import InputError
from gridplus.retailer.accounts import ClosingDay, Imbalance
from gridplus.retailer.book import Book, OpenedDay
from gridplus.retailer.chain_link import read_vault
from gridplus.retailer.street_day import StreetDay
from gridplus.tariff import SumNode
from gridplus.verify import anchor_period


@dataclass(frozen=True, slots=True)
class AuditedDay:
    """One day that was looked at."""

    day: date
    homes: int
    intervals: int
    differences: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at, and every difference in the order in which it was found."""

    days: tuple[AuditedDay, ...]
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        return not self.differences


Progress = Callable[[AuditedDay], None]


def audit(
    folder: DataFolder,
    *,
    chain: Chain,
    first: date | None = None,
    last: date | None = None,
    progress: Progress = lambda _: None,
) -> Audit:
    """Audit every closed day from `first` to `last`, both included.

    Earlier days are rebuilt too, because the money of a day begins where they ended, but what is
    found there is not told. Raises InputError when no such day was closed or a journal is absent,
    StorageError for a damaged one, RemoteError or ChainError when the chain does not answer.
    """
    auditor = _Auditor(folder, chain)
    wanted = [
        day
        for day in auditor.closed_days()
        if (first is None or day >= first) and (last is None or day <= last)
    ]
    if not wanted:
        raise InputError(f"{folder.path}: no day of the period was closed")
    audited = []
    for day in auditor.closed_days():
        if day > wanted[-1]:
            break
        seen = auditor.audit_day(day, told=day >= wanted[0])
        if day >= wanted[0]:
            audited.append(seen)
            progress(seen)
    auditor.audit_restatements(first=wanted[0], last=wanted[-1])
    return Audit(tuple(audited), tuple(auditor.found))


class _Auditor:
    def __init__(self, folder: DataFolder, chain: Chain) -> None:
        self._folder, self._chain = folder, chain
        self._deployment = Deployment.load(folder.deployment)
        self._deployment.require_on(chain)
        self.found: list[Difference] = []
        self._hub: HubSide = folder.hub(self.found.append)
        self._office: OfficeSide = folder.office(self.found.append)
        self._book = Book()
        self._compare_plans()

    def closed_days(self) -> Sequence[date]:
        return [day for day, facts in self._office.days.items() if facts.closed is not None]

    def audit_day(self, day: date, *, told: bool) -> AuditedDay:
        before = len(self.found)
        street = self._audit_day(day, self._office.days[day], told=told)
        if not told:
            del self.found[before:]
        bills = () if street is None else street.bills.values()
        intervals = sum(len(bill.intervals) for bill in bills)
        return AuditedDay(day, len(bills), intervals, len(self.found) - before)

    def _audit_day(self, day: date, office: OfficeDay, *, told: bool) -> StreetDay | None:
        plan, prices, secret = self._office.plan, office.prices, office.secret
        if plan is None or prices is None or secret is None or office.bid is None:
            self._tell(
                Side.OFFICE,
                "journal",
                day=day,
                sentence="plan, prices, position or salt is missing",
            )
            return None
        terms = StreetTerms(
            day, plan, prices, secret, self._folder.names, self.found.append, self._office.versions
        )
        self._compare_prices(day, office)
        street = rebuild_street(self._hub.accounts, terms)
        if street is None:
            return None
        if told:
            self._compare(street, terms, office=office)
        self._audit_money(street, terms, office=office)
        return street

    def _compare(self, street: StreetDay, terms: StreetTerms, *, office: OfficeDay) -> None:
        verify_street(
            street, chain=self._chain, deployment=self._deployment, report=self.found.append
        )
        compare_files(street, self._folder, terms=terms)
        self._compare_leaves(street, terms, office=office)
        self._compare_root(street, terms)

    def _compare_plans(self) -> None:
        mine = self._office.plan
        for plan in self._hub.plans:
            if mine is not None and plan.digest != mine.digest:
                said = f"the hub sells 0x{plan.digest.hex()}, the office 0x{mine.digest.hex()}"
                self.found.append(Difference(Side.OFFICE, "plan", said))

    def _compare_prices(self, day: date, office: OfficeDay) -> None:
        prices, event = office.prices, office.event
        if prices is None:
            return
        if event is None or event.prices != prices.digest:
            self._tell(
                Side.OFFICE,
                "prices",
                day=day,
                sentence="the prices journaled are not those published",
            )
        if prices.digest not in self._hub.prices:
            self._tell(
                Side.HUB, "prices", day=day, sentence="the hub never adopted the prices of the day"
            )

    def audit_restatements(self, *, first: date, last: date) -> None:
        """What the office decided and the hub made of it, of all homes and days at once."""
        plan = self._office.plan
        if plan is None:
            return
        for channel, account in self._hub.accounts.items():
            told = list[Difference]()
            name = self._folder.names.get(channel, f"0x{channel.hex()}")
            found = look_at(account, channel, office=self._office, plan=plan)
            tell(found, home=name, plan=plan, report=told.append)
            self.found += (each for each in told if each.day and first <= each.day <= last)

    def _compare_leaves(self, street: StreetDay, terms: StreetTerms, *, office: OfficeDay) -> None:
        """How far each home is billed, by the hub's journal and by the office's."""
        told = {} if office.closed is None else office.closed.billed
        right = street.billed
        for channel in sorted(told.keys() | right.keys()):
            mine, due = told.get(channel), right.get(channel)
            if mine == due:
                continue
            said = "the day was closed with another head or counter of this home"
            if mine is None:
                said = "the day was closed without this home"
            if due is None:
                said = "the day was closed with this home, which the hub's journal does not bill"
            terms.tell(Side.OFFICE, "leaf", sentence=said, channel=channel)

    def _compare_root(self, street: StreetDay, terms: StreetTerms) -> None:
        view = calls.anchored(
            self._deployment.publisher, anchor_period(terms.day), kind=calls.ANCHOR_BILLS
        )
        entry = ask(self._chain, self._deployment.anchor, view=view)
        anchored = SumNode(entry.root, entry.spent_ubolt, entry.earned_ubolt)
        if entry.root == bytes(32):
            self._tell(
                Side.CHAIN, "root", day=terms.day, sentence="no bills of this day are anchored"
            )
        elif anchored != street.root:
            said = explain_root(street, anchored, secret=terms.secret)
            self._tell(
                Side.CHAIN, "root", day=terms.day, sentence=f"another root is anchored: {said}"
            )

    def _audit_money(self, street: StreetDay, terms: StreetTerms, *, office: OfficeDay) -> None:
        followed, bid = office.followed, office.bid
        if followed is None or bid is None:
            self._tell(
                Side.OFFICE,
                "journal",
                day=terms.day,
                sentence="how far the vault was read is missing",
            )
            return
        told = read_vault(
            self._chain,
            self._deployment,
            from_block=self._book.next_block,
            to_block=followed.next_block - 1,
            known=self._book.words,
        )
        opened = OpenedDay(terms.prices, bid, terms.secret)
        closing = ClosingDay(opened, street, Imbalance((), terms.prices), told)
        imbalance = imbalance_of(closing, office, folder=self._folder)
        if imbalance is None:
            said = "nobody has the prices at which the imbalance was valued"
            self._tell(Side.OFFICE, "imbalance", day=terms.day, sentence=said)
            return
        valued = ClosingDay(opened, street, imbalance, told)
        audit_money(MoneyDay(terms, office, valued, self._book))

    def _tell(self, side: Side, what: str, *, day: date, sentence: str) -> None:
        self.found.append(Difference(side, what, sentence, day))
