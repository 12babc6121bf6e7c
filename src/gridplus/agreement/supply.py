"""Supply of one premise to one customer: from move-in to the day on which the deposit is back.

Days are local operating days, both ends included. Moving out and switching to another retailer are
one road: a last day, the bill of that day, its claim on chain, and the whole headroom returned.
A customer who does not wait for the retailer leaves by the vault alone; then the deposit is back
without an offer.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, StrEnum
from typing import TypeAlias

from gridplus.channel import NOTHING, Counters, Refusal, Step
from gridplus.channel.table import Row, Table
from gridplus.wallet import ChannelId


class LeaveCause(StrEnum):
    """Why supply ends; to whom the premise goes is no business of the old retailer's."""

    MOVE_OUT = "the customer moves out"
    SWITCH = "the customer switches to another retailer"


class SupplyPhase(Enum):
    """In the order of a life."""

    AGREED = "agreed, and not begun"
    ACTIVE = "supplied"
    LEAVING = "supplied until a last day that is known"
    FINAL = "the last day is billed"
    CLAIMED = "everything billed is claimed on chain"
    SETTLED = "the deposit is back with its owner"


class SupplyRefusal(Enum):
    """Why nothing changes, in the order of the checks."""

    NOT_BEGUN = "supply has not begun"
    BEGINS_ANOTHER_DAY = "supply was agreed from another day"
    ENDED = "supply has ended; a new one is agreed anew"
    NOT_LEAVING = "nobody has announced to leave"
    LAST_DAY_PASSED = "the last day lies before a day that is billed already"
    DAY_OUT_OF_ORDER = "days are billed one after the other, from the first to the last"
    COUNTERS_FELL = "a bill cannot ask for less than the bill before it"
    OTHER_COUNTERS = "the chain was claimed up to other counters than the final bill's"
    OTHER_AMOUNT = "what came back is not what was deposited and earned, less what was spent"


@dataclass(frozen=True, slots=True)
class Began:
    """The first day of supply has come."""

    day: date


@dataclass(frozen=True, slots=True)
class LeaveAnnounced:
    """The customer, or a new retailer for him, named the last day; naming another one moves it."""

    last_day: date
    cause: LeaveCause


@dataclass(frozen=True, slots=True)
class LeaveWithdrawn:
    """The customer stays."""


@dataclass(frozen=True, slots=True)
class DayBilled:
    """A day was closed with the channel's counters at its end."""

    day: date
    counters: Counters


@dataclass(frozen=True, slots=True)
class FinalClaimed:
    """The chain shows these counters."""

    counters: Counters


@dataclass(frozen=True, slots=True)
class DepositReturned:
    """The vault paid this out to the owner; `deposited_ubolt` is for the channel's life."""

    amount_ubolt: int
    deposited_ubolt: int


@dataclass(frozen=True, slots=True)
class StopSelling:
    """Sell no interval after `last_day`."""

    last_day: date


@dataclass(frozen=True, slots=True)
class MakeFinalBill:
    """The bill of `last_day` is the last one; it says so."""

    last_day: date


@dataclass(frozen=True, slots=True)
class ClaimFinal:
    """Claim the newest voucher now, not with the next batch."""

    counters: Counters


@dataclass(frozen=True, slots=True)
class OfferClose:
    """Sign a close at these counters, so that the owner has the rest at once."""

    counters: Counters


SupplyFact: TypeAlias = (
    Began | LeaveAnnounced | LeaveWithdrawn | DayBilled | FinalClaimed | DepositReturned
)
SupplyEffect: TypeAlias = StopSelling | MakeFinalBill | ClaimFinal | OfferClose
SupplyAnswer: TypeAlias = Step["Supply", SupplyEffect] | Refusal[SupplyRefusal]


@dataclass(frozen=True, slots=True)
class Supply:
    """`billed` is the newest day that was closed, `counters` where it left the channel."""

    channel: ChannelId
    first_day: date
    begun: bool = False
    last_day: date | None = None
    cause: LeaveCause | None = None
    billed: date | None = None
    counters: Counters = NOTHING
    claimed: bool = False
    returned_ubolt: int | None = None

    @property
    def phase(self) -> SupplyPhase:
        if self.returned_ubolt is not None:
            return SupplyPhase.SETTLED
        if self.claimed:
            return SupplyPhase.CLAIMED
        if self.last_day is not None and self.billed == self.last_day:
            return SupplyPhase.FINAL
        if not self.begun:
            return SupplyPhase.AGREED
        return SupplyPhase.ACTIVE if self.last_day is None else SupplyPhase.LEAVING


def agree_supply(channel: ChannelId, *, first_day: date) -> Supply:
    """A customer moves in on `first_day`, or switches to this retailer from then on."""
    return Supply(channel, first_day)


def step_supply(state: Supply, fact: SupplyFact) -> SupplyAnswer:
    """What `fact` makes of the agreement."""
    answer = _apply(state, fact)
    if isinstance(answer, Step):
        SUPPLY_TABLE.require(state.phase, fact, after=answer.state.phase, effects=answer.effects)
    return answer


def _apply(state: Supply, fact: SupplyFact) -> SupplyAnswer:
    match fact:
        case Began():
            if fact.day != state.first_day:
                return Refusal(SupplyRefusal.BEGINS_ANOTHER_DAY)
            return Step(replace(state, begun=True))
        case LeaveAnnounced():
            return _announced(state, fact)
        case LeaveWithdrawn():
            return _withdrawn(state)
        case DayBilled():
            return _day_billed(state, fact)
        case FinalClaimed():
            return _final_claimed(state, fact.counters)
        case DepositReturned():
            return _returned(state, fact)


def _announced(state: Supply, fact: LeaveAnnounced) -> SupplyAnswer:
    if _has_ended(state):
        return Refusal(SupplyRefusal.ENDED)
    newest = state.billed or state.first_day
    if fact.last_day < newest:
        return Refusal(SupplyRefusal.LAST_DAY_PASSED)
    after = replace(state, last_day=fact.last_day, cause=fact.cause)
    if after.phase is SupplyPhase.FINAL:
        made = MakeFinalBill(fact.last_day), ClaimFinal(state.counters)
        return Step(after, (StopSelling(fact.last_day), *made))
    return Step(after, (StopSelling(fact.last_day),))


def _withdrawn(state: Supply) -> SupplyAnswer:
    if _has_ended(state):
        return Refusal(SupplyRefusal.ENDED)
    if state.last_day is None:
        return Refusal(SupplyRefusal.NOT_LEAVING)
    return Step(replace(state, last_day=None, cause=None))


def _day_billed(state: Supply, fact: DayBilled) -> SupplyAnswer:
    if not state.begun:
        return Refusal(SupplyRefusal.NOT_BEGUN)
    if _has_ended(state):
        return Refusal(SupplyRefusal.ENDED)
    due = state.first_day if state.billed is None else _next(state.billed)
    if fact.day != due:
        return Refusal(SupplyRefusal.DAY_OUT_OF_ORDER)
    if not fact.counters.covers(state.counters):
        return Refusal(SupplyRefusal.COUNTERS_FELL)
    after = replace(state, billed=fact.day, counters=fact.counters)
    if after.phase is SupplyPhase.FINAL:
        return Step(after, (MakeFinalBill(fact.day), ClaimFinal(fact.counters)))
    return Step(after)


def _final_claimed(state: Supply, counters: Counters) -> SupplyAnswer:
    if state.phase is not SupplyPhase.FINAL:
        reason = SupplyRefusal.ENDED if _has_ended(state) else SupplyRefusal.NOT_LEAVING
        return Refusal(reason)
    if counters != state.counters:
        return Refusal(SupplyRefusal.OTHER_COUNTERS)
    return Step(replace(state, claimed=True), (OfferClose(counters),))


def _returned(state: Supply, fact: DepositReturned) -> SupplyAnswer:
    if state.phase is SupplyPhase.SETTLED:
        return Refusal(SupplyRefusal.ENDED)
    if state.phase not in (SupplyPhase.FINAL, SupplyPhase.CLAIMED):
        return Refusal(SupplyRefusal.NOT_LEAVING)
    due = fact.deposited_ubolt + state.counters.earned_ubolt - state.counters.spent_ubolt
    if fact.amount_ubolt != due:
        return Refusal(SupplyRefusal.OTHER_AMOUNT)
    return Step(replace(state, returned_ubolt=fact.amount_ubolt))


def _has_ended(state: Supply) -> bool:
    return state.phase in (SupplyPhase.FINAL, SupplyPhase.CLAIMED, SupplyPhase.SETTLED)


def _next(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


_SUPPLIED = (SupplyPhase.ACTIVE, SupplyPhase.LEAVING)

SUPPLY_TABLE = Table(
    title="Supply: from move-in to the deposit's return",
    phases=SupplyPhase,
    anywhere=(),
    refusals=SupplyRefusal,
    rows=(
        Row(Began, (SupplyPhase.AGREED,), _SUPPLIED, (), "the first day has come"),
        Row(Began, tuple(SupplyPhase), (), (), "the same day again"),
        Row(
            LeaveAnnounced,
            _SUPPLIED,
            (SupplyPhase.LEAVING,),
            (StopSelling,),
            "move-out or switch; another last day moves it",
        ),
        Row(LeaveAnnounced, (SupplyPhase.AGREED,), (), (StopSelling,), "before it has begun"),
        Row(
            LeaveAnnounced,
            _SUPPLIED,
            (SupplyPhase.FINAL,),
            (StopSelling, MakeFinalBill, ClaimFinal),
            "the last day is the newest that is billed",
        ),
        Row(LeaveWithdrawn, (SupplyPhase.LEAVING,), (SupplyPhase.ACTIVE,), (), "he stays"),
        Row(LeaveWithdrawn, (SupplyPhase.AGREED,), (), (), "before it has begun"),
        Row(DayBilled, _SUPPLIED, (), (), "a day of supply was closed"),
        Row(
            DayBilled,
            (SupplyPhase.LEAVING,),
            (SupplyPhase.FINAL,),
            (MakeFinalBill, ClaimFinal),
            "the last day was closed",
        ),
        Row(
            FinalClaimed,
            (SupplyPhase.FINAL,),
            (SupplyPhase.CLAIMED,),
            (OfferClose,),
            "nothing is left to claim: the rest is the customer's",
        ),
        Row(
            DepositReturned,
            (SupplyPhase.FINAL, SupplyPhase.CLAIMED),
            (SupplyPhase.SETTLED,),
            (),
            "by a close, or by an exit of his own",
        ),
    ),
)
