"""Restatements, made again: what the office decided, what the hub made of it, once and rightly."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gridplus.audit.difference import Difference, Report, Side
from gridplus.audit.hub_side import HubAccount
from gridplus.audit.office_side import OfficeSide
from gridplus.failures import InputError
from gridplus.tariff import (
    Correction,
    History,
    Plan,
    Restatement,
    Sources,
    Statement,
    Tip,
    follow,
    in_chain,
    restate,
)
from gridplus.tariff.moment import local_day
from gridplus.units import Interval
from gridplus.wallet import ChannelId
from gridplus.wire import OrderRestatement

NOT_DECIDED = "the office never decided this restatement"
TWICE = "an order of the office is carried out twice"
MISSING = "the office decided a restatement that the hub has not carried out"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A restatement that does not hold, why, and the interval with whose bill it stands: the next
    one of the chain, or the newest."""

    restatement: Restatement
    sentence: str
    beside: Interval


@dataclass
class Restated:
    """One home's restatements, held against its bills and the office's orders; `history` is with
    those that hold."""

    account: HubAccount
    sources: Sources
    orders: Sequence[OrderRestatement]
    history: History
    wrong: list[Wrong] = field(default_factory=list)

    def look(self) -> None:
        """Make every restatement again, in the order of the chain."""
        decided, done = {order.id for order in self.orders}, set[bytes]()
        statements = [record.statement for record in self.account.records]
        restatements = [link.restatement for link in self.account.restated]
        run, told = list[Statement](), list[tuple[Restatement, str]]()
        for link in in_chain(statements, restatements):
            if isinstance(link, Statement):
                run.append(link)
                self._tell(told, link.interval)
                continue
            said = self._bill(run) or self._follow(link)
            run, order = [], self.account.orders[link.head]
            if order in done:
                said = TWICE
            elif order not in decided:
                said = NOT_DECIDED
            done.add(order)
            if said:
                told.append((link, said))
        self._bill(run)
        if statements:
            self._tell(told, statements[-1].interval)

    def _tell(self, told: list[tuple[Restatement, str]], beside: Interval) -> None:
        self.wrong += (Wrong(restatement, said, beside) for restatement, said in told)
        told.clear()

    @property
    def missing(self) -> list[OrderRestatement]:
        """Orders that the hub has not carried out though they would change something."""
        done = set(self.account.orders.values())
        return [o for o in self.orders if o.id not in done and self._would_change(o)]

    def _bill(self, run: Sequence[Statement]) -> str:
        head = self.history.tip.head
        for statement in run:
            if statement.previous_head != head:
                return "the bills before it are no chain"
            head = statement.head
        try:
            self.history = self.history.billed([self.sources.stated(each) for each in run])
        except InputError as error:
            return str(error)
        return ""

    def _follow(self, told: Restatement) -> str:
        try:
            mismatch, self.history = follow(self.history, told, sources=self.sources)
            said = "" if mismatch is None else mismatch.value
        except InputError as error:
            said = str(error)
        if said:
            self.history = History(told.tip, self.history.versions)
        return said

    def _would_change(self, order: OrderRestatement) -> bool:
        prices = self.sources.prices
        corrections = [
            Correction(each.interval, each.energy_wh, prices.get(each.prices or b""))
            for each in order.inputs
        ]
        try:
            decided_at_s = order.decided_at_s
            found = restate(self.history, corrections, cause=order.cause, decided_at_s=decided_at_s)
        except InputError:
            return False
        return found is not None


def look_at(account: HubAccount, channel: ChannelId, *, office: OfficeSide, plan: Plan) -> Restated:
    """A home's restatements, looked at."""
    sources = Sources({plan.digest: plan}, office.versions)
    orders = [o for each in office.decided for o in each.orders if o.channel == channel]
    found = Restated(account, sources, orders, History(Tip.genesis(channel), {}))
    if account.restated or orders:
        found.look()
    return found


def tell(found: Restated, *, home: str, plan: Plan, report: Report) -> None:
    """Each that does not hold, on the day with whose bill it stands; each that is missing, on the
    first day that it is of."""
    told = [(w.restatement.revisions[0].interval, w.sentence, w.beside) for w in found.wrong]
    missing = [order.inputs[0].interval for order in found.missing]
    for first, said, beside in [*told, *((at, MISSING, at) for at in missing)]:
        day = local_day(plan.time_zone, beside.start_s)
        report(Difference(Side.HUB, "restatement", said, day, home, first))
