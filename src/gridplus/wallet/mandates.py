"""An owner's standing order to top a channel up by itself, within ceilings. Never signs.

It moves no money on chain: it tells a ramp when to ask the owner's bank or card for how much.
"""

from dataclasses import astuple, dataclass
from typing import ClassVar

from gridplus.failures import InputError
from gridplus.units import format_ubolt, format_utc, utc_from_s
from gridplus.wallet.digests import Domain, struct_digest
from gridplus.wallet.names import ChannelId


@dataclass(frozen=True, slots=True)
class TopUpMandate:
    """When headroom falls below `below_ubolt`, pay in `amount_ubolt`; never more than the ceilings
    in a UTC day and month. The highest `number` of a channel counts; an amount of 0 ends it.

    Raises InputError when the ceilings contradict the amount, or each other.
    """

    channel: ChannelId
    below_ubolt: int
    amount_ubolt: int
    daily_ubolt: int
    monthly_ubolt: int
    number: int
    valid_until_s: int
    TYPE: ClassVar[str] = (
        "TopUpMandate(bytes32 channel,uint48 below,uint48 amount,uint48 dailyLimit,"
        "uint48 monthlyLimit,uint64 number,uint64 validUntil)"
    )

    def __post_init__(self) -> None:
        if self.amount_ubolt > self.daily_ubolt:
            raise InputError("a day's ceiling of a mandate holds at least one top-up")
        if self.daily_ubolt > self.monthly_ubolt:
            raise InputError("a month's ceiling of a mandate holds at least one day's")

    def words(self) -> str:
        """What a person reads before the owner's key signs."""
        if self.amount_ubolt == 0:
            return "End the automatic top-ups of this account."
        until = format_utc(utc_from_s(self.valid_until_s))
        return (
            f"When the account falls below {format_ubolt(self.below_ubolt)} BOLT, pay in "
            f"{format_ubolt(self.amount_ubolt)} BOLT from my card or bank: at most "
            f"{format_ubolt(self.daily_ubolt)} BOLT a day and {format_ubolt(self.monthly_ubolt)} "
            f"BOLT a month, until {until}."
        )


def mandate_digest(domain: Domain, mandate: TopUpMandate) -> bytes:
    """32 bytes that the owner signs, in the vault's domain. Raises InputError when a value does not
    fit its type."""
    return struct_digest(domain, mandate.TYPE, values=astuple(mandate))
