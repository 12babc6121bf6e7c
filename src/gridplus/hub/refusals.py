"""What the hub refuses beyond what the meter and the channel refuse, in the order of its checks."""

from dataclasses import dataclass
from enum import Enum

from gridplus.channel import Counters, PayeeRefusal, Refusal


class HubRefusal(Enum):
    """Each sentence is for the owner of the home."""

    OTHER_LINE = "the line belongs to another device than this channel's"
    HUB_REPLACED = "the vault names another hub now; ask the retailer where it is"
    FOREIGN_VAULT = "the channel names another chain or vault than this retailer's"
    NO_DEPOSIT = "the chain shows no deposit in this channel yet; deposit first, then open it"
    UNKNOWN_CHANNEL = "the hub knows no such channel; open it first"
    FOREIGN_DEVICE = "the channel's device did not sign this read"
    READ_CONFLICT = "another read of this interval has been billed; nothing is billed twice"
    PRICES_NOT_PUBLISHED = "no final prices are published for this interval's operating day"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changed. `newest` tells a home that has fallen behind where its channel stands."""

    reason: Enum
    newest: Counters | None = None


def refused(refusal: Refusal[PayeeRefusal]) -> Refused:
    return Refused(refusal.reason, refusal.newest)
