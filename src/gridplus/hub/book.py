"""All homes of a hub, rebuilt from its journal fact by fact."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from gridplus.channel import ChainSeen, Terms, Voucher, open_payee
from gridplus.failures import StorageError, invariant
from gridplus.hub.facts import (
    BilledRead,
    Kind,
    StoredVoucher,
    VaultFollowed,
    parse_followed,
    parse_notice,
    parse_order_signed,
    parse_seen,
)
from gridplus.hub.home import Home, open_home
from gridplus.hub.homes import Homes
from gridplus.hub.packing import unpack_home
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.hub.sealing import GROUPED, ClosedGroup, Made, OpenGroup, Receipt
from gridplus.hub.shard import WHOLE, Shard, shard_of
from gridplus.journal import Stored
from gridplus.market import PriceVersion, parse_price_version
from gridplus.tariff import ChannelIdentity, Plan, Sources, parse_plan
from gridplus.units import DAY_S, Interval
from gridplus.wallet import Address, ChannelId
from gridplus.wire import OpenChannel


@dataclass
class Book:
    """`plan` is the one this hub sells; `prices` are known by their digest."""

    hub: Address
    unsigned_limit_ubolt: int
    shard: Shard = WHOLE
    homes: Homes = field(init=False)
    plan: Plan | None = None
    prices: dict[bytes, PriceVersion] = field(default_factory=dict)
    _prices_of: dict[int, list[PriceVersion]] = field(default_factory=dict)
    followed: VaultFollowed | None = None
    plan_at: int = 0
    followed_at: int = 0
    prices_at: list[int] = field(default_factory=list)
    adopting: asyncio.Lock = field(default_factory=asyncio.Lock)
    as_of: dict[ChannelId, int] = field(default_factory=dict)
    _opening: dict[ChannelId, ChannelIdentity] = field(default_factory=dict)
    _group: OpenGroup = field(default_factory=OpenGroup)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Know nothing, as before the first fact."""
        self.homes = self._no_homes()
        self.plan = self.followed = None
        self.plan_at = self.followed_at = 0
        for known in (self.prices, self._prices_of, self.prices_at, self.as_of):
            known.clear()

    def replay(self, facts: Iterable[Stored]) -> None:
        """Apply durable facts in their order; what a home knows already (`as_of`) is skipped.
        Raises StorageError for one of an unknown kind."""
        for stored in facts:
            self._apply(stored)
        self.as_of.clear()
        invariant(self._group.is_empty, "what a group holds and its seal become durable together")

    def price_at(self, interval: Interval) -> PriceVersion | None:
        """The newest adopted version that covers `interval`."""
        known = self._prices_of.get(interval.start_s // DAY_S, [])
        covering = [version for version in known if version.covers(interval)]
        return max(covering, key=lambda version: version.version, default=None)

    @property
    def replaced_by(self) -> Address | None:
        """The hub that the vault names instead of this one, if it does."""
        return None if self.followed is None else self.followed.replaced_by

    @property
    def sources(self) -> Sources:
        """The plan that is sold, and every price version that was adopted."""
        return Sources({} if self.plan is None else {self.plan.digest: self.plan}, self.prices)

    def served(self, channel: ChannelId) -> Home | Refused:
        """The home, unless it must be told that it is not served here."""
        if self.replaced_by is not None:
            return Refused(HubRefusal.HUB_REPLACED)
        return self.homes.get(channel) or self.unserved(channel)

    def unserved(self, channel: ChannelId) -> Refused:
        """Why a channel that is none of `homes` is not served here."""
        if self.shard.owns(channel):
            return Refused(HubRefusal.UNKNOWN_CHANNEL)
        right = Shard(shard_of(channel, self.shard.count), self.shard.count)
        return Refused(HubRefusal.OTHER_SHARD, more=f": {right}")

    def leave_to_others(self) -> bool:
        """Forget homes that are other shards'; whether there were any."""
        known = self.homes
        if self.shard == WHOLE or all(map(self.shard.owns, known)):
            return False
        self.homes = self._no_homes()
        for home in known.all():
            if self.shard.owns(home.channel):
                self.homes.add(home)
        return True

    def adopt_plan(self, plan: Plan, *, at: int) -> None:
        """Sell under this plan; its fact is the one `at` this sequence."""
        self.plan, self.plan_at = plan, at

    def follow(self, followed: VaultFollowed, *, at: int) -> None:
        """The vault's logs are read so far; its fact is the one `at` this sequence."""
        self.followed, self.followed_at = followed, at

    def adopt_prices(self, prices: PriceVersion, *, at: int) -> None:
        """Bill with this version; its fact is the one `at` this sequence."""
        self.prices_at.append(at)
        self.prices[prices.digest] = prices
        for day in range(prices.start_s // DAY_S, (prices.end_s - 1) // DAY_S + 1):
            self._prices_of.setdefault(day, []).append(prices)

    def open(self, identity: ChannelIdentity, seen: ChainSeen) -> Home:
        """A home whose opening is durable."""
        terms = Terms(identity.domain, identity.cfg, identity.voucher_key, self.hub)
        payee = open_payee(terms, seen, unsigned_limit_ubolt=self.unsigned_limit_ubolt)
        home = open_home(identity, seen, payee=payee)
        self.homes.add(home)
        return home

    def _no_homes(self) -> Homes:
        limit = self.unsigned_limit_ubolt
        return Homes(partial(unpack_home, hub=self.hub, unsigned_limit_ubolt=limit))

    def _apply(self, stored: Stored) -> None:
        body, channel, at = stored.fact.body, ChannelId(stored.fact.subject), stored.sequence
        closed = self._group.take(stored)
        if closed is not None:
            self._keep_group(closed)
        if self._knows(channel, at):
            return
        match stored.fact.kind:
            case Kind.CHANNEL_OPENED:
                self._opening[channel] = OpenChannel.parse(body).identity
            case Kind.PLAN_ADOPTED:
                self.adopt_plan(parse_plan(body, what=f"fact {at}"), at=at)
            case Kind.PRICES_ADOPTED:
                self.adopt_prices(parse_price_version(body), at=at)
            case Kind.CHAIN_SEEN:
                seen, at_s = parse_seen(stored)
                self._see(channel, seen, now_s=at_s)
            case Kind.VAULT_FOLLOWED:
                self.follow(parse_followed(stored), at=at)
            case Kind.NOTICE_TOLD:
                self.homes[channel].keep_notice(parse_notice(stored))
            case Kind.ORDER_SIGNED:
                self.homes[channel].keep_order(parse_order_signed(stored))
            case kind if kind in GROUPED:
                pass  # the group has taken them
            case Kind.CLAIM_MINED | Kind.OUTBOX_WRITTEN | Kind.SHARD_TAKEN:
                pass
            case unknown:
                raise StorageError(
                    f"fact {stored.sequence} is of kind {unknown}, a newer version's"
                )

    def _see(self, channel: ChannelId, seen: ChainSeen, *, now_s: int) -> None:
        if channel in self.homes:
            self.homes[channel].apply(seen, now_s=now_s)
        else:
            self.open(self._opening.pop(channel), seen)

    def _keep_group(self, closed: ClosedGroup) -> None:
        for made, _ in closed.made:
            if not self._knows(made.link.link.channel, closed.sequence):
                self._keep_link(made)
        for voucher, receipt in closed.vouchers:
            if not self._knows(voucher.channel, closed.sequence):
                self._keep_voucher(voucher, receipt)
        for taken, receipt in closed.words:
            if not self._knows(taken.channel, closed.sequence):
                self.homes[taken.channel].keep_joined(taken, receipt)

    def _knows(self, channel: ChannelId, sequence: int) -> bool:
        """Whether the row that a home was made of says so already."""
        return self.as_of.get(channel, 0) >= sequence

    def _keep_link(self, made: Made) -> None:
        home = self.homes[made.link.link.channel]
        if isinstance(made.link, BilledRead):
            home.keep_bill(made.link, now_s=made.at_s)
        else:
            home.keep_restatement(made.link, at=made.sequence, now_s=made.at_s)

    def _keep_voucher(self, stored: StoredVoucher, receipt: Receipt) -> None:
        home = self.homes[stored.channel]
        cfg = home.machine.terms.cfg
        voucher = Voucher(cfg, stored.spent, stored.earned, stored.signature)
        home.keep_voucher(voucher, receipt)
