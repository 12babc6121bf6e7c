"""What the two sides sign and what they sign about: terms, bill, voucher, credit."""

from dataclasses import dataclass

from gridplus.channel.counters import NOTHING, Counters
from gridplus.units import Interval
from gridplus.wallet import (
    Address,
    Cfg,
    ChannelId,
    Domain,
    channel_id,
    credit_digest,
    is_signed_by,
    voucher_digest,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Who is who in one channel: the vault, the home's cfg and voucher key, the hub's hot key."""

    domain: Domain
    cfg: Cfg
    voucher_key: Address
    hub: Address

    @property
    def channel(self) -> ChannelId:
        return channel_id(self.voucher_key, self.cfg)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a channel knows of one interval's bill: its place in the home's bill chain and the
    cumulative counters (µBOLT) that it asks for. The genesis bill has no interval, nor has a
    restatement: a channel keeps the newest one's then."""

    interval: Interval | None
    previous_head: bytes
    head: bytes
    counters: Counters


@dataclass(frozen=True, slots=True)
class Voucher:
    """The home's promise: take up to `spent`, given that I am credited `earned` (µBOLT)."""

    cfg: Cfg
    spent: int
    earned: int
    signature: bytes

    @property
    def counters(self) -> Counters:
        return Counters(self.spent, self.earned)

    def is_valid(self, terms: Terms) -> bool:
        """Signed by the channel's voucher key, for this vault on this chain."""
        if self.cfg != terms.cfg:
            return False
        digest = voucher_digest(terms.domain, self.cfg, spent=self.spent, earned=self.earned)
        return is_signed_by(terms.voucher_key, digest, signature=self.signature)


@dataclass(frozen=True, slots=True)
class Credit:
    """The hub's promise: this home has earned `earned` (µBOLT) by the bills up to `bill_head`."""

    channel: ChannelId
    earned: int
    bill_head: bytes
    signature: bytes

    def is_valid(self, terms: Terms) -> bool:
        """Signed by the hub, for this channel in this vault on this chain."""
        if self.channel != terms.channel:
            return False
        digest = credit_digest(
            terms.domain, self.channel, earned=self.earned, bill_head=self.bill_head
        )
        return is_signed_by(terms.hub, digest, signature=self.signature)


def genesis(terms: Terms) -> Bill:
    """Where each bill chain starts: nothing asked, the channel id for a head."""
    return Bill(None, terms.channel, terms.channel, NOTHING)


def counters_of(voucher: Voucher | None) -> Counters:
    return NOTHING if voucher is None else voucher.counters


def earned_of(credit: Credit | None) -> int:
    return 0 if credit is None else credit.earned


def newer(old: Voucher | None, new: Voucher) -> Voucher:
    """`new` if it says all that `old` says and more, else `old`: no counter falls (I-CH-1)."""
    if old is None:
        return new
    return new if new.counters != old.counters and new.counters.covers(old.counters) else old
