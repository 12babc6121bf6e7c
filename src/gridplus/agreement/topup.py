"""A payment from a card or a bank into a home's channel, from the request to the deposit.

Card payments can be taken back for months. So money is deposited only when its provider calls it
final; until then it is a promise, and a payment that is taken back before that was never anybody's.
Marks only grow and the stage follows from them: notices may come twice, late, and in any order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from gridplus.failures import invariant
from gridplus.wallet import ChannelId, TopUpMandate


class Notice(Enum):
    """What a payment provider says of one payment."""

    PAID = "the customer has paid"
    SETTLED = "the money is final"
    FAILED = "the customer did not pay"
    REFUNDED = "the money was given back"
    CHARGED_BACK = "the customer's bank took the money back"


class TopUpStage(Enum):
    """Each sentence is for the owner of the home, in the order of the way."""

    REQUESTED = "waiting for the payment"
    PAID = "paid; it counts when the payment is final"
    FINAL = "the payment is final, the deposit is on its way"
    DEPOSITED = "the deposit is in the account"
    FAILED = "the payment did not come; nothing was taken"
    RETURNED = "the money went back to where it came from"
    LOST = "the money was taken back after it was deposited; the retailer will ask for it"


class TopUpRefusal(Enum):
    """Why nothing changed, in the order of the checks."""

    OTHER_AMOUNT = "the provider names another amount than was asked for"
    NO_MANDATE = "the owner has signed no standing order, or has ended it"
    MANDATE_OVER = "the owner's standing order is no longer valid"
    ENOUGH_LEFT = "the account still holds more than the standing order waits for"
    ONE_UNDER_WAY = "another automatic top-up is under way"
    TAKEN_BACK = "an automatic top-up was taken back after its deposit; pay by hand"
    FAILED_TODAY = "a payment did not come today; the next attempt is tomorrow"
    PAST_DAY = "the owner's ceiling for this day would be passed"
    PAST_MONTH = "the owner's ceiling for this month would be passed"


@dataclass(frozen=True, slots=True)
class TopUp:
    """`number` counts the ramp's top-ups; money is µBOLT, one dollar a BOLT."""

    number: int
    channel: ChannelId
    amount_ubolt: int
    requested_at_s: int
    automatic: bool
    marks: frozenset[Notice] = frozenset()
    deposited: bool = False

    @property
    def stage(self) -> TopUpStage:
        if self.marks & {Notice.REFUNDED, Notice.CHARGED_BACK}:
            return TopUpStage.LOST if self.deposited else TopUpStage.RETURNED
        if self.deposited:
            return TopUpStage.DEPOSITED
        if Notice.SETTLED in self.marks:
            return TopUpStage.FINAL
        if Notice.PAID in self.marks:
            return TopUpStage.PAID
        return TopUpStage.FAILED if Notice.FAILED in self.marks else TopUpStage.REQUESTED

    @property
    def is_under_way(self) -> bool:
        return self.stage in (TopUpStage.REQUESTED, TopUpStage.PAID, TopUpStage.FINAL)

    def hear(self, notice: Notice, *, amount_ubolt: int) -> "TopUp | TopUpRefusal":
        """After a notice; the same one again changes nothing."""
        if amount_ubolt != self.amount_ubolt:
            return TopUpRefusal.OTHER_AMOUNT
        return replace(self, marks=self.marks | {notice})

    def deposit(self) -> "TopUp":
        """The deposit is final on chain, or was sent before the money was taken back."""
        invariant(Notice.SETTLED in self.marks, "nothing is deposited before its money is final")
        return replace(self, deposited=True)


def why_not_now(
    mandate: TopUpMandate | None,
    *,
    headroom_ubolt: int,
    earlier: Iterable[TopUp],
    now_s: int,
) -> TopUpRefusal | None:
    """None when the standing order asks for one more top-up now. `earlier` are the channel's."""
    if mandate is None or mandate.amount_ubolt == 0:
        return TopUpRefusal.NO_MANDATE
    if now_s > mandate.valid_until_s:
        return TopUpRefusal.MANDATE_OVER
    if headroom_ubolt >= mandate.below_ubolt:
        return TopUpRefusal.ENOUGH_LEFT
    automatic = [each for each in earlier if each.automatic]
    if any(each.is_under_way for each in automatic):
        return TopUpRefusal.ONE_UNDER_WAY
    if any(each.stage is TopUpStage.LOST for each in automatic):
        return TopUpRefusal.TAKEN_BACK
    day, month = _day_and_month(now_s)
    of_month = [e for e in automatic if _day_and_month(e.requested_at_s)[1] == month]
    of_day = [e for e in of_month if _day_and_month(e.requested_at_s)[0] == day]
    if any(each.stage is TopUpStage.FAILED for each in of_day):
        return TopUpRefusal.FAILED_TODAY
    if _taken(of_day) + mandate.amount_ubolt > mandate.daily_ubolt:
        return TopUpRefusal.PAST_DAY
    if _taken(of_month) + mandate.amount_ubolt > mandate.monthly_ubolt:
        return TopUpRefusal.PAST_MONTH
    return None


def _taken(topups: Iterable[TopUp]) -> int:
    """One that failed counts: its payment may still come."""
    return sum(e.amount_ubolt for e in topups if e.stage is not TopUpStage.RETURNED)


def _day_and_month(at_s: int) -> tuple[int, tuple[int, int]]:
    moment = datetime.fromtimestamp(at_s, UTC)
    return moment.toordinal(), (moment.year, moment.month)
