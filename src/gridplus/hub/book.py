"""All homes of a hub, rebuilt from its journal fact by fact."""

from collections.abc import Iterable
from dataclasses import dataclass, field

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
    homes: Homes = field(default_factory=Homes)
    shard: Shard = WHOLE
    plan: Plan | None = None
    prices: dict[bytes, PriceVersion] = field(default_factory=dict)
    _prices_of: dict[int, list[PriceVersion]] = field(default_factory=dict)
    followed: VaultFollowed | None = None
    _opening: dict[ChannelId, ChannelIdentity] = field(default_factory=dict)
    _group: OpenGroup = field(default_factory=OpenGroup)

    def replay(self, facts: Iterable[Stored]) -> None:
        """Apply durable facts in their order. Raises StorageError for one of an unknown kind."""
        for stored in facts:
            self._apply(stored)
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

    def leave_to_others(self, shard: Shard) -> None:
        """Serve one shard's channels alone from now on."""
        known, self.shard, self.homes = self.homes, shard, Homes()
        for home in known.values():
            if shard.owns(home.channel):
                self.homes.add(home)

    def adopt_prices(self, prices: PriceVersion) -> None:
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

    def _apply(self, stored: Stored) -> None:
        body, channel = stored.fact.body, ChannelId(stored.fact.subject)
        match stored.fact.kind:
            case Kind.CHANNEL_OPENED:
                self._opening[channel] = OpenChannel.parse(body).identity
            case Kind.PLAN_ADOPTED:
                self.plan = parse_plan(body, what=f"fact {stored.sequence}")
            case Kind.PRICES_ADOPTED:
                self.adopt_prices(parse_price_version(body))
            case Kind.CHAIN_SEEN:
                seen, at_s = parse_seen(stored)
                self._see(channel, seen, now_s=at_s)
            case kind if kind in GROUPED:
                closed = self._group.take(stored)
                if closed is not None:
                    self._keep_group(closed)
            case Kind.VAULT_FOLLOWED:
                self.followed = parse_followed(stored)
            case Kind.NOTICE_TOLD:
                self.homes[channel].keep_notice(parse_notice(stored))
            case Kind.ORDER_SIGNED:
                self.homes[channel].keep_order(parse_order_signed(stored))
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
            self._keep_link(made)
        for voucher, receipt in closed.vouchers:
            self._keep_voucher(voucher, receipt)
        for taken, receipt in closed.words:
            self.homes[taken.channel].keep_joined(taken, receipt)

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
