"""A deployed street for tests: token, vault, anchor, the keys of every role, homes that sign."""

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from gridplus.contracts import ChannelWord, View, calls, home_calls
from gridplus.wallet import (
    Action,
    Address,
    Authorization,
    CancelExit,
    Cfg,
    ChannelId,
    Close,
    Descriptor,
    Domain,
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
from tests.contracts.evm import CHAIN_ID, DeviceSigner, Evm, Outcome, Signer, device_signer, signer

T = TypeVar("T")
BOLT = 1_000_000
DAY_S = 86_400
RESERVE = 10_000_000_000 * BOLT
HEAD = b"\x0b" * 32

OWNER_GUARDIAN = Role.OWNER | Role.GUARDIAN
OWNER_DEVICE = Role.OWNER | Role.DEVICE
GUARDIAN_DEVICE = Role.GUARDIAN | Role.DEVICE
PAIRS = (OWNER_GUARDIAN, OWNER_DEVICE, GUARDIAN_DEVICE)

DEPLOYER, ISSUER, ATTESTOR, MINTER = map(signer, ("deployer", "issuer", "attestor", "minter"))
HUB, TREASURER, RETAILER, STRANGER = map(signer, ("hub", "treasurer", "retailer", "stranger"))


@dataclass(frozen=True)
class Home:
    """A home with all its keys; `vault` is the domain its vouchers are for."""

    owner: Signer
    guardian: Signer
    device: DeviceSigner
    voucher_key: Signer
    descriptor: Descriptor
    cfg: Cfg
    channel: ChannelId
    domain: Domain

    def voucher(self, spent: int, earned: int = 0, *, top_up: int = 0) -> calls.ClaimItem:
        digest = voucher_digest(self.domain, self.cfg, spent=spent, earned=earned)
        return calls.ClaimItem(self.cfg, spent, earned, self.voucher_key.sign(digest), top_up)

    @property
    def named(self) -> home_calls.Home:
        return home_calls.Home(self.voucher_key.address, self.cfg, self.descriptor.encoded)

    def pair(self, action: Action, roles: Role) -> home_calls.Pair:
        """What two of the three keys sign."""
        digest = action_digest(self.domain, action)
        keys = {Role.OWNER: self.owner, Role.GUARDIAN: self.guardian, Role.DEVICE: self.device}
        first, second = (key.sign(digest) for role, key in keys.items() if role in roles)
        return home_calls.Pair(int(roles), first, second)


class Street:
    """Everything deployed, ten billion BOLT attested, `HUB` funded and approved."""

    def __init__(self) -> None:
        self.evm = Evm()
        self.bolt = self.evm.deploy(
            DEPLOYER,
            calls.bolt_init_code(
                ISSUER.address, ATTESTOR.address, minter=MINTER.address, minter_allowance=RESERVE
            ),
        )
        self.vault = self.evm.deploy(
            DEPLOYER,
            calls.vault_init_code(self.bolt, hub=HUB.address, treasurer=TREASURER.address),
        )
        self.anchor = self.evm.deploy(DEPLOYER, calls.anchor_init_code())
        self.attest(reserve=RESERVE)
        self.give(HUB, 1_000_000 * BOLT)

    def fork(self) -> "Street":
        """An independent copy, so that a test may break what it likes."""
        twin = object.__new__(Street)
        twin.__dict__.update(self.__dict__)
        twin.evm = self.evm.fork()
        return twin

    @property
    def domain(self) -> Domain:
        return vault_domain(CHAIN_ID, self.vault)

    @property
    def token_domain(self) -> Domain:
        return bolt_domain(CHAIN_ID, self.bolt)

    def ask(self, to: Address, view: View[T]) -> T:
        return view.decode(self.evm.call(to, view.calldata))

    def word(self, home: Home) -> ChannelWord:
        return self.ask(self.vault, calls.channel_word(home.channel))

    def pool(self) -> int:
        return self.ask(self.vault, calls.pool())

    def balance(self, holder: Address) -> int:
        return self.ask(self.bolt, calls.balance_of(holder))

    def do(self, sender: Signer, to: Address, data: bytes) -> Outcome:
        """Send a transaction that must succeed."""
        outcome = self.evm.send(sender, to, data)
        assert outcome.ok, f"reverted: {outcome.reason}"
        return outcome

    def refused(self, sender: Signer, to: Address, data: bytes) -> str:
        """Send a transaction that must revert; the reason."""
        outcome = self.evm.send(sender, to, data)
        assert not outcome.ok, "was not refused"
        assert outcome.logs == ()
        return outcome.reason

    def attestation(self, time_s: int, supply_seen: int, reserve: int, by: Signer) -> bytes:
        """Calldata of `by`'s attestation for this token."""
        digest = reserve_attestation_digest(
            self.token_domain, time_s=time_s, supply_seen=supply_seen, reserve=reserve
        )
        return calls.attest_reserve(
            time_s, supply_seen=supply_seen, reserve=reserve, signature=by.sign(digest)
        )

    def attest(self, *, reserve: int) -> None:
        """A fresh attestation of the supply as it is."""
        supply = self.ask(self.bolt, calls.total_supply())
        time_s = self.evm.now_s
        self.do(STRANGER, self.bolt, self.attestation(time_s, supply, reserve, ATTESTOR))

    def give(self, holder: Signer, amount: int) -> None:
        """Mint to `holder`, who lets the vault take from him."""
        self.do(MINTER, self.bolt, calls.mint(holder.address, amount))
        self.do(holder, self.bolt, calls.approve(self.vault, calls.UNLIMITED))

    def home(self, name: str, *, daily_cap: int = 20) -> Home:
        """A home that has no channel yet."""
        owner, guardian = signer(name + " owner"), signer(name + " guardian")
        device = device_signer(name + " device")
        descriptor = Descriptor(
            owner.address, guardian.address, device.x, device.y, name.encode().ljust(32)
        )
        cfg = descriptor_cfg(descriptor, daily_cap)
        key = signer(name + " voucher key")
        channel = channel_id(key.address, cfg)
        return Home(owner, guardian, device, key, descriptor, cfg, channel, self.domain)

    def open(self, name: str, amount: int, *, daily_cap: int = 20) -> Home:
        """A home that has deposited `amount` and may spend its first daily cap."""
        home = self.home(name, daily_cap=daily_cap)
        self.give(home.owner, amount)
        self.deposit(home, amount)
        return home

    def deposit(self, home: Home, amount: int) -> Outcome:
        data = calls.deposit(home.voucher_key.address, home.cfg, amount=amount)
        return self.do(home.owner, self.vault, data)

    def authorized_deposit(
        self, home: Home, amount: int, *, number: int
    ) -> calls.AuthorizedDeposit:
        """A deposit that the owner signed and anybody may relay."""
        valid_before_s = self.evm.now_s + DAY_S
        promise = Authorization(
            home.owner.address,
            self.vault,
            amount,
            0,
            valid_before_s,
            deposit_nonce(home.channel, number),
        )
        signature = home.owner.sign(receive_authorization_digest(self.token_domain, promise))
        return calls.AuthorizedDeposit(
            home.voucher_key.address,
            home.cfg,
            amount,
            home.owner.address,
            number,
            0,
            valid_before_s,
            signature,
        )

    def fund_pool(self, amount: int) -> None:
        self.do(HUB, self.vault, calls.fund_pool(amount))

    def claim(self, *items: calls.ClaimItem, fund: int = 0) -> Outcome:
        return self.do(HUB, self.vault, self.claim_data(*items, fund=fund))

    def claim_data(self, *items: calls.ClaimItem, fund: int = 0) -> bytes:
        return calls.claim(items, fund=fund, seq=self.ask(self.vault, calls.next_seq()))

    def credit_data(self, home: Home, earned: int, *, by: Signer = HUB) -> bytes:
        digest = credit_digest(self.domain, home.channel, earned=earned, bill_head=HEAD)
        signature = by.sign(digest)
        return calls.post_credit(home.channel, earned=earned, bill_head=HEAD, signature=signature)

    def exit_step(self, home: Home, step: str, *, by: Signer | None = None) -> tuple[Signer, bytes]:
        """Sender and calldata of 'start_exit', 'cancel_exit' or 'finish_exit'."""
        build = {
            "start_exit": home_calls.start_exit,
            "cancel_exit": home_calls.cancel_exit,
            "finish_exit": home_calls.finish_exit,
        }[step]
        return by or home.owner, build(home.named)

    def approved(
        self, home: Home, action: Action, roles: Role, *, by: Signer = HUB
    ) -> tuple[home_calls.Pair, bytes]:
        """Two keys' signatures of an action, and the hub's."""
        return home.pair(action, roles), by.sign(action_digest(self.domain, action))

    def start_by_two(self, home: Home, to: bytes, roles: Role) -> bytes:
        """Calldata of an exit that two keys start now."""
        until_s = self.evm.now_s + DAY_S
        action = StartExit(home.channel, Address(to), self.word(home).op_nonce, until_s)
        pair = home.pair(action, roles)
        return home_calls.start_exit_by_two(home.named, to, valid_until_s=until_s, by=pair)

    def cancel_by_two(self, home: Home, roles: Role) -> bytes:
        """Calldata with which two keys end an exit now."""
        until_s = self.evm.now_s + DAY_S
        action = CancelExit(home.channel, self.word(home).op_nonce, until_s)
        pair = home.pair(action, roles)
        return home_calls.cancel_exit_by_two(home.named, valid_until_s=until_s, by=pair)

    def final(self, home: Home, spent: int, earned: int, *, by: Signer = HUB) -> home_calls.Final:
        """The hub's word to close at these counters."""
        until_s = self.evm.now_s + DAY_S
        action = Close(home.channel, spent, earned, self.word(home).op_nonce, until_s)
        signature = by.sign(action_digest(self.domain, action))
        return home_calls.Final(spent, earned, until_s, signature)

    def close_by_two(self, home: Home, final: home_calls.Final, roles: Role) -> bytes:
        """Calldata with which two keys take the hub's word."""
        nonce = self.word(home).op_nonce
        spent, earned, until_s, *_ = final.words()
        pair = home.pair(Close(home.channel, spent, earned, nonce, until_s), roles)
        return home_calls.close_by_two(home.named, final, by=pair)

    def rotate(self, home: Home, to: Home, counters: tuple[int, int], roles: Role) -> bytes:
        """Calldata with which hub and two keys move a home to the keys of another."""
        until_s, key = self.evm.now_s + DAY_S, to.voucher_key.address
        nonce = self.word(home).op_nonce
        action = Rotate(home.channel, key, to.cfg, *counters, nonce, until_s)
        pair, signature = self.approved(home, action, roles)
        final = home_calls.Final(*counters, until_s, signature)
        return home_calls.rotate(home.named, key, cfg=to.cfg, final=final, by=pair)

    def set_cap(self, home: Home, cap: int, roles: Role, *, by: Signer = HUB) -> bytes:
        """Calldata with which hub and two keys set a daily cap."""
        until_s = self.evm.now_s + DAY_S
        action = SetCap(home.channel, cap, self.word(home).op_nonce, until_s)
        pair, signature = self.approved(home, action, roles, by=by)
        return home_calls.set_cap(
            home.named, cap, valid_until_s=until_s, signature=signature, by=pair
        )

    def unaccounted(self, *homes: Home) -> int:
        """Tokens of the vault beyond all headroom and the pool: always zero."""
        owed = sum(self.word(home).headroom for home in homes) + self.pool()
        return self.balance(self.vault) - owed


@cache
def _built_once() -> Street:
    return Street()


def new_street() -> Street:
    """A fresh copy of the street, in a millisecond."""
    return _built_once().fork()
