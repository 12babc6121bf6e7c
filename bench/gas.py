"""Gas of what a home and a hub do, all-in, beside the floor that no contract can go below.

The floor is computed from the very transaction: 21,000, its calldata, and what it cannot avoid: a
cold read and a write of each storage slot, each signature's recovery, the first call of the token.
`python bench/gas.py` prints a table; the targets are the design's.
"""

from dataclasses import dataclass

from coincurve import PrivateKey

from gridplus.chain import Account, Call
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.contracts import calls
from gridplus.digest import keccak256
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import (
    Address,
    Cfg,
    ChannelId,
    Descriptor,
    bolt_domain,
    channel_id,
    credit_digest,
    descriptor_cfg,
    reserve_attestation_digest,
    vault_domain,
    voucher_digest,
)

CHAIN_ID = 31337
BOLT = 1_000_000
DAY_S, HOUR_S = 86_400, 3_600
RESERVE = 10**9 * BOLT
DAILY_CAP = 20
TRANSACTION, COLD_READ, KEPT_WRITE, NEW_WRITE = 21_000, 2_100, 2_900, 20_000
RECOVERY, COLD_CALL = 3_000, 2_600
BATCHES = (1, 10, 17, 100, 200)
TARGETS = {
    "deposit (open)": 64_000,
    "deposit (top-up)": 46_900,
    "claim, marginal home": 11_600,
    "top-up + claim, a home of 200": 12_000,
    "exit, start to finish": 80_000,
}


@dataclass(frozen=True, slots=True)
class Work:
    """What a transaction cannot avoid: slots kept, made or read, signatures, a call."""

    kept: int = 0
    new: int = 0
    read: int = 0
    recoveries: int = 0
    calls: int = 0

    def floor(self, data: bytes) -> int:
        """Gas of this work for a transaction with calldata `data`."""
        calldata = sum(16 if byte else 4 for byte in data)
        slots = self.kept * (COLD_READ + KEPT_WRITE) + self.new * (COLD_READ + NEW_WRITE)
        other = self.read * COLD_READ + self.recoveries * RECOVERY + self.calls * COLD_CALL
        return TRANSACTION + calldata + slots + other


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
        descriptor = Descriptor(owner, guardian, 1, 2, number.to_bytes(32, "big"))
        key = new_key(f"voucher key {number}")
        return Home(key, descriptor_cfg(descriptor, DAILY_CAP), descriptor.encoded)

    def deposit(self, home: Home) -> tuple[int, bytes]:
        data = calls.deposit(home.key.address, home.cfg, amount=300 * BOLT)
        return self.send("owner", self.vault, data), data

    def claim(self, items: list[calls.ClaimItem], *, fund: int = 0) -> tuple[int, bytes]:
        answer = self.chain.call(self.vault, calls.next_seq().calldata)
        data = calls.claim(items, fund=fund, seq=calls.next_seq().decode(answer))
        return self.send("hub", self.vault, data), data

    def voucher(self, home: Home, spent: int, *, top_up: int = 0) -> calls.ClaimItem:
        signature = home.key.sign(voucher_digest(self.domain, home.cfg, spent=spent, earned=0))
        return calls.ClaimItem(home.cfg, spent, 0, signature, top_up)


def row(name: str, gas: float, *, floor: float) -> None:
    target = f"{TARGETS[name]:>10,}" if name in TARGETS else ""
    print(f"{name:<32}{gas:>11,.0f}{floor:>11,.0f}{gas / floor:>8.2f}{target}")


def measure_deposits(street: Street, home: Home) -> None:
    """Channel word, payer's and vault's balances; the token's allowance is only read."""
    gas, data = street.deposit(home)
    row("deposit (open)", gas, floor=Work(new=1, kept=2, read=1, calls=1).floor(data))
    gas, data = street.deposit(home)
    row("deposit (top-up)", gas, floor=Work(kept=3, read=1, calls=1).floor(data))


def measure_claims(street: Street, homes: list[Home]) -> None:
    """Each home's channel word and signature; the pool word once."""
    spent = 1_234_567
    found: dict[int, tuple[int, int]] = {}
    for count in (max(BATCHES), *BATCHES):
        street.clock.pass_time(DAY_S)
        spent += 345_678
        gas, data = street.claim([street.voucher(home, spent) for home in homes[:count]])
        found[count] = gas, Work(kept=count + 1, recoveries=count).floor(data)
    for count in BATCHES:
        row(f"claim, {count} homes", found[count][0], floor=found[count][1])
    gas, floor = (found[200][i] - found[100][i] for i in range(2))
    row("claim, marginal home", gas / 100, floor=floor / 100)

    street.clock.pass_time(DAY_S)
    items = [street.voucher(home, spent + 345_678, top_up=12_345_678) for home in homes]
    gas, data = street.claim(items, fund=len(items) * 12_345_678)
    work = Work(kept=len(items) + 3, recoveries=len(items), read=1, calls=1)
    row("top-up + claim, a home of 200", gas / 200, floor=work.floor(data) / 200)


def measure_credit(street: Street, home: Home) -> None:
    """Channel word and pool word; the first credit makes neither from zero."""
    head = bytes(32)
    digest = credit_digest(street.domain, home.channel, earned=BOLT, bill_head=head)
    signature = street.keys["hub"].sign(digest)
    data = calls.post_credit(home.channel, earned=BOLT, bill_head=head, signature=signature)
    gas = street.send("owner", street.vault, data)
    row("post credit", gas, floor=Work(kept=2, recoveries=1).floor(data))


def measure_exit(street: Street, home: Home) -> None:
    """Channel word twice; owner's and vault's balances."""
    start = calls.start_exit(home.key.address, home.cfg, descriptor=home.descriptor)
    finish = calls.finish_exit(home.key.address, home.cfg, descriptor=home.descriptor)
    gas = street.send("owner", street.vault, start)
    street.clock.pass_time(14 * DAY_S + HOUR_S)
    gas += street.send("owner", street.vault, finish)
    floor = Work(kept=1).floor(start) + Work(kept=3, calls=1).floor(finish)
    row("exit, start to finish", gas, floor=floor)


def main() -> None:
    street = Street()
    homes = [street.home(number) for number in range(max(BATCHES))]
    street.deposit(street.home(10_000))  # the vault's balance is no new slot to the next
    print(f"{'':<32}{'gas':>11}{'floor':>11}{'ratio':>8}{'target':>10}")
    measure_deposits(street, street.home(10_001))
    for home in homes:
        street.deposit(home)
    measure_claims(street, homes)
    measure_credit(street, homes[0])
    measure_exit(street, homes[0])


if __name__ == "__main__":
    main()
