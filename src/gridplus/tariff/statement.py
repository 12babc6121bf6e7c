"""The bill of one interval, chained to the one before: what a home recomputes before it pays.

A home's bill chain is a line of heads. head = keccak(abi.encode(bytes32 previous head, bytes32
statement digest, uint48 spent, uint48 earned)); the head before the first bill is the channel id.
"""

from dataclasses import dataclass
from functools import cached_property

from gridplus.channel import Mismatch
from gridplus.digest import Document, document_digest, keccak256
from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff.fields import Fields, format_octets
from gridplus.tariff.given import NOTHING_GIVEN, Given, given_from
from gridplus.tariff.line import Code, Line
from gridplus.tariff.plan import Plan
from gridplus.tariff.rate import rate
from gridplus.tariff.tally import MonthToDate, Tally, month_document, month_from, tally_from
from gridplus.units import HOUR_S, U48_MAX, Interval
from gridplus.wallet import ChannelId

STATEMENT_KIND = "gridplus.statement/2"
MAX_LINES = 64
_PRICE_MAX = 1 << 40
_START_MAX_S = 1 << 33
_COUNTERS = ("import_wh", "export_wh", "register_import_wh", "register_export_wh")


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a home's bill chain stands: what the next bill must continue."""

    channel: ChannelId
    head: bytes
    total: Tally

    @classmethod
    def genesis(cls, channel: ChannelId) -> "Tip":
        """The tip of a channel that has no bill yet."""
        return cls(channel, channel, Tally())


@dataclass(frozen=True)
class Statement:
    """What the hub says one interval costs. Nothing in it is trusted before `find_mismatch`.

    `month` is what the plan remembered before it, `after` the tally after it: with the lines, a
    statement tells both ends of its step. `spent_ubolt` and `earned_ubolt` are the channel's
    counters after it, for a voucher to sign.
    """

    channel: ChannelId
    read: IntervalRead
    plan_digest: bytes
    price_digest: bytes
    given: Given
    month: MonthToDate | None
    lines: tuple[Line, ...]
    after: Tally
    spent_ubolt: int
    earned_ubolt: int
    previous_head: bytes

    @property
    def interval(self) -> Interval:
        return self.read.interval

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that bind every field."""
        return document_digest(STATEMENT_KIND, self.document())

    @cached_property
    def head(self) -> bytes:
        """32 bytes that bind this bill and every bill of the channel before it."""
        return next_head(
            self.previous_head, self.digest, spent=self.spent_ubolt, earned=self.earned_ubolt
        )

    @property
    def tip(self) -> Tip:
        """Where the chain stands after this bill."""
        return Tip(self.channel, self.head, self.after)

    def document(self) -> dict[str, Document]:
        """The statement as a document; `parse_statement` is its inverse."""
        return {
            "channel": format_octets(self.channel),
            "start_s": self.interval.start_s,
            "length_s": self.interval.length_s,
            **{name: getattr(self.read, name) for name in _COUNTERS},
            "plan": format_octets(self.plan_digest),
            "prices": format_octets(self.price_digest),
            "given": self.given.document(),
            "month_before": month_document(self.month),
            "lines": [_line_document(line) for line in self.lines],
            "after": self.after.document(),
            "spent_ubolt": self.spent_ubolt,
            "earned_ubolt": self.earned_ubolt,
            "previous_head": format_octets(self.previous_head),
        }


def next_head(previous_head: bytes, digest: bytes, *, spent: int, earned: int) -> bytes:
    """The head after a link of the chain, 32 bytes: keccak(abi.encode(bytes32 previous head,
    bytes32 digest, uint48 spent, uint48 earned))."""
    return keccak256(
        previous_head + digest + spent.to_bytes(32, "big") + earned.to_bytes(32, "big")
    )


def next_statement(
    tip: Tip,
    *,
    plan: Plan,
    prices: PriceVersion,
    read: IntervalRead,
    given: Given = NOTHING_GIVEN,
) -> Statement:
    """The one right bill for `read` after `tip`.

    Raises InputError when plan and prices cannot rate the read, or when a counter would pass the
    48 bits that a channel has.
    """
    rated = rate(plan, prices, read=read, before=tip.total, given=given)
    after = rated.after
    if max(after.spent_ubolt, after.earned_ubolt) > U48_MAX:
        raise InputError(f"the bill of {read.interval} passes what a channel can carry for life")
    return Statement(
        channel=tip.channel,
        read=read,
        plan_digest=plan.digest,
        price_digest=prices.digest,
        given=given,
        month=tip.total.month,
        lines=rated.lines,
        after=after,
        spent_ubolt=after.spent_ubolt,
        earned_ubolt=after.earned_ubolt,
        previous_head=tip.head,
    )


def find_mismatch(statement: Statement, right: Statement) -> Mismatch | None:
    """In what `statement` differs first from the `right` one, or None when it is that to the aBOLT.

    What an agent runs before it pays: it makes the right one by `next_statement`, from where its
    own chain stands, its own read, the prices it saw published, the plan that it agreed to and the
    paid requests that it joined.
    """
    comparisons = (
        (Mismatch.CHANNEL_DIFFERS, statement.channel == right.channel),
        (Mismatch.READ_DIFFERS, statement.read == right.read),
        (Mismatch.RESPONSE_DIFFERS, statement.given == right.given),
        (Mismatch.PLAN_DIFFERS, statement.plan_digest == right.plan_digest),
        (Mismatch.PRICE_NOT_PUBLISHED, statement.price_digest == right.price_digest),
        (Mismatch.CHARGE_DIFFERS, statement.lines == right.lines),
        (
            Mismatch.TOTAL_DIFFERS,
            (statement.month, statement.after, statement.spent_ubolt, statement.earned_ubolt)
            == (right.month, right.after, right.spent_ubolt, right.earned_ubolt),
        ),
        (Mismatch.HEAD_DIFFERS, statement.previous_head == right.previous_head),
    )
    return next((mismatch for mismatch, same in comparisons if not same), None)


def parse_statement(document: Document, *, what: str) -> Statement:
    """The inverse of `Statement.document`: each value is read in one spelling only.

    Raises InputError that names `what`, the field and the mend.
    """
    fields = Fields(document, what)
    statement = Statement(
        channel=ChannelId(fields.octets("channel", 32)),
        read=_read(fields),
        plan_digest=fields.octets("plan", 32),
        price_digest=fields.octets("prices", 32),
        given=given_from(fields, "given"),
        month=month_from(fields, "month_before"),
        lines=tuple(_line(line) for line in fields.objects("lines", limit=MAX_LINES)),
        after=_after(fields.object("after")),
        spent_ubolt=fields.integer("spent_ubolt"),
        earned_ubolt=fields.integer("earned_ubolt"),
        previous_head=fields.octets("previous_head", 32),
    )
    fields.close()
    return statement


def _after(fields: Fields) -> Tally:
    tally = tally_from(fields)
    fields.close()
    return tally


def _read(fields: Fields) -> IntervalRead:
    start_s = fields.integer("start_s", high=_START_MAX_S)
    length_s = fields.integer("length_s", high=HOUR_S)
    counters = [fields.integer(name) for name in _COUNTERS]
    try:
        return IntervalRead(Interval(start_s, length_s), *counters)
    except InputError as error:
        raise InputError(f"{fields.where}: {error}") from None


def _line_document(line: Line) -> dict[str, Document]:
    return {
        "code": line.code.value,
        "quantity_wh": line.quantity_wh,
        "price_ubolt_per_mwh": line.price_ubolt_per_mwh,
        "amount_abolt": str(line.amount_abolt),
    }


def _line(fields: Fields) -> Line:
    line = Line(
        code=Code(fields.choice("code", Code)),
        quantity_wh=fields.integer("quantity_wh"),
        price_ubolt_per_mwh=fields.integer("price_ubolt_per_mwh", high=_PRICE_MAX),
        amount_abolt=fields.abolt("amount_abolt"),
    )
    fields.close()
    return line
