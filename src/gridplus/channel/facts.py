"""What can have happened in a channel (facts) and what is to be done about it (effects).

A service journals a fact, steps, and only then acts on the effects; each effect may be repeated.
"""

from dataclasses import dataclass
from enum import Enum

from gridplus.channel.counters import Counters
from gridplus.channel.promises import Bill, Credit, Voucher
from gridplus.channel.view import ChannelView
from gridplus.units import Interval
from gridplus.wallet import Cfg


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """The chain's word of this channel, as it stood at the end of `block` (final), and the credit
    (µBOLT) that it would still pay that day; None for who does not ask."""

    view: ChannelView
    block: int
    payable_ubolt: int | None = None


@dataclass(frozen=True, slots=True)
class ExitStarted(ChainSeen):
    """The same, because the vault logged the start of an exit."""


@dataclass(frozen=True, slots=True)
class Claimed(ChainSeen):
    """The same, because the vault logged a claim or a posted credit."""


@dataclass(frozen=True, slots=True)
class Presented:
    """After a restart: the newest signed promises that the peer, who may know more, gave back."""

    voucher: Voucher | None
    credit: Credit | None


# The hub's own facts, in the order of an interval's life.


@dataclass(frozen=True, slots=True)
class Metered:
    """A signed read of this interval passed the meter's checks."""

    interval: Interval


@dataclass(frozen=True, slots=True)
class Billed:
    """The bill of the metered interval is made and durable."""

    bill: Bill


@dataclass(frozen=True, slots=True)
class Restated:
    """A restatement of earlier bills is made and durable: a link of the chain of no interval."""

    bill: Bill


@dataclass(frozen=True, slots=True)
class CreditStored:
    """The hub signed this credit and it is durable."""

    credit: Credit


@dataclass(frozen=True, slots=True)
class VoucherReceived:
    """Bytes that parse as a voucher came in; nothing else is known of them."""

    voucher: Voucher


@dataclass(frozen=True, slots=True)
class VoucherStored:
    """An accepted voucher is durable."""

    voucher: Voucher


@dataclass(frozen=True, slots=True)
class AcknowledgementSent:
    """The home was told that these counters are durable."""

    counters: Counters


@dataclass(frozen=True, slots=True)
class DayEnded:
    """It is time to claim."""


# The agent's own facts.


class Mismatch(Enum):
    """Why a home does not pay a bill, in the order of the tariff's checks."""

    CHANNEL_DIFFERS = "the bill is for another channel"
    READ_DIFFERS = "the bill is for another read than the one this meter signed"
    RESPONSE_DIFFERS = "a paid request is billed otherwise than it was promised, joined and read"
    PLAN_DIFFERS = "the bill is made under another plan than the one agreed"
    PRICE_NOT_PUBLISHED = "the bill uses prices that are not the published version"
    CHARGE_DIFFERS = "a line of the bill is not what read, prices and plan give"
    TOTAL_DIFFERS = "the counters are not the sums of everything billed so far"
    HEAD_DIFFERS = "the bill does not continue the last bill of this channel"
    DATE_DIFFERS = "earlier bills are charged more as if that had been decided long before"


@dataclass(frozen=True, slots=True)
class BillChecked:
    """The agent recomputed the hub's bill; `mismatch` is None when every µBOLT agrees."""

    bill: Bill
    credit: Credit | None
    mismatch: Mismatch | None


@dataclass(frozen=True, slots=True)
class BillAgreed(BillChecked):
    """The same, checked when it came and durable since. Deposit, cap and exit may have moved
    meanwhile, and a home that remembers does not check again what it agreed to then."""


@dataclass(frozen=True, slots=True)
class RestatementChecked:
    """The agent recomputed a restatement of earlier bills, a link of no interval."""

    bill: Bill
    credit: Credit | None
    mismatch: Mismatch | None


@dataclass(frozen=True, slots=True)
class RestatementAgreed(RestatementChecked):
    """The same, durable since: not checked again, as `BillAgreed`."""


@dataclass(frozen=True, slots=True)
class VoucherSigned:
    """The key store signed what `SignVoucher` asked for, and the voucher is durable."""

    voucher: Voucher


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The hub says that these counters are durable on its side."""

    counters: Counters


@dataclass(frozen=True, slots=True)
class HubUnreachable:
    """The hub does not answer; reads are kept, plans go on."""


@dataclass(frozen=True, slots=True)
class HubCaughtUp:
    """The hub answers again and the kept reads have their bills."""


# Effects of the hub's machine.


class Stop(Enum):
    """Why the hub sells no further interval on this channel, gravest first."""

    EXIT_STARTED = "the home is leaving: an exit was started on chain"
    HEADROOM_LOW = "deposit or daily cap hold less than two more intervals like the last"
    UNSIGNED_PAST_LIMIT = "bills without a voucher add up to more than the hub lends"


@dataclass(frozen=True, slots=True)
class SignCredit:
    """Sign `digest` with the hub's key, store the credit, report `CreditStored`."""

    earned: int
    bill_head: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class SendBill:
    """Offer this bill to the home, with the credit made for it if `earned` rose."""

    bill: Bill
    credit: Credit | None


@dataclass(frozen=True, slots=True)
class StoreVoucher:
    """Make it durable, then report `VoucherStored`; answer nothing before."""

    voucher: Voucher


@dataclass(frozen=True, slots=True)
class StoreCredit:
    """Make our own credit, which the home gave back to us, durable again."""

    credit: Credit


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Tell the home that these counters are durable, then report `AcknowledgementSent`."""

    counters: Counters


@dataclass(frozen=True, slots=True)
class SubmitClaim:
    """Claim this voucher on chain; repeated until the chain shows it."""

    voucher: Voucher


@dataclass(frozen=True, slots=True)
class StopExtending:
    """Sell no interval that begins from now on; tell the customer why."""

    reason: Stop


@dataclass(frozen=True, slots=True)
class ResumeExtending:
    """The reason to stop is gone."""


# Effects of the agent's machine.


@dataclass(frozen=True, slots=True)
class SignVoucher:
    """Sign `digest` with the voucher key, store the voucher, report `VoucherSigned`."""

    cfg: Cfg
    spent: int
    earned: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class SubmitVoucher:
    """Send it to the hub until the hub acknowledges it."""

    voucher: Voucher


@dataclass(frozen=True, slots=True)
class PostCredit:
    """Post it on chain before the exit's window ends; repeated until the chain shows it."""

    credit: Credit
