"""A customer disputes a bill: from the day it is opened to the credit note, or to its rejection.

What is disputed is held: it is a reason neither to stop supply nor to collect in another way. What
is not disputed goes on being billed and paid.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import TypeAlias

from gridplus.channel import Refusal, Step
from gridplus.channel.table import Row, Table
from gridplus.digest import Document, document_digest
from gridplus.wallet import ChannelId

ANSWER_WITHIN_DAYS = 21
"""Source: 16 TAC 25.485(d), the results of an investigation are told within 21 days."""
CREDIT_NOTE_KIND = "gridplus.credit-note/1"
MOST_WORDS = 2_000


class DisputePhase(Enum):
    """The last three are for good."""

    OPENED = "the customer has said what is wrong"
    ANSWERED = "the retailer has said what it found"
    UPHELD = "the customer was right"
    REJECTED = "the bill stands"
    WITHDRAWN = "the customer has taken it back"


class DisputeRefusal(Enum):
    """Why nothing changes, in the order of the checks."""

    CLOSED = "the dispute is closed; new grounds are a new dispute"
    ANSWERED_ALREADY = "it has been answered; decide it now"
    NOT_ANSWERED = "nothing is rejected without an answer"
    NO_WORDS = "say what was found, in at most 2,000 characters"
    AMOUNT_PAST_DISPUTE = "a credit note gives back at most what is disputed"
    DAY_BEFORE = "that day lies before the last thing that happened"


@dataclass(frozen=True, slots=True)
class DisputeOpened:
    """What a customer files: the bill's head (32 bytes), how much of it, and why."""

    channel: ChannelId
    head: bytes
    disputed_ubolt: int
    grounds: str
    day: date


@dataclass(frozen=True, slots=True)
class Answered:
    """The retailer has investigated."""

    finding: str
    day: date


@dataclass(frozen=True, slots=True)
class Upheld:
    """The retailer gives this back."""

    amount_ubolt: int
    day: date


@dataclass(frozen=True, slots=True)
class Rejected:
    """The bill stands, for the reasons in the answer."""

    day: date


@dataclass(frozen=True, slots=True)
class DisputeWithdrawn:
    """By the customer."""

    day: date


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """`amount_ubolt` of the bill `head` is no reason to stop supply or to collect."""

    head: bytes
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class LiftHold:
    """The bill `head` is held no longer."""

    head: bytes


@dataclass(frozen=True, slots=True)
class CreditNote:
    """What the retailer owes for a bill that was too high, under the head of that bill. It reaches
    the home as a rise of `earned`, by a restatement that names it."""

    channel: ChannelId
    head: bytes
    amount_ubolt: int
    day: date

    @property
    def digest(self) -> bytes:
        """32 bytes that bind every field."""
        document: dict[str, Document] = {
            "channel": f"0x{self.channel.hex()}",
            "head": f"0x{self.head.hex()}",
            "amount_ubolt": self.amount_ubolt,
            "day": self.day.isoformat(),
        }
        return document_digest(CREDIT_NOTE_KIND, document)


@dataclass(frozen=True, slots=True)
class IssueCreditNote:
    """Send it, and restate."""

    note: CreditNote


DisputeFact: TypeAlias = Answered | Upheld | Rejected | DisputeWithdrawn
DisputeEffect: TypeAlias = PlaceHold | LiftHold | IssueCreditNote
DisputeAnswer: TypeAlias = Step["Dispute", DisputeEffect] | Refusal[DisputeRefusal]


@dataclass(frozen=True, slots=True)
class Dispute:
    """`day` is of the last thing that happened."""

    opened: DisputeOpened
    phase: DisputePhase
    day: date
    finding: str = ""
    note: CreditNote | None = None


def open_dispute(opened: DisputeOpened) -> DisputeAnswer:
    """A new dispute, with its hold. Refuses grounds without words."""
    if not _has_words(opened.grounds):
        return Refusal(DisputeRefusal.NO_WORDS)
    dispute = Dispute(opened, DisputePhase.OPENED, opened.day)
    return Step(dispute, (PlaceHold(opened.head, opened.disputed_ubolt),))


def step_dispute(state: Dispute, fact: DisputeFact) -> DisputeAnswer:
    """What `fact` makes of the dispute."""
    refused = _refusal(state, fact)
    if refused is not None:
        return Refusal(refused)
    answer = _apply(state, fact)
    DISPUTE_TABLE.require(state.phase, fact, after=answer.state.phase, effects=answer.effects)
    return answer


def is_overdue(state: Dispute, today: date) -> bool:
    """Whether an answer should have been given by now."""
    waited = today.toordinal() - state.opened.day.toordinal()
    return state.phase is DisputePhase.OPENED and waited > ANSWER_WITHIN_DAYS


def _refusal(state: Dispute, fact: DisputeFact) -> DisputeRefusal | None:
    if state.phase not in (DisputePhase.OPENED, DisputePhase.ANSWERED):
        return DisputeRefusal.CLOSED
    answered = state.phase is DisputePhase.ANSWERED
    if isinstance(fact, Answered) and answered:
        return DisputeRefusal.ANSWERED_ALREADY
    if isinstance(fact, Rejected) and not answered:
        return DisputeRefusal.NOT_ANSWERED
    if isinstance(fact, Answered) and not _has_words(fact.finding):
        return DisputeRefusal.NO_WORDS
    if isinstance(fact, Upheld) and not 0 < fact.amount_ubolt <= state.opened.disputed_ubolt:
        return DisputeRefusal.AMOUNT_PAST_DISPUTE
    return DisputeRefusal.DAY_BEFORE if fact.day < state.day else None


def _apply(state: Dispute, fact: DisputeFact) -> Step[Dispute, DisputeEffect]:
    head = state.opened.head
    match fact:
        case Answered():
            phase = DisputePhase.ANSWERED
            return Step(replace(state, phase=phase, day=fact.day, finding=fact.finding))
        case Upheld():
            note = CreditNote(state.opened.channel, head, fact.amount_ubolt, fact.day)
            upheld = replace(state, phase=DisputePhase.UPHELD, day=fact.day, note=note)
            return Step(upheld, (IssueCreditNote(note), LiftHold(head)))
        case Rejected():
            rejected = replace(state, phase=DisputePhase.REJECTED, day=fact.day)
            return Step(rejected, (LiftHold(head),))
        case DisputeWithdrawn():
            withdrawn = replace(state, phase=DisputePhase.WITHDRAWN, day=fact.day)
            return Step(withdrawn, (LiftHold(head),))


def _has_words(text: str) -> bool:
    return bool(text.strip()) and len(text) <= MOST_WORDS


_PENDING = (DisputePhase.OPENED, DisputePhase.ANSWERED)

DISPUTE_TABLE = Table(
    title="Dispute: from its grounds to its end",
    phases=DisputePhase,
    anywhere=(),
    refusals=DisputeRefusal,
    rows=(
        Row(Answered, (DisputePhase.OPENED,), (DisputePhase.ANSWERED,), (), "investigated"),
        Row(
            Upheld,
            _PENDING,
            (DisputePhase.UPHELD,),
            (IssueCreditNote, LiftHold),
            "with or without an answer before",
        ),
        Row(Rejected, (DisputePhase.ANSWERED,), (DisputePhase.REJECTED,), (LiftHold,), "it stands"),
        Row(DisputeWithdrawn, _PENDING, (DisputePhase.WITHDRAWN,), (LiftHold,), "by the customer"),
    ),
)
