"""What the hub refuses beyond what the meter and the channel refuse, in the order of its checks."""

from dataclasses import dataclass
from enum import Enum

from gridplus.channel import Counters, PayeeRefusal, Refusal


class HubRefusal(Enum):
    """Each sentence is for the owner of the home."""

    OTHER_LINE = "the line belongs to another device than this channel's"
    HUB_REPLACED = "the vault names another hub now; ask the retailer where it is"
    OTHER_SHARD = "another shard of the hub serves this channel; ask the hub where its stream is"
    FOREIGN_VAULT = "the channel names another chain or vault than this retailer's"
    NO_DEPOSIT = "the chain shows no deposit in this channel yet; deposit first, then open it"
    UNKNOWN_CHANNEL = "the hub knows no such channel; open it first"
    FOREIGN_DEVICE = "the channel's device did not sign this"
    ORDER_UNDER_WAY = "the hub has signed an order of this home; nothing more until that is done"
    READ_CONFLICT = "another read of this interval has been billed; nothing is billed twice"
    UNSIGNED_REQUEST = "the retailer's publisher did not sign this request"
    JOINED_TOO_LATE = "a paid request is joined a minute before it begins, at the latest"
    REQUEST_OVERLAPS = "the home takes part in another request at the same time"
    REQUEST_REPLACED = "the home takes part in this version of the request or a newer one already"
    BILL_UNPAID = "the home has not signed for its newest bill yet; ask again once it has"
    NOTHING_RESTATED = "there is no such restatement: these bills are what they should have been"
    INPUTS_NOT_USABLE = "an interval was never billed, or cannot be rated with what is named for it"
    PRICES_NOT_PUBLISHED = "no final prices are published for this interval's operating day"
    NOT_YOURS = "owner, guardian or device of the channel must sign this question, now"
    TWO_MUST_SIGN = "two of owner, guardian and device must sign, and each signature must be theirs"
    ORDER_OUTDATED = "another order of this home was sent since this one was written"
    ORDER_EXPIRED = "an order is good for at most seven days, and this one is not good now"
    CLAIM_FIRST = "that cap would leave bills unpaid; ask again after the next claim"
    FINAL_DIFFERS = "the final pair is not what the newest bill says"
    NOBODY_TO_TELL = "this hub can tell nobody of this order; it takes all three keys"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changed. `newest` tells a home that has fallen behind where its channel stands;
    `more` ends the reason's sentence."""

    reason: Enum
    newest: Counters | None = None
    more: str = ""


def refused(refusal: Refusal[PayeeRefusal]) -> Refused:
    return Refused(refusal.reason, refusal.newest)
