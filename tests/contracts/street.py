"""A deployed street for tests: token, vault, anchor, the keys of every role, homes that sign."""

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from gridplus.contracts import ChannelWord, View, calls
from gridplus.wallet import (
    Address,
    Authorization,
    Cfg,
    ChannelId,
    Descriptor,
    Domain,
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
from tests.contracts.evm import CHAIN_ID, Evm, Outcome, Signer, signer

T = TypeVar("T")
BOLT = 1_000_000
DAY_S = 86_400
RESERVE = 1_000_000_000 * BOLT
HEAD = b"\x0b" * 32

DEPLOYER, ISSUER, ATTESTOR, MINTER = map(signer, ("deployer", "issuer", "attestor", "minter"))
HUB, TREASURER, RETAILER, STRANGER = map(signer, ("hub", "treasurer", "retailer", "stranger"))


@dataclass(frozen=True)
class Home:
    """A home with all its keys; `vault` is the domain its vouchers are for."""

    owner: Signer
    voucher_key: Signer
    descriptor: Descriptor
    cfg: Cfg
    channel: ChannelId
    domain: Domain

    def voucher(self, spent: int, earned: int = 0, *, top_up: int = 0) -> calls.ClaimItem:
        digest = voucher_digest(self.domain, self.cfg, spent=spent, earned=earned)
        return calls.ClaimItem(self.cfg, spent, earned, self.voucher_key.sign(digest), top_up)


class Street:
    """Everything deployed, a billion BOLT attested, `HUB` funded and approved."""

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
        descriptor = Descriptor(owner.address, guardian.address, 1, 2, name.encode().ljust(32))
        cfg = descriptor_cfg(descriptor, daily_cap)
        key = signer(name + " voucher key")
        channel = channel_id(key.address, cfg)
        return Home(owner, key, descriptor, cfg, channel, self.domain)

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
            "start_exit": calls.start_exit,
            "cancel_exit": calls.cancel_exit,
            "finish_exit": calls.finish_exit,
        }[step]
        data = build(home.voucher_key.address, home.cfg, descriptor=home.descriptor.encoded)
        return by or home.owner, data

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
