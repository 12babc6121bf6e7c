"""Gas of what a home and a hub do, all-in, beside the floor that no contract can go below.

The floor is computed from the very transaction: 21,000, its calldata, and what it cannot avoid: a
cold read and a write of each storage slot, each signature's recovery, the first call of the token.
`python bench/gas.py` prints a table; the targets are the design's. Then it prints the peers, which
it fetches; `--docs FILE` puts their tables into a page.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.chain import Account, Call
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.contracts import artifact, calls, home_calls
from gridplus.digest import keccak256
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.wallet import (
    Action,
    Address,
    Authorization,
    Cfg,
    ChannelId,
    Close,
    Descriptor,
    Role,
    Rotate,
    SetCap,
    StartExit,
    action_digest,
    bolt_domain,
    channel_id,
    credit_digest,
    deposit_nonce,
    descriptor_cfg,
    receive_authorization_digest,
    reserve_attestation_digest,
    vault_domain,
    voucher_digest,
)
from peers import beside
from peers.ground import Cost

CHAIN_ID = 31337
BOLT = 1_000_000
DAY_S, HOUR_S = 86_400, 3_600
RESERVE = 10**9 * BOLT
DAILY_CAP = 20
TRANSACTION, COLD_READ, KEPT_WRITE, NEW_WRITE = 21_000, 2_100, 2_900, 20_000
RECOVERY, P256, COLD_CALL = 3_000, 6_900, 2_600
BATCHES = (1, 10, 17, 100, 200)
TARGETS = {
    "deposit (open)": 64_000,
    "deposit (top-up)": 46_900,
    "claim, marginal home": 11_600,
    "top-up + claim, a home of 200": 12_000,
    "close, owner": 58_000,
    "close, two keys": 71_000,
    "exit, owner": 80_000,
    "exit, owner + device": 114_000,
    "exit, guardian + device": 114_000,
}


@dataclass(frozen=True, slots=True)
class Work:
    """What a transaction cannot avoid: slots kept, made or read, signatures, a call."""

    kept: int = 0
    new: int = 0
    read: int = 0
    recoveries: int = 0
    devices: int = 0
    calls: int = 0

    def floor(self, data: bytes) -> int:
        """Gas of this work for a transaction with calldata `data`."""
        calldata = sum(16 if byte else 4 for byte in data)
        slots = self.kept * (COLD_READ + KEPT_WRITE) + self.new * (COLD_READ + NEW_WRITE)
        signatures = self.recoveries * RECOVERY + self.devices * P256
        other = self.read * COLD_READ + self.calls * COLD_CALL
        return TRANSACTION + calldata + slots + signatures + other


def new_key(name: str) -> Secp256k1Key:
    return Secp256k1Key(PrivateKey(keccak256(name.encode())))


@dataclass(frozen=True, slots=True)
class Home:
    """One channel. All homes of the bench have one owner."""

    key: Secp256k1Key
    cfg: Cfg
    descriptor: bytes

    @property
    def channel(self) -> ChannelId:
        return channel_id(self.key.address, self.cfg)

    @property
    def named(self) -> home_calls.Home:
        return home_calls.Home(self.key.address, self.cfg, self.descriptor)


class Clock:
    """Block time, set by hand."""

    def __init__(self, now_s: int) -> None:
        self._now_s = now_s

    def now_s(self) -> int:
        return self._now_s

    def pass_time(self, seconds: int) -> None:
        self._now_s += seconds


class Street:
    """A chain in memory with token and vault; hub and owner hold tokens and let the vault take."""

    def __init__(self) -> None:
        roles = ("owner", "guardian", "hub", "treasurer", "issuer", "attestor", "minter")
        self.keys = {role: new_key(role) for role in roles}
        self.device = DeviceKey(ec.derive_private_key(7, ec.SECP256R1()))
        self.clock = Clock(1_613_347_200)
        funded = {key.address: 10**24 for key in self.keys.values()}
        self.chain = EmbeddedChain(None, self.clock, genesis=Genesis(CHAIN_ID, funded))
        issuer, attestor, minter, treasurer = (
            self.keys[role].address for role in ("issuer", "attestor", "minter", "treasurer")
        )
        deployer = Account(self.keys["issuer"], self.chain)
        self.bolt = deployer.deploy(
            calls.bolt_init_code(issuer, attestor, minter=minter, minter_allowance=RESERVE)
        )
        hub = self.keys["hub"].address
        self.vault = deployer.deploy(calls.vault_init_code(self.bolt, hub=hub, treasurer=treasurer))
        self.domain = vault_domain(CHAIN_ID, self.vault)
        self.fill("owner", "hub")

    def fill(self, *roles: str) -> None:
        """Attest the reserve and mint to `roles`."""
        now_s = self.clock.now_s()
        digest = reserve_attestation_digest(
            bolt_domain(CHAIN_ID, self.bolt), time_s=now_s, supply_seen=0, reserve=RESERVE
        )
        signature = self.keys["attestor"].sign(digest)
        attestation = calls.attest_reserve(
            now_s, supply_seen=0, reserve=RESERVE, signature=signature
        )
        self.send("minter", self.bolt, attestation)
        for role in roles:
            self.send("minter", self.bolt, calls.mint(self.keys[role].address, RESERVE // 4))
            self.send(role, self.bolt, calls.approve(self.vault, calls.UNLIMITED))

    def send(self, role: str, to: Address, data: bytes) -> int:
        """Gas used by a transaction that succeeds."""
        return Account(self.keys[role], self.chain).transact(Call(to, data)).gas_used

    def home(self, number: int) -> Home:
        owner, guardian = self.keys["owner"].address, self.keys["guardian"].address
        x, y = (int.from_bytes(self.device.public[i : i + 32], "big") for i in (0, 32))
        salt = keccak256(number.to_bytes(4, "big"))
        descriptor = Descriptor(owner, guardian, x, y, salt)
        key = new_key(f"voucher key {number}")
        return Home(key, descriptor_cfg(descriptor, DAILY_CAP), descriptor.encoded)

    def deposit(self, home: Home) -> tuple[int, bytes]:
        data = calls.deposit(home.key.address, home.cfg, amount=300 * BOLT)
        return self.send("owner", self.vault, data), data

    def authorized_deposit(self, home: Home, number: int) -> tuple[int, bytes]:
        """The owner's `number`-th, relayed by somebody else."""
        owner, amount = self.keys["owner"], 10 * BOLT
        nonce = deposit_nonce(home.channel, number)
        promise = Authorization(owner.address, self.vault, amount, 0, self.until_s, nonce)
        domain = bolt_domain(CHAIN_ID, self.bolt)
        signature = owner.sign(receive_authorization_digest(domain, promise))
        data = calls.deposit_with_authorization(
            calls.AuthorizedDeposit(
                home.key.address,
                home.cfg,
                amount,
                owner.address,
                number,
                0,
                self.until_s,
                signature,
            )
        )
        return self.send("minter", self.vault, data), data

    def claim(self, items: list[calls.ClaimItem], *, fund: int = 0) -> tuple[int, bytes]:
        answer = self.chain.call(self.vault, calls.next_seq().calldata)
        data = calls.claim(items, fund=fund, seq=calls.next_seq().decode(answer))
        return self.send("hub", self.vault, data), data

    def voucher(self, home: Home, spent: int, *, top_up: int = 0) -> calls.ClaimItem:
        signature = home.key.sign(voucher_digest(self.domain, home.cfg, spent=spent, earned=0))
        return calls.ClaimItem(home.cfg, spent, 0, signature, top_up)

    def pair(self, action: Action, roles: Role) -> home_calls.Pair:
        """Two keys' signatures of an action."""
        digest = action_digest(self.domain, action)
        keys: dict[Role, Secp256k1Key | DeviceKey] = {
            Role.OWNER: self.keys["owner"],
            Role.GUARDIAN: self.keys["guardian"],
            Role.DEVICE: self.device,
        }
        return home_calls.Pair(int(roles), *(keys[r].sign(digest) for r in keys if r in roles))

    def final(self, action: Close | Rotate) -> home_calls.Final:
        """The hub's signature of an action."""
        signature = self.keys["hub"].sign(action_digest(self.domain, action))
        return home_calls.Final(action.spent, action.earned, action.valid_until_s, signature)

    @property
    def until_s(self) -> int:
        return self.clock.now_s() + DAY_S


@dataclass(frozen=True, slots=True)
class Figure:
    """What something took, all-in, its floor, and the bytes of its calldata."""

    name: str
    gas: float
    floor: float
    size: float

    def show(self) -> None:
        target = f"{TARGETS[self.name]:>10,}" if self.name in TARGETS else ""
        ratio = self.gas / self.floor
        print(f"{self.name:<36}{self.gas:>11,.0f}{self.floor:>11,.0f}{ratio:>8.2f}{target}")


def figure(name: str, sent: tuple[int, bytes], work: Work) -> Figure:
    """Of one transaction: its gas and calldata."""
    gas, data = sent
    return Figure(name, gas, work.floor(data), len(data))


def measure_deposits(street: Street, home: Home) -> Iterator[Figure]:
    """Channel word, payer's and vault's balances; the token's allowance is only read."""
    yield figure("deposit (open)", street.deposit(home), Work(new=1, kept=2, read=1, calls=1))
    yield figure("deposit (top-up)", street.deposit(home), Work(kept=3, read=1, calls=1))
    for name, new in (("first of 256", 1), ("next", 0)):
        work = Work(new=new, kept=4 - new, recoveries=1, calls=1)
        sent = street.authorized_deposit(home, 1 - new)
        yield figure(f"deposit, authorised ({name})", sent, work)


def measure_claims(street: Street, homes: list[Home]) -> Iterator[Figure]:
    """Each home's channel word and signature; the pool word once; a household-month."""
    spent = 1_234_567
    found: dict[int, Figure] = {}
    for count in (max(BATCHES), *BATCHES):
        street.clock.pass_time(DAY_S)
        spent += 345_678
        work = Work(kept=count + 1, read=1, recoveries=count)
        sent = street.claim([street.voucher(home, spent) for home in homes[:count]])
        found[count] = figure(f"claim, {count} homes", sent, work)
    yield from (found[count] for count in BATCHES)
    few, many = found[100], found[200]
    yield Figure(
        "claim, marginal home",
        (many.gas - few.gas) / 100,
        (many.floor - few.floor) / 100,
        (many.size - few.size) / 100,
    )

    street.clock.pass_time(DAY_S)
    items = [street.voucher(home, spent + 345_678, top_up=12_345_678) for home in homes]
    gas, data = street.claim(items, fund=len(items) * 12_345_678)
    work = Work(kept=len(items) + 3, recoveries=len(items), read=2, calls=1)
    name = "top-up + claim, a home of 200"
    yield Figure(name, gas / 200, work.floor(data) / 200, len(data) / 200)


def measure_credit(street: Street, home: Home) -> Iterator[Figure]:
    """Channel word and pool word; the first credit makes neither from zero; the hub's key."""
    head = bytes(32)
    digest = credit_digest(street.domain, home.channel, earned=BOLT, bill_head=head)
    signature = street.keys["hub"].sign(digest)
    data = calls.post_credit(home.channel, earned=BOLT, bill_head=head, signature=signature)
    sent = street.send("owner", street.vault, data), data
    yield figure("post credit", sent, Work(kept=2, read=1, recoveries=1))


def measure_exits(street: Street, homes: list[Home]) -> Iterator[Figure]:
    """Channel word twice; receiver's and vault's balances; without the owner, whom it pays."""
    signers = {
        "owner": Role.OWNER,
        "owner + device": Role.OWNER | Role.DEVICE,
        "guardian + device": Role.GUARDIAN | Role.DEVICE,
    }
    for home, (name, roles) in zip(homes, signers.items(), strict=True):
        owner = street.keys["owner"].address
        work, finish = Work(kept=1), home_calls.finish_exit(home.named)
        start = home_calls.start_exit(home.named)
        if name != "owner":
            action = StartExit(home.channel, owner, 0, street.until_s)
            pair = street.pair(action, roles)
            named = int(name == "guardian + device")
            work = Work(kept=1, new=named, recoveries=1, devices=1)
            start = home_calls.start_exit_by_two(
                home.named, owner, valid_until_s=street.until_s, by=pair
            )
        gas = street.send("owner", street.vault, start)
        days = {"owner": 14, "owner + device": 7, "guardian + device": 21}[name]
        street.clock.pass_time(days * DAY_S + HOUR_S)
        gas += street.send("owner", street.vault, finish)
        floor = work.floor(start) + Work(kept=3, calls=1, read=work.new).floor(finish)
        yield Figure(f"exit, {name}", gas, floor, len(start) + len(finish))


def measure_agreements(street: Street, homes: list[Home]) -> Iterator[Figure]:
    """Channel word, pool word, the hub's key; to close, owner's and vault's balances."""
    until_s, one, two, moved, capped = street.until_s, *homes
    base = Work(kept=4, read=1, recoveries=1, calls=1)
    action = Close(one.channel, 234_567_890, 0, 0, until_s)
    data = home_calls.close(one.named, street.final(action))
    yield figure("close, owner", (street.send("owner", street.vault, data), data), base)

    action = replace(action, channel=two.channel)
    pair = street.pair(action, Role.OWNER | Role.DEVICE)
    data = home_calls.close_by_two(two.named, street.final(action), by=pair)
    work = replace(base, recoveries=2, devices=1)
    yield figure("close, two keys", (street.send("minter", street.vault, data), data), work)

    to = street.home(20_000)
    turn = Rotate(moved.channel, to.key.address, to.cfg, 234_567_890, 0, 0, until_s)
    pair = street.pair(turn, Role.OWNER | Role.DEVICE)
    data = home_calls.rotate(
        moved.named, to.key.address, cfg=to.cfg, final=street.final(turn), by=pair
    )
    work = Work(kept=2, new=1, read=1, recoveries=2, devices=1)
    yield figure("rotate", (street.send("minter", street.vault, data), data), work)

    limit = SetCap(capped.channel, 50, 0, until_s)
    pair = street.pair(limit, Role.OWNER | Role.DEVICE)
    consent = street.keys["hub"].sign(action_digest(street.domain, limit))
    data = home_calls.set_cap(capped.named, 50, valid_until_s=until_s, signature=consent, by=pair)
    work = Work(kept=1, read=1, recoveries=2, devices=1)
    yield figure("set cap", (street.send("minter", street.vault, data), data), work)


def measure_deployment(street: Street) -> Iterator[Figure]:
    """A transaction that creates, and 200 gas for each byte that stays."""
    hub, treasurer = (street.keys[role].address for role in ("hub", "treasurer"))
    code = calls.vault_init_code(street.bolt, hub=hub, treasurer=treasurer)
    gas = Account(street.keys["issuer"], street.chain).transact(Call(None, code)).gas_used
    size = artifact("vault").runtime_size
    floor = Work(new=1).floor(code) + 32_000 + 200 * size
    yield Figure("deploy the vault", gas, floor, len(code))


def measured() -> Iterator[Figure]:
    """Every figure of ours, in the order of the table."""
    street = Street()
    homes = [street.home(number) for number in range(max(BATCHES))]
    street.deposit(street.home(10_000))  # the vault's balance is no new slot to the next
    yield from measure_deposits(street, street.home(10_001))
    for home in homes:
        street.deposit(home)
    yield from measure_claims(street, homes)
    yield from measure_credit(street, homes[0])
    yield from measure_exits(street, homes[:3])
    yield from measure_agreements(street, homes[3:7])
    yield from measure_deployment(street)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--docs", type=Path, help="a page to put the peers' tables into")
    asked = parser.parse_args()
    print(f"{'':<36}{'gas':>11}{'floor':>11}{'ratio':>8}{'target':>10}")
    figures: dict[str, Figure] = {}
    for each in measured():
        figures[each.name] = each
        each.show()
    print(f"\ncalldata of a home in a claim: {figures['claim, marginal home'].size:.0f} bytes\n")
    tables = beside.tables({f.name: Cost(f.gas, f.size) for f in figures.values()})
    print(tables)
    if asked.docs:
        beside.write(tables, asked.docs)


if __name__ == "__main__":
    main()
