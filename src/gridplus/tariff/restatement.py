"""A restatement: a link in a home's bill chain that says what earlier bills should have been.

Late or corrected reads, corrected prices, an error in the plan: nothing is overwritten. The link
names each interval with the version that it replaces, its new inputs and what the home owes more
or less, line by line. A charge raises `spent`, a credit raises `earned`; all lines of one link are
set off against each other first. How the one right restatement is made: `restating`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from gridplus.digest import Document, document_digest
from gridplus.failures import InputError
from gridplus.tariff.fields import Fields, format_octets
from gridplus.tariff.line import RANK, Code
from gridplus.tariff.statement import Tip, next_head
from gridplus.tariff.tally import MonthToDate, Tally, month_document, month_from, tally_from
from gridplus.units import ABOLT_PER_UBOLT, HOUR_S, U48_MAX, Interval
from gridplus.wallet import ChannelId

RESTATEMENT_KIND = "gridplus.restatement/1"
MAX_REVISIONS = 3_200
"""A month of settlement intervals, and the days of a longer correction beside it."""
_START_MAX_S = 1 << 33


class Cause(StrEnum):
    """Why earlier bills were not right."""

    READ = "read"
    PRICES = "prices"
    PLAN = "plan"


class Delta(NamedTuple):
    """How much more the home owes on a line (aBOLT); below zero it is less."""

    code: Code
    owed_abolt: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One interval: the version it had and the inputs it has now, plan and prices by their digest.
    `waived` is a charge that comes too late to be made: its deltas are told and not collected."""

    interval: Interval
    operating_day: date
    replaces: bytes
    import_wh: int
    export_wh: int
    plan_digest: bytes
    price_digest: bytes | None
    waived: bool
    deltas: tuple[Delta, ...]

    @property
    def owed_abolt(self) -> int:
        """How much more the home owes for the interval, were it collected."""
        return sum(delta.owed_abolt for delta in self.deltas)

    def document(self) -> dict[str, Document]:
        return {
            "start_s": self.interval.start_s,
            "length_s": self.interval.length_s,
            "day": self.operating_day.isoformat(),
            "replaces": format_octets(self.replaces),
            "import_wh": self.import_wh,
            "export_wh": self.export_wh,
            "plan": format_octets(self.plan_digest),
            "prices": None if self.price_digest is None else format_octets(self.price_digest),
            "waived": self.waived,
            "deltas": [
                {"code": delta.code.value, "owed_abolt": str(delta.owed_abolt)}
                for delta in self.deltas
            ],
        }


@dataclass(frozen=True)
class Restatement:
    """A link of the chain beside the statements. As in a statement, `month` is what the plan
    remembered before it and `after` the tally after it; `spent_ubolt` and `earned_ubolt` are the
    channel's counters after it, for a voucher to sign."""

    channel: ChannelId
    cause: Cause
    decided_at_s: int
    revisions: tuple[Revision, ...]
    month: MonthToDate | None
    after: Tally
    previous_head: bytes

    @property
    def collected_abolt(self) -> int:
        """How much more the home owes by all lines together; below zero it is a credit."""
        return sum(each.owed_abolt for each in self.revisions if not each.waived)

    @property
    def before(self) -> Tally:
        """The tally before it, by taking its lines off the sums after it."""
        owed = self.collected_abolt
        return Tally(
            self.after.charges_abolt - max(0, owed),
            self.after.credits_abolt - max(0, -owed),
            self.month,
        )

    @property
    def spent_ubolt(self) -> int:
        return self.after.spent_ubolt

    @property
    def earned_ubolt(self) -> int:
        return self.after.earned_ubolt

    @property
    def owed_ubolt(self) -> int:
        """How much more the home owes, as its counters moved; below zero it is a credit."""
        before = self.before
        spent = self.spent_ubolt - before.spent_ubolt
        return spent - (self.earned_ubolt - before.earned_ubolt)

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
    def opening(self) -> Tip:
        """Where the chain stood before this link."""
        return Tip(self.channel, self.previous_head, self.before)

    @property
    def tip(self) -> Tip:
        return Tip(self.channel, self.head, self.after)

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "cause": self.cause.value,
            "decided_at_s": self.decided_at_s,
            "revisions": [revision.document() for revision in self.revisions],
            "month_before": month_document(self.month),
            "after": self.after.document(),
            "spent_ubolt": self.spent_ubolt,
            "earned_ubolt": self.earned_ubolt,
            "previous_head": format_octets(self.previous_head),
        }


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


def parse_restatement(document: Document, *, what: str) -> Restatement:
    """The inverse of `Restatement.document`: each value is read in one spelling only.

    Raises InputError that names `what`, the field and the mend.
    """
    fields = Fields(document, what)
    after = fields.object("after")
    restatement = Restatement(
        channel=ChannelId(fields.octets("channel", 32)),
        cause=Cause(fields.choice("cause", Cause)),
        decided_at_s=fields.integer("decided_at_s", high=_START_MAX_S),
        revisions=tuple(
            _revision(each) for each in fields.objects("revisions", limit=MAX_REVISIONS)
        ),
        month=month_from(fields, "month_before"),
        after=tally_from(after),
        previous_head=fields.octets("previous_head", 32),
    )
    after.close()
    stated = (fields.integer("spent_ubolt"), fields.integer("earned_ubolt"))
    fields.close()
    starts = [revision.interval.start_s for revision in restatement.revisions]
    if not starts or starts != sorted(set(starts)):
        fields.fail("revisions", "must name one interval or more, in order of time, each once")
    if min(restatement.before.charges_abolt, restatement.before.credits_abolt) < 0:
        fields.fail("after", "is less than the lines add up to")
    if stated != (restatement.spent_ubolt, restatement.earned_ubolt) or max(stated) > U48_MAX:
        fields.fail("spent_ubolt", "and earned_ubolt must be the rounded sums after the link")
    return restatement


def _revision(fields: Fields) -> Revision:
    try:
        interval = Interval(
            fields.integer("start_s", high=_START_MAX_S), fields.integer("length_s", high=HOUR_S)
        )
    except InputError as error:
        raise InputError(f"{fields.where}: {error}") from None
    revision = Revision(
        interval=interval,
        operating_day=fields.day("day"),
        replaces=fields.octets("replaces", 32),
        import_wh=fields.integer("import_wh"),
        export_wh=fields.integer("export_wh"),
        plan_digest=fields.octets("plan", 32),
        price_digest=fields.octets_or_none("prices", 32),
        waived=fields.flag("waived"),
        deltas=tuple(_delta(each) for each in fields.objects("deltas", limit=len(Code))),
    )
    fields.close()
    _require_ordered(fields, revision.deltas)
    return revision


def _delta(fields: Fields) -> Delta:
    delta = Delta(Code(fields.choice("code", Code)), fields.signed_abolt("owed_abolt"))
    fields.close()
    return delta


def _require_ordered(fields: Fields, deltas: Iterable[Delta]) -> None:
    places = [RANK[delta.code] for delta in deltas]
    if places != sorted(set(places)) or not all(delta.owed_abolt for delta in deltas):
        fields.fail("deltas", "must stand in the order of a bill, each code once, none of zero")
