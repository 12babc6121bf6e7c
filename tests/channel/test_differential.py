"""The pure vault beside the real one: after every step both show the same words, pool and money.

The machine drives `gridplus.channel.model` and vault.vy on a real EVM with real signatures, tokens
and block times; a step that the model refuses must revert with the same reason.
"""

from dataclasses import dataclass, replace
from functools import cache

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gridplus.channel.model import Item, VaultModel, VaultRefusal
from gridplus.contracts import calls, parse_log
from gridplus.contracts.abi import View
from gridplus.contracts.logs import Claimed
from gridplus.units import U48_MAX, UBOLT_PER_BOLT
from gridplus.wallet import (
    Address,
    Cfg,
    ChannelId,
    Descriptor,
    Domain,
    bolt_domain,
    channel_id,
    credit_digest,
    descriptor_cfg,
    reserve_attestation_digest,
    vault_domain,
    voucher_digest,
)
from tests.contracts.evm import CHAIN_ID, Evm, Outcome, Signer, signer

SUPPLY = 100 * U48_MAX
ISSUER, ATTESTOR, HUB, TREASURER, ANYBODY = map(
    signer, ("issuer", "attestor", "hub", "treasurer", "anybody")
)
MALLORY = signer("mallory")


@dataclass(frozen=True)
class Home:
    """A home with a daily cap of `cap` BOLT."""

    name: str
    cap: int

    @property
    def owner(self) -> Signer:
        return signer(f"owner of {self.name}")

    @property
    def voucher_key(self) -> Signer:
        return signer(f"voucher key of {self.name}")

    @property
    def descriptor(self) -> Descriptor:
        guardian = signer(f"guardian of {self.name}").address
        return Descriptor(self.owner.address, guardian, 1, 2, bytes(32))

    @property
    def cfg(self) -> Cfg:
        return descriptor_cfg(self.descriptor, self.cap)

    @property
    def channel(self) -> ChannelId:
        return channel_id(self.voucher_key.address, self.cfg)


HOMES = (Home("ash", 5), Home("birch", 1), Home("cedar", 0))
NEVER_OPENED = Home("dune", 3)


@cache
def street() -> tuple[Evm, Address, Address]:
    """A chain with BOLT in the hub's hands and an empty vault; fork it, do not use it."""
    evm = Evm()
    code = calls.bolt_init_code(
        ISSUER.address, ATTESTOR.address, minter=ISSUER.address, minter_allowance=SUPPLY
    )
    bolt = evm.deploy(ISSUER, code)
    vault = evm.deploy(
        ISSUER, calls.vault_init_code(bolt, hub=HUB.address, treasurer=TREASURER.address)
    )
    digest = reserve_attestation_digest(
        bolt_domain(CHAIN_ID, bolt), time_s=evm.now_s, supply_seen=0, reserve=SUPPLY
    )
    attested = calls.attest_reserve(
        evm.now_s, supply_seen=0, reserve=SUPPLY, signature=ATTESTOR.sign(digest)
    )
    for sender, to, data in (
        (ANYBODY, bolt, attested),
        (ISSUER, bolt, calls.mint(HUB.address, SUPPLY)),
        (HUB, bolt, calls.approve(vault, calls.UNLIMITED)),
    ):
        outcome = evm.send(sender, to, data)
        assert outcome.ok, outcome.reason
    return evm, bolt, vault


@dataclass(frozen=True)
class Wish:
    """A voucher that some rule wants in a batch, and what is wrong with it."""

    home: Home
    spent: int
    earned: int
    top_up: int
    flaw: str

    @property
    def item(self) -> Item:
        channel = None if self.flaw else self.home.channel
        return Item(channel, self.spent, self.earned, self.top_up)

    def claim_item(self, domain: Domain) -> calls.ClaimItem:
        digest = voucher_digest(domain, self.home.cfg, spent=self.spent, earned=self.earned)
        by = MALLORY if self.flaw == "wrong signer" else self.home.voucher_key
        signature = bytes(64) if self.flaw == "no signature" else by.sign(digest)
        return calls.ClaimItem(self.home.cfg, self.spent, self.earned, signature, self.top_up)


homes = st.sampled_from(HOMES)
amounts = st.builds(
    lambda bolt, ubolt: bolt * UBOLT_PER_BOLT + ubolt, st.integers(0, 12), st.sampled_from([0, 1])
) | st.sampled_from([U48_MAX - 1, U48_MAX])
funds = st.sampled_from([0, 1, 3 * UBOLT_PER_BOLT, U48_MAX])
wishes = st.builds(
    Wish,
    home=st.sampled_from((*HOMES, *HOMES, NEVER_OPENED)),
    spent=amounts,
    earned=st.sampled_from([0, 0, 0, 1, UBOLT_PER_BOLT, 4 * UBOLT_PER_BOLT, U48_MAX]),
    top_up=st.sampled_from([0, 0, 0, 1, 2 * UBOLT_PER_BOLT, U48_MAX]),
    flaw=st.sampled_from(["", "", "", "", "wrong signer", "no signature"]),
)


class VaultBesideModel(RuleBasedStateMachine):
    """I-CH-2, I-CH-9, I-CH-10"""

    @initialize()
    def begin(self) -> None:
        base, self.bolt, self.vault = street()
        self.evm = base.fork()
        self.model = VaultModel(self.evm.now_s)
        self.domain = vault_domain(CHAIN_ID, self.vault)
        self.counters = dict.fromkeys((home.channel for home in HOMES), (0, 0, 0, 0))

    def ask(self, view: View[int], *, of: Address | None = None) -> int:
        return view.decode(self.evm.call(self.vault if of is None else of, view.calldata))

    def now(self) -> VaultModel:
        """The model at the time of the next block."""
        return replace(self.model, now_s=self.evm.now_s)

    def both(self, sender: Signer, data: bytes, expected: VaultModel | VaultRefusal) -> Outcome:
        """Send, and require that the vault did what the model says."""
        outcome = self.evm.send(sender, self.vault, data)
        if isinstance(expected, VaultRefusal):
            assert outcome.reason == expected.value
        else:
            assert outcome.ok, outcome.reason
            self.model = expected
        return outcome

    @rule(home=homes, amount=amounts)
    def deposit(self, home: Home, amount: int) -> None:
        data = calls.deposit(home.voucher_key.address, home.cfg, amount=amount)
        self.both(HUB, data, self.now().deposit(home.channel, amount, opening_cap=home.cap))

    @rule(amount=amounts)
    def fund_pool(self, amount: int) -> None:
        self.both(HUB, calls.fund_pool(amount), self.now().fund_pool(amount))

    @rule(batch=st.lists(wishes, max_size=5), fund=funds)
    def claim(self, batch: list[Wish], fund: int) -> None:
        expected = self.now().claim([wish.item for wish in batch], fund=fund)
        items = [wish.claim_item(self.domain) for wish in batch]
        seq = self.ask(calls.next_seq())
        outcome = self.both(HUB, calls.claim(items, fund=fund, seq=seq), expected.vault)
        logs = [parse_log(topics, data) for _, topics, data in outcome.logs]
        assert Claimed(seq, expected.pulled, expected.vault.pool) in logs
        replayed = self.evm.send(HUB, self.vault, calls.claim(items, fund=fund, seq=seq))
        assert replayed.reason == "not the next seq"

    @rule(wish=wishes)
    def claim_reaches_the_ceiling_that_both_sides_reckon_with(self, wish: Wish) -> None:
        """I-CH-2"""
        wish = replace(wish, top_up=0, flaw="")
        view = self.now().view(wish.home.channel)
        self.claim([wish], 0)
        word = self.model.view(wish.home.channel).word
        if word.earned >= wish.earned and view.word.is_open and not view.exit_armed:
            reached = min(wish.spent, view.ceiling_with(wish.earned))
            assert word.spent == max(view.word.spent, reached)
        assert word.spent <= max(view.word.spent, wish.spent)

    @rule(batch=st.lists(wishes, min_size=1, max_size=3))
    def post_vouchers(self, batch: list[Wish]) -> None:
        data = calls.post_vouchers([wish.claim_item(self.domain) for wish in batch])
        self.both(ANYBODY, data, self.now().post_vouchers([wish.item for wish in batch]))

    @rule(home=st.sampled_from((*HOMES, NEVER_OPENED)), earned=amounts)
    def post_credit(self, home: Home, earned: int) -> None:
        digest = credit_digest(self.domain, home.channel, earned=earned, bill_head=bytes(32))
        for by in (MALLORY, HUB):
            data = calls.post_credit(
                home.channel, earned=earned, bill_head=bytes(32), signature=by.sign(digest)
            )
            if by is HUB:
                self.both(ANYBODY, data, self.now().post_credit(home.channel, earned))
            else:
                assert not self.evm.send(ANYBODY, self.vault, data).ok

    @rule(home=homes)
    def start_exit(self, home: Home) -> None:
        self.exit_call("start_exit", home, self.now().start_exit(home.channel))

    @rule(home=homes)
    def cancel_exit(self, home: Home) -> None:
        self.exit_call("cancel_exit", home, self.now().cancel_exit(home.channel))

    @rule(home=homes, wait=st.booleans())
    def finish_exit(self, home: Home, wait: bool) -> None:
        matures_s = self.now().view(home.channel).word.exit_hour * 3_600
        if wait and matures_s > self.evm.now_s:
            self.evm.pass_time(matures_s - self.evm.now_s)
        before = self.ask(calls.balance_of(home.owner.address), of=self.bolt)
        held = self.model.held
        self.exit_call("finish_exit", home, self.now().finish_exit(home.channel))
        after = self.ask(calls.balance_of(home.owner.address), of=self.bolt)
        assert after - before == held - self.model.held

    def exit_call(self, name: str, home: Home, expected: VaultModel | VaultRefusal) -> None:
        call = getattr(calls, name)
        data = call(home.voucher_key.address, home.cfg, descriptor=home.descriptor.encoded)
        self.both(home.owner, data, expected)

    @rule(hours=st.sampled_from([1, 20, 24, 47 * 24, 13 * 24 + 23, 47, 48, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        self.evm.pass_time(hours * 3_600)

    @invariant()
    def both_show_the_same(self) -> None:
        """I-CH-10"""
        model = self.now()
        for home in HOMES:
            view, ask = model.view(home.channel), calls.channel_word(home.channel)
            assert ask.decode(self.evm.call(self.vault, ask.calldata)) == view.word
            if view.word.is_open:
                assert self.ask(calls.headroom(home.channel)) == view.headroom >= 0
                assert self.ask(calls.cap_allowance(home.channel)) == view.cap_allowance
        assert self.ask(calls.pool()) == model.pool

    @invariant()
    def the_vault_holds_what_it_owes(self) -> None:
        """I-CH-9"""
        assert self.ask(calls.balance_of(self.vault), of=self.bolt) == self.model.held

    @invariant()
    def counters_never_fall(self) -> None:
        """I-CH-1"""
        for home in HOMES:
            word = self.model.view(home.channel).word
            now = (word.deposited, word.spent, word.earned, word.withdrawn)
            assert all(a >= b for a, b in zip(now, self.counters[home.channel], strict=True))
            self.counters[home.channel] = now


TestVaultBesideModel = VaultBesideModel.TestCase
TestVaultBesideModel.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking on an EVM takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
