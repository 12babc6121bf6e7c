"""What is there before a retailer opens: a real chain with contracts, keys, homes with deposits."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from gridplus.chain import Account, Call
from gridplus.chain.deployment import Deployment
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.clock import FileClock, set_clock
from gridplus.contracts import calls
from gridplus.digest import keccak256
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.market import operating_day_bounds, operating_day_intervals
from gridplus.meter import IntervalRead, read_message
from gridplus.tariff import (
    ChannelIdentity,
    Evidence,
    GroupEvidence,
    Plan,
    Statement,
    Tip,
    group_leaf,
    merkle_tree,
    next_statement,
    parse_plan,
)
from gridplus.units import Interval
from gridplus.wallet import (
    Descriptor,
    bill_group_digest,
    bolt_domain,
    credit_digest,
    reserve_attestation_digest,
    vault_domain,
    voucher_digest,
)
from gridplus.wire import BilledRecord
from tests.retailer.served import CHAIN_ID
from tests.tariff.examples import PLAN_TEXT, SPRING, prices_of

DAY = SPRING
NEXT_DAY = date(2021, 3, 15)
NAMES = ("home-01", "home-02", "home-03")
BOLT = 1_000_000
DEPOSIT_UBOLT, POOL_UBOLT = 30 * BOLT, 50 * BOLT
PLAN: Plan = parse_plan(PLAN_TEXT.encode(), what="plan.toml")
SEED = b"a street that always has the same keys"
HOME_TOML = """
format = "gridplus.home/1"
solar = true
end_of_day_wh = 2000

[battery]
capacity_wh = 10000
power_w = 5000
charge_ppm = 950000
discharge_ppm = 950000
reserve_wh = 1000
wear_ubolt_per_mwh = 20000000
"""


def price(hour: int) -> int:
    return 18_000_000 + 2_911_000 * hour


@dataclass(frozen=True)
class HomeKeys:
    """One home's keys that sign while it lives."""

    name: str
    device: DeviceKey
    voucher: Secp256k1Key
    identity: ChannelIdentity


@dataclass
class Ground:
    """A folder with a chain file, key stores and a deployment file; made once, copied often."""

    folder: Path
    deployment: Deployment
    hub: Secp256k1Key
    homes: tuple[HomeKeys, ...]

    @cached_property
    def records(self) -> dict[str, tuple[BilledRecord, ...]]:
        """DAY and NEXT_DAY of each home by name, as hub and home signed them."""
        reads = {home.name: _reads(place) for place, home in enumerate(self.homes)}
        tips = {home.name: Tip.genesis(home.identity.channel) for home in self.homes}
        records: dict[str, list[BilledRecord]] = {home.name: [] for home in self.homes}
        for at, interval in enumerate(_intervals()):
            day = DAY if interval.start_s < operating_day_bounds(DAY)[1] else NEXT_DAY
            prices = prices_of(day, price)
            bills = {
                name: next_statement(tip, plan=PLAN, prices=prices, read=reads[name][at])
                for name, tip in tips.items()
            }
            for home, evidence in zip(self.homes, self._prove(bills, tips), strict=True):
                records[home.name].append(BilledRecord(bills[home.name], evidence))
            tips = {name: statement.tip for name, statement in bills.items()}
        return {name: tuple(found) for name, found in records.items()}

    def copy_to(self, folder: Path) -> None:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)

    def _prove(self, bills: dict[str, Statement], tips: dict[str, Tip]) -> list[Evidence]:
        domain = vault_domain(CHAIN_ID, self.deployment.vault)
        tree = merkle_tree([group_leaf(bill.channel, bill.head) for bill in bills.values()])
        closed_at_s = next(iter(bills.values())).interval.end_s + 2
        group = bill_group_digest(domain, tree.root, count=len(bills), closed_at_s=closed_at_s)
        proofs = []
        for place, home in enumerate(self.homes):
            bill = bills[home.name]
            earned = bill.earned_ubolt
            credit = credit_digest(domain, bill.channel, earned=earned, bill_head=bill.head)
            voucher = voucher_digest(
                domain, home.identity.cfg, spent=bill.spent_ubolt, earned=earned
            )
            rose = earned > tips[home.name].total.earned_ubolt
            proofs.append(
                Evidence(
                    read=home.device.sign(read_message(bill.channel, bill.read)),
                    group=GroupEvidence(
                        len(bills), closed_at_s, tree.path(place), self.hub.sign(group)
                    ),
                    credit=self.hub.sign(credit) if rose else None,
                    voucher=home.voucher.sign(voucher),
                )
            )
        return proofs


def make_ground(folder: Path) -> Ground:
    """Deploy, mint against an attested reserve, fund the pool, deposit for each home."""
    set_clock(folder / "clock", operating_day_bounds(DAY)[0] - 36_000)
    clock = FileClock(folder / "clock")
    store = KeyStore(folder / "keys")
    names = ("deployer", "attestor", "treasury", "hub", "publisher")
    keys = {name: store.create(name, Secp256k1Key, seed=SEED) for name in names}
    genesis = Genesis(CHAIN_ID, {key.address: 10**21 for key in keys.values()})
    with EmbeddedChain(folder / "chain.db", clock, genesis=genesis) as chain:
        deployer, treasury = (Account(keys[name], chain) for name in ("deployer", "treasury"))
        attestor, hub = keys["attestor"], keys["hub"]
        bolt = deployer.deploy(
            calls.bolt_init_code(
                deployer.address,
                attestor.address,
                minter=treasury.address,
                minter_allowance=1_000 * BOLT,
            )
        )
        vault = deployer.deploy(
            calls.vault_init_code(bolt, hub=hub.address, treasurer=treasury.address)
        )
        anchor = deployer.deploy(calls.anchor_init_code())
        deployment = Deployment(CHAIN_ID, bolt, vault, anchor, keys["publisher"].address)
        attested = {"time_s": clock.now_s(), "supply_seen": 0, "reserve": 500 * BOLT}
        digest = reserve_attestation_digest(bolt_domain(CHAIN_ID, bolt), **attested)
        treasury.transact(
            Call(bolt, calls.attest_reserve(**attested, signature=attestor.sign(digest)))
        )
        homes = tuple(_home(store, name, deployment=deployment) for name in NAMES)
        treasury.transact(Call(bolt, calls.mint(treasury.address, 400 * BOLT)))
        treasury.transact(Call(bolt, calls.approve(vault, calls.UNLIMITED)))
        treasury.transact(Call(vault, calls.fund_pool(POOL_UBOLT)))
        for home in homes:
            who = home.identity
            data = calls.deposit(who.voucher_key, who.cfg, amount=DEPOSIT_UBOLT)
            treasury.transact(Call(vault, data))
    (folder / "deployment.json").write_bytes(deployment.to_bytes())
    return Ground(folder, deployment, hub, homes)


def write_customers(path: Path, homes: Sequence[HomeKeys]) -> None:
    path.with_name("home.toml").write_text(HOME_TOML)
    customers = [
        {"name": h.name, "channel": f"0x{h.identity.channel.hex()}", "home": "home.toml"}
        for h in homes
    ]
    path.write_text(json.dumps(customers))


def _home(store: KeyStore, name: str, *, deployment: Deployment) -> HomeKeys:
    owner, guardian, voucher = (
        store.create(f"{name}-{role}", Secp256k1Key, seed=SEED)
        for role in ("owner", "guardian", "voucher")
    )
    device = store.create(f"{name}-device", DeviceKey, seed=SEED)
    x, y = int.from_bytes(device.public[:32], "big"), int.from_bytes(device.public[32:], "big")
    identity = ChannelIdentity(
        chain_id=deployment.chain_id,
        vault=deployment.vault,
        anchor=deployment.anchor,
        descriptor=Descriptor(owner.address, guardian.address, x, y, keccak256(name.encode())),
        opening_cap=25,
        voucher_key=voucher.address,
    )
    return HomeKeys(name, device, voucher, identity)


def _intervals() -> tuple[Interval, ...]:
    return operating_day_intervals(DAY) + operating_day_intervals(NEXT_DAY)


def _reads(place: int) -> list[IntervalRead]:
    """A home that always takes something, and feeds in around noon."""
    taken_wh, fed_wh = 5_000_000 + place, 700 * place
    reads = []
    for at, interval in enumerate(_intervals()):
        import_wh = 120 + (37 * at + 101 * place) % 800
        export_wh = 90 + at * place % 300 if 44 <= at % 96 < 60 else 0
        taken_wh, fed_wh = taken_wh + import_wh, fed_wh + export_wh
        reads.append(IntervalRead(interval, import_wh, export_wh, taken_wh, fed_wh))
    return reads
