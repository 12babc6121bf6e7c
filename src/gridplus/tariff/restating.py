"""The one right restatement of earlier bills: whoever knows the inputs makes the same.

Where the plan looks at the month (tiers, peaks, banked energy), every later interval whose month is
another one now is rated again too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gridplus.channel import Mismatch
from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.tariff.backbilling import may_charge
from gridplus.tariff.bill import BillDocument
from gridplus.tariff.history import History, Stated, Version
from gridplus.tariff.line import Code, Line, Side
from gridplus.tariff.moment import local_day
from gridplus.tariff.plan import Plan
from gridplus.tariff.rate import rate
from gridplus.tariff.restatement import MAX_REVISIONS, Cause, Delta, Restatement, Revision
from gridplus.tariff.statement import Statement, Tip
from gridplus.tariff.tally import MonthToDate, Tally
from gridplus.units import U48_MAX, Interval


@dataclass(frozen=True, slots=True)
class Correction:
    """Other inputs of one interval; what is None stays. A corrected read keeps its registers: they
    are the device's word, the energy is the wires company's."""

    interval: Interval
    energy_wh: tuple[int, int] | None = None
    prices: PriceVersion | None = None
    plan: Plan | None = None

    def applied(self, version: Version) -> Version:
        read = version.read
        if self.energy_wh is not None:
            read = replace(read, import_wh=self.energy_wh[0], export_wh=self.energy_wh[1])
        return replace(
            version,
            read=read,
            prices=self.prices or version.prices,
            plan=self.plan or version.plan,
        )


def restate(
    history: History, corrections: Iterable[Correction], *, cause: Cause, decided_at_s: int
) -> tuple[Restatement, History] | None:
    """The one right restatement, and the history after it; None when no line changes.

    `decided_at_s` is when it is billed, in seconds since 1970: a charge may come too late (see
    `backbilling`). Raises InputError for an interval that was never billed, for inputs that cannot
    be rated, and when a counter would pass the 48 bits that a channel has.
    """
    wanted = {correction.interval.start_s: correction for correction in corrections}
    for start_s, correction in sorted(wanted.items()):
        if start_s not in history.versions:
            raise InputError(f"{correction.interval} was never billed, so it is not restated")
    rated = tuple(_rate_again(history, wanted))
    told = [_revise(old, new, decided_at_s=decided_at_s) for old, new, _ in rated]
    revisions = tuple(revision for revision in told if revision is not None)
    if not revisions:
        return None
    if len(revisions) > MAX_REVISIONS:
        raise InputError(
            f"{len(revisions)} intervals would be restated at once; the most is {MAX_REVISIONS}: "
            "correct a shorter time"
        )
    before = history.tip.total
    restatement = Restatement(
        history.tip.channel,
        cause,
        decided_at_s,
        revisions,
        before.month,
        _settled(before, revisions, month=_month_after(history, rated)),
        history.tip.head,
    )
    if max(restatement.spent_ubolt, restatement.earned_ubolt) > U48_MAX:
        raise InputError("the restatement passes what a channel can carry for life")
    versions = dict(history.versions)
    for (old, new, _), revision in zip(rated, told, strict=True):
        versions[new.interval.start_s] = _version_after(
            old, new, revision=revision, digest=restatement.digest
        )
    return restatement, History(restatement.tip, versions)


@dataclass(frozen=True, slots=True)
class Sources:
    """The plans and prices that restatements may cite, by digest."""

    plans: Mapping[bytes, Plan]
    prices: Mapping[bytes, PriceVersion]

    def with_bill(self, bill: BillDocument) -> "Sources":
        """With what a bill brings of both."""
        prices = {version.digest: version for version in (bill.prices, *bill.restated_prices)}
        return Sources({**self.plans, bill.plan.digest: bill.plan}, {**self.prices, **prices})

    def stated(self, statement: Statement) -> Stated:
        """A statement with what it cites. Raises InputError for what is not here."""
        plan, prices = (
            self.plans.get(statement.plan_digest),
            self.prices.get(statement.price_digest),
        )
        if plan is None or prices is None:
            what = "a plan" if plan is None else "prices"
            raise InputError(f"{statement.interval} is billed with {what} nobody knows here")
        return Stated(statement, plan, prices)

    def corrections(self, told: Restatement) -> tuple[Correction, ...]:
        """What `told` says that its intervals should have been billed with. Raises InputError for
        a plan or prices that are not here."""
        return tuple(self._correction(revision) for revision in told.revisions)

    def _correction(self, revision: Revision) -> Correction:
        plan, price_digest = self.plans.get(revision.plan_digest), revision.price_digest
        prices = None if price_digest is None else self.prices.get(price_digest)
        if plan is None or (prices is None and price_digest is not None):
            what = "a plan" if plan is None else "prices"
            raise InputError(f"{revision.interval} is restated with {what} nobody knows here")
        energy_wh = (revision.import_wh, revision.export_wh)
        return Correction(revision.interval, energy_wh, prices, plan)


def follow(
    history: History, told: Restatement, *, sources: Sources
) -> tuple[Mismatch | None, History]:
    """Recompute `told` from the history before it and the inputs that it names.

    The first mismatch, or None, and the history after it. Raises InputError as `restate`, and when
    `sources` lack what it cites.
    """
    found = restate(
        history, sources.corrections(told), cause=told.cause, decided_at_s=told.decided_at_s
    )
    if found is None:
        return Mismatch.CHARGE_DIFFERS, history
    right, after = found
    comparisons = (
        (Mismatch.CHANNEL_DIFFERS, told.channel == right.channel),
        (Mismatch.CHARGE_DIFFERS, told.revisions == right.revisions),
        (Mismatch.TOTAL_DIFFERS, (told.month, told.after) == (right.month, right.after)),
        (Mismatch.HEAD_DIFFERS, told.previous_head == right.previous_head),
    )
    mismatch = next((mismatch for mismatch, same in comparisons if not same), None)
    return mismatch, history if mismatch else after


def history_along(
    opening: Tip, links: Iterable[Statement | Restatement], *, sources: Sources
) -> History:
    """What a stretch of one home's chain says, from `opening` on, with every restatement in it
    made again.

    Raises InputError when a link does not follow the one before it, a restatement is not what the
    links before it lead to, or `sources` lack what one cites.
    """
    history, head, waiting = History(opening, {}), opening.head, list[Stated]()
    for link in links:
        if (link.channel, link.previous_head) != (opening.channel, head):
            raise InputError("the bills are no chain: one does not continue the one before it")
        head = link.head
        if isinstance(link, Statement):
            waiting.append(sources.stated(link))
            continue
        history, waiting = history.billed(waiting), []
        mismatch, history = follow(history, link, sources=sources)
        if mismatch is not None:
            raise InputError(f"a restatement is not what earlier bills lead to: {mismatch.value}")
    return history.billed(waiting)


def history_of(bills: Sequence[BillDocument]) -> History:
    """What one home's bills say, at least one, in the order of their days. Raises InputError when
    one does not continue the one before it, and as `history_along`."""
    tip, links, sources = bills[0].opening, list[Statement | Restatement](), Sources({}, {})
    for bill in bills:
        if bill.opening != tip:
            raise InputError(
                f"the bill of {bill.operating_day} does not continue the one before it; name "
                "every day of one home, in order"
            )
        sources = sources.with_bill(bill)
        links += (each.link for each in bill.links)
        tip = links[-1].tip
    return history_along(bills[0].opening, links, sources=sources)


_Rerated = tuple[Version, Version, MonthToDate | None]
"""An interval's old version, its new one, and what the plan remembers after it."""


def _rate_again(history: History, wanted: Mapping[int, Correction]) -> Iterator[_Rerated]:
    """Every interval with other inputs or another month, from the first correction on."""
    if not wanted:
        return
    carried: MonthToDate | None = None
    follows = False
    for start_s in sorted(start_s for start_s in history.versions if start_s >= min(wanted)):
        old, correction = history.versions[start_s], wanted.get(start_s)
        month = carried if follows else old.month
        if correction is None and month == old.month:
            follows = False
            continue
        new = replace(correction.applied(old) if correction else old, month=month)
        rated = rate(
            new.plan,
            new.prices,
            read=new.read,
            before=Tally(month=month),
            given=new.given,
        )
        carried, follows = rated.after.month, True
        yield old, replace(new, lines=rated.lines), carried


def _month_after(history: History, rated: Sequence[_Rerated]) -> MonthToDate | None:
    """What the plan remembers now: something else only where the last interval was rated again."""
    if rated and rated[-1][0].interval == history.last:
        return rated[-1][2]
    return history.tip.total.month


def _revise(old: Version, new: Version, *, decided_at_s: int) -> Revision | None:
    """What changed on an interval's lines; None when nothing did."""
    deltas = _deltas(old.lines, new.lines)
    same = (old.read, old.plan.digest, _digest(old.prices))
    if not deltas and same == (new.read, new.plan.digest, _digest(new.prices)):
        return None
    late = not may_charge(new.plan, new.interval, decided_at_s=decided_at_s)
    return Revision(
        interval=new.interval,
        operating_day=local_day(new.plan.time_zone, new.interval.start_s),
        replaces=old.digest,
        import_wh=new.read.import_wh,
        export_wh=new.read.export_wh,
        plan_digest=new.plan.digest,
        price_digest=_digest(new.prices),
        waived=late and sum(owed for _, owed in deltas) > 0,
        deltas=deltas,
    )


def _version_after(
    old: Version, new: Version, *, revision: Revision | None, digest: bytes
) -> Version:
    """What an interval is billed at now. The month before it may be another one in any case."""
    if revision is None:
        return replace(new, digest=old.digest)
    if revision.waived:
        return replace(old, month=new.month)
    return replace(new, digest=digest)


def _deltas(old: Iterable[Line], new: Iterable[Line]) -> tuple[Delta, ...]:
    owed = dict.fromkeys(Code, 0)
    for sign, lines in ((-1, old), (1, new)):
        for line in lines:
            owes = 1 if line.side is Side.CHARGE else -1
            owed[line.code] += sign * owes * line.amount_abolt
    return tuple(Delta(code, amount) for code, amount in owed.items() if amount)


def _settled(before: Tally, revisions: Iterable[Revision], *, month: MonthToDate | None) -> Tally:
    owed = sum(each.owed_abolt for each in revisions if not each.waived)
    return Tally(before.charges_abolt + max(0, owed), before.credits_abolt + max(0, -owed), month)


def _digest(prices: PriceVersion | None) -> bytes | None:
    return None if prices is None else prices.digest
