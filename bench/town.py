"""A town to measure in: a chain in its own process, contracts, homes whose deposits stand on it.

Reads are those of real homes on a real day, without a battery; every signature is real. What homes
send is prepared beforehand, so that a measurement holds the hub's work and little else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.chain import RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.channel import Counters, Terms, Voucher
from gridplus.clock import set_clock
from gridplus.demo.founding import CHAIN_ID, SENDERS, DepositOrder, Founder, make_role_keys
from gridplus.demo.options import bundled, street_terms
from gridplus.demo.processes import start_service
from gridplus.demo.stage import PLAN
from gridplus.demo.street_data import day_ahead_prices, home_numbers, home_series
from gridplus.digest import keccak256
from gridplus.hub.vault import VaultLink
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.meter import IntervalRead, SignedRead, read_message
from gridplus.tariff import (
    ChannelIdentity,
    Statement,
    Tip,
    next_statement,
    parse_plan,
)
from gridplus.tariff import Plan as TariffPlan
from gridplus.wallet import Address, Descriptor, voucher_digest

DAY = date(2021, 8, 11)
INTERVALS = operating_day_intervals(DAY)
SEED = 1


def bundled_plan() -> TariffPlan:
    return parse_plan(bundled(PLAN), what=PLAN)


def reads_of(number: int, day: date = DAY) -> list[IntervalRead]:
    """A day of reads of home `number`, counted round and round; registers begin at zero."""
    homes = home_numbers()
    intervals = operating_day_intervals(day)
    series = home_series(homes[number % len(homes)])
    reads, import_sum, export_sum = [], 0, 0
    for interval in intervals:
        load_wh, solar_wh = series.at(interval)
        import_wh, export_wh = max(load_wh - solar_wh, 0), max(solar_wh - load_wh, 0)
        import_sum, export_sum = import_sum + import_wh, export_sum + export_wh
        reads.append(IntervalRead(interval, import_wh, export_wh, import_sum, export_sum))
    return reads


@dataclass(frozen=True)
class Home:
    """One channel with all its keys."""

    number: int
    chain_id: int
    vault: Address
    anchor: Address

    @cached_property
    def owner(self) -> Secp256k1Key:
        return self._key("owner")

    @cached_property
    def voucher_key(self) -> Secp256k1Key:
        return self._key("voucher")

    @cached_property
    def device(self) -> DeviceKey:
        return DeviceKey(ec.derive_private_key(7 + self.number, ec.SECP256R1()))

    @cached_property
    def identity(self) -> ChannelIdentity:
        public = self.device.public
        x, y = (int.from_bytes(half, "big") for half in (public[:32], public[32:]))
        guardian, salt = self._key("guardian").address, bytes(32)
        descriptor = Descriptor(self.owner.address, guardian, x, y, salt)
        cap, key = street_terms().daily_cap_bolt, self.voucher_key.address
        return ChannelIdentity(self.chain_id, self.vault, self.anchor, descriptor, cap, key)

    @cached_property
    def terms(self) -> Terms:
        who = self.identity
        return Terms(who.domain, who.cfg, who.voucher_key, Address(bytes(20)))

    @cached_property
    def reads(self) -> list[IntervalRead]:
        return reads_of(self.number)

    def signed(self, place: int) -> SignedRead:
        """The read of the day's interval at `place`, as the device signs it."""
        channel, read = self.identity.channel, self.reads[place]
        return SignedRead(channel, read, self.device.sign(read_message(channel, read)))

    def voucher(self, counters: Counters) -> Voucher:
        spent, earned = counters.spent_ubolt, counters.earned_ubolt
        who = self.identity
        digest = voucher_digest(who.domain, who.cfg, spent=spent, earned=earned)
        return Voucher(who.cfg, spent, earned, self.voucher_key.sign(digest))

    def statements(self, plan: TariffPlan, prices: PriceVersion, *, count: int) -> list[Statement]:
        """The right bills of the day's first `count` intervals."""
        tip, found = Tip.genesis(self.identity.channel), []
        for read in self.reads[:count]:
            found.append(next_statement(tip, plan=plan, prices=prices, read=read))
            tip = found[-1].tip
        return found

    def _key(self, role: str) -> Secp256k1Key:
        return Secp256k1Key(PrivateKey(keccak256(f"bench {role} {self.number}".encode())))


def home_nowhere(number: int = 0) -> Home:
    """A home for what needs no chain."""
    return Home(number, CHAIN_ID, Address(b"\xaa" * 20), Address(b"\xbb" * 20))


@dataclass(frozen=True)
class Town:
    """The chain's process runs; `homes` have deposits. `clock` is a clock file."""

    folder: Path
    chain: RpcChain
    chain_url: str
    hub_key: Secp256k1Key
    deployment: Deployment
    homes: Sequence[Home]

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    @property
    def vault(self) -> VaultLink:
        return VaultLink(self.chain, self.deployment)

    @cached_property
    def plan(self) -> TariffPlan:
        return bundled_plan()

    @cached_property
    def prices(self) -> PriceVersion:
        return day_ahead_prices(DAY)


@contextmanager
def founded_town(folder: Path, *, homes: int) -> Iterator[Town]:
    """Found a retailer in `folder` and pay in for its homes; the chain ends with the block."""
    clock, keys = folder / "clock", make_role_keys(folder / "keys", SEED)
    set_clock(clock, INTERVALS[0].start_s)
    arguments = ["chain", "serve", "--state", str(folder / "chain.sqlite"), "--clock", str(clock)]
    arguments += ["--chain-id", str(CHAIN_ID)]
    for role in SENDERS:
        arguments += ["--fund", f"0x{keys[role].address.hex()}"]
    service = start_service("chain", arguments, log=folder / "chain.log")
    try:
        with RpcChain(service.url) as chain:
            terms = street_terms()
            founder = Founder(chain, keys, terms=terms)
            deployment = founder.deploy()
            founder.fund_pool(deployment)
            place = (CHAIN_ID, deployment.vault, deployment.anchor)
            town = [Home(number, *place) for number in range(homes)]
            orders = [DepositOrder(h.identity, h.owner, 0, terms.deposit_ubolt) for h in town]
            founder.deposit(deployment, orders, now_s=INTERVALS[0].start_s)
            (folder / "deployment.json").write_bytes(deployment.to_bytes())
            yield Town(folder, chain, service.url, keys["hub"], deployment, town)
    finally:
        service.stop()
