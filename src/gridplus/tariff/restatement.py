"""A restatement: a link in a home's bill chain that says what earlier bills should have been.

Late or corrected reads, corrected prices, an error in the plan: nothing is overwritten. The link
names each interval with the version that it replaces, its new inputs and what the home owes more
or less, line by line. A charge raises `spent`, a credit raises `earned`; all lines of one link are
set off against each other first. Where the plan looks at the month (tiers, peaks, banked energy),
every later interval whose month is another one now is rated again too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from gridplus.digest import Document, document_digest
from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff.backbilling import may_charge
from gridplus.tariff.fields import format_octets
from gridplus.tariff.history import History, Version
from gridplus.tariff.line import RANK, Code, Line, Side
from gridplus.tariff.moment import local_day
from gridplus.tariff.plan import Plan
from gridplus.tariff.rate import rate
from gridplus.tariff.statement import Tip, next_head
from gridplus.tariff.tally import MonthToDate, Tally, month_document
from gridplus.units import ABOLT_PER_UBOLT, U48_MAX, Interval
from gridplus.wallet import ChannelId

RESTATEMENT_KIND = "gridplus.restatement/1"


class Cause(StrEnum):
    """Why earlier bills were not right."""

    READ = "read"
    PRICES = "prices"
    PLAN = "plan"


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


class Delta(NamedTuple):
    """How much more the home owes on a line (aBOLT); below zero it is less."""

    code: Code
    owed_abolt: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One interval: the version it had and the inputs it has now. `waived` is a charge that comes
    too late to be made: its deltas are told and not collected."""

    replaces: bytes
    read: IntervalRead
    plan: Plan
    price_digest: bytes | None
    waived: bool
    deltas: tuple[Delta, ...]

    @property
    def interval(self) -> Interval:
        return self.read.interval

    @property
    def operating_day(self) -> date:
        return local_day(self.plan.time_zone, self.interval.start_s)

    def document(self) -> dict[str, Document]:
        return {
            "start_s": self.interval.start_s,
            "length_s": self.interval.length_s,
            "replaces": format_octets(self.replaces),
            "import_wh": self.read.import_wh,
            "export_wh": self.read.export_wh,
            "plan": format_octets(self.plan.digest),
            "prices": None if self.price_digest is None else format_octets(self.price_digest),
            "waived": self.waived,
            "deltas": [
                {"code": delta.code.value, "owed_abolt": str(delta.owed_abolt)}
                for delta in self.deltas
            ],
        }


@dataclass(frozen=True)
class Restatement:
    """A link of the chain beside the statements. `spent_ubolt` and `earned_ubolt` are the channel's
    counters after it, for a voucher to sign."""

    channel: ChannelId
    cause: Cause
    decided_at_s: int
    revisions: tuple[Revision, ...]
    before: Tally
    after: Tally
    previous_head: bytes

    @property
    def spent_ubolt(self) -> int:
        return self.after.spent_ubolt

    @property
    def earned_ubolt(self) -> int:
        return self.after.earned_ubolt

    @property
    def owed_ubolt(self) -> int:
        """How much more the home owes, as its counters moved; below zero it is a credit."""
        spent = self.after.spent_ubolt - self.before.spent_ubolt
        return spent - (self.after.earned_ubolt - self.before.earned_ubolt)

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that bind every field."""
        return document_digest(RESTATEMENT_KIND, self.document())

    @cached_property
    def head(self) -> bytes:
        """32 bytes that bind this link and every one before it, as a statement's."""
        return next_head(
            self.previous_head, self.digest, spent=self.spent_ubolt, earned=self.earned_ubolt
        )

    @property
    def tip(self) -> Tip:
        return Tip(self.channel, self.head, self.after)

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "cause": self.cause.value,
            "decided_at_s": self.decided_at_s,
            "revisions": [revision.document() for revision in self.revisions],
            "charges_abolt": str(self.after.charges_abolt),
            "credits_abolt": str(self.after.credits_abolt),
            "month": month_document(self.after.month),
            "spent_ubolt": self.spent_ubolt,
            "earned_ubolt": self.earned_ubolt,
            "previous_head": format_octets(self.previous_head),
        }


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
    before = history.tip.total
    restatement = Restatement(
        history.tip.channel,
        cause,
        decided_at_s,
        revisions,
        before,
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


def restated_ubolt(restatement: Restatement) -> dict[tuple[date, Code], int]:
    """What the counters moved, by operating day and line, in µBOLT and signed as deltas are.

    Shared by largest remainder: the amounts sum exactly to `owed_ubolt`.
    """
    exact: dict[tuple[date, Code], int] = {}
    for revision in restatement.revisions:
        for code, owed_abolt in () if revision.waived else revision.deltas:
            key = (revision.operating_day, code)
            exact[key] = exact.get(key, 0) + owed_abolt
    shares = {key: owed // ABOLT_PER_UBOLT for key, owed in exact.items()}
    left = restatement.owed_ubolt - sum(shares.values())
    by_remainder = sorted(
        exact, key=lambda key: (-(exact[key] % ABOLT_PER_UBOLT), key[0], RANK[key[1]])
    )
    for key in by_remainder[:left]:
        shares[key] += 1
    return shares


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
    waived = late and sum(owed for _, owed in deltas) > 0
    return Revision(old.digest, new.read, new.plan, _digest(new.prices), waived, deltas)


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
    owed = sum(
        delta.owed_abolt
        for revision in revisions
        if not revision.waived
        for delta in revision.deltas
    )
    return Tally(before.charges_abolt + max(0, owed), before.credits_abolt + max(0, -owed), month)


def _digest(prices: PriceVersion | None) -> bytes | None:
    return None if prices is None else prices.digest
