"""One vault twice, the pure model and the real contract, for a machine that drives both.

A step that the model refuses must revert with the same reason; one that somebody else signed or
sent must revert. `OUTCOMES` counts what was accepted and refused, for `make fuzz`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from gridplus.channel.model import VaultModel, VaultRefusal
from gridplus.contracts import artifact, calls, home_calls
from gridplus.contracts.abi import View, selector
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Action, Address, Role, action_digest, vault_domain
from tests.channel.ground import (
    ANYBODY,
    HOMES,
    HUB,
    MALLORY,
    NEXT_HUB,
    TREASURER,
    Home,
    street,
)
from tests.contracts.evm import CHAIN_ID, Outcome, Signer
from tests.contracts.test_calls import spelling

SPENDING = {"claim", "post_vouchers", "close", "close_by_two", "rotate"}
CREDITING = {"claim", "post_credit", "close", "close_by_two", "rotate"}
PAYING = {"finish_exit", "close", "close_by_two", "finish_withdrawal"}
NAMES = {
    selector(spelling(entry)): str(entry["name"])
    for entry in artifact("vault").abi
    if entry["type"] == "function"
}
OUTCOMES: Counter[tuple[str, bool]] = Counter()
"""How often each function was accepted (True) and refused as the model said."""


class Beside(RuleBasedStateMachine):
    """The hub's key may change hands: `hub` has it, `next_hub` has not."""

    @initialize(living=st.sampled_from([True, True, False]))
    def begin(self, living: bool) -> None:
        """A street in the middle of its life, or one where nobody has deposited yet."""
        base, self.bolt, self.vault = street()
        self.evm = base.fork()
        self.model = VaultModel(self.evm.now_s)
        self.domain = vault_domain(CHAIN_ID, self.vault)
        self.hub, self.next_hub, self.authorized = HUB, NEXT_HUB, 0
        self.counters = dict.fromkeys((home.channel for home in HOMES), (0, 0, 0, 0))
        if living:
            for home in HOMES:
                self.deposit_by_hub(home, 9 * UBOLT_PER_BOLT)
            pool = 60 * UBOLT_PER_BOLT
            self.both(self.hub, calls.fund_pool(pool), self.now().fund_pool(pool))

    def deposit_by_hub(self, home: Home, amount: int) -> None:
        data = calls.deposit(home.voucher_key.address, home.cfg, amount=amount)
        expected = self.now().deposit(home.channel, amount, opening_cap=home.cap)
        self.refused(MALLORY, data)
        self.both(self.hub, data, expected)

    def ask(self, view: View[int], *, of: Address | None = None) -> int:
        return view.decode(self.evm.call(self.vault if of is None else of, view.calldata))

    def now(self) -> VaultModel:
        """The model at the time of the next block."""
        return replace(self.model, now_s=self.evm.now_s)

    def both(self, sender: Signer, data: bytes, expected: VaultModel | VaultRefusal) -> Outcome:
        """Send, and require that the vault did what the model says."""
        outcome = self.evm.send(sender, self.vault, data)
        OUTCOMES[NAMES[data[:4]], outcome.ok] += 1
        if isinstance(expected, VaultRefusal):
            assert outcome.reason == expected.value
        else:
            assert outcome.ok, outcome.reason
            self.only_by_its_functions(NAMES[data[:4]], self.model, expected)
            self.model = expected
        return outcome

    def only_by_its_functions(self, name: str, before: VaultModel, after: VaultModel) -> None:
        """I-VA-3, I-VA-4, I-VA-12"""
        for channel, word in after.words.items():
            old = before.view(channel).word
            assert word.spent == old.spent or name in SPENDING
            assert word.earned == old.earned or name in CREDITING
        assert after.held >= before.held or name in PAYING
        if name in CREDITING:
            assert 15 * after.credited_today <= after.pool + after.credited_today or (
                after.credited_today == before.credited_today
            )

    def treasurers(self, data: bytes, expected: VaultModel | VaultRefusal) -> None:
        for thief in (self.hub, MALLORY):
            assert self.refused(thief, data) == "not the treasurer"
        self.both(TREASURER, data, expected)

    def refused(self, sender: Signer, data: bytes) -> str:
        """Why the scrambled twin of a step reverts, on a twin of the chain."""
        outcome = self.evm.fork().send(sender, self.vault, data)
        OUTCOMES[NAMES[data[:4]], outcome.ok] += 1
        assert not outcome.ok
        return outcome.reason

    def nonce(self, home: Home) -> int:
        return self.model.view(home.channel).word.op_nonce

    def owner_call(self, home: Home, data: bytes, expected: VaultModel | VaultRefusal) -> None:
        for thief in (MALLORY, self.hub):
            assert self.refused(thief, data) == "not the owner"
        self.both(home.owner, data, expected)

    def two_call(
        self,
        home: Home,
        action: Action,
        signed: tuple[Role, Callable[[home_calls.Pair], bytes]],
        expected: VaultModel | VaultRefusal,
    ) -> None:
        """Send what two keys signed; on a twin of the chain, what only one of them signed."""
        roles, call = signed
        pair = home.pair(action_digest(self.domain, action), roles)
        stranger = MALLORY.sign(action_digest(self.domain, action))
        for scrambled in (replace(pair, first=stranger), replace(pair, second=stranger)):
            self.refused(ANYBODY, call(scrambled))
        self.both(ANYBODY, call(pair), expected)

    def paying(
        self, to: Address, sender: Signer, data: bytes, expected: VaultModel | VaultRefusal
    ) -> None:
        """As `both`, and `to` receives all that leaves the vault."""
        before, held = self.ask(calls.balance_of(to), of=self.bolt), self.model.held
        self.both(sender, data, expected)
        after = self.ask(calls.balance_of(to), of=self.bolt)
        assert after - before == held - self.model.held

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
            receiver = home_calls.exit_receiver(home.channel)
            told = receiver.decode(self.evm.call(self.vault, receiver.calldata))
            assert told == model.receivers.get(home.channel, bytes(20))
        assert self.ask(calls.pool()) == model.pool
        assert self.ask(calls.credit_allowance()) == model.credit_allowance

    @invariant()
    def the_vault_holds_what_it_owes(self) -> None:
        """I-CH-9"""
        assert self.ask(calls.balance_of(self.vault), of=self.bolt) == self.model.held

    @invariant()
    def counters_never_fall(self) -> None:
        """I-CH-1, I-VA-1, I-VA-2"""
        for home in HOMES:
            word = self.model.view(home.channel).word
            now = (word.deposited, word.spent, word.earned, word.withdrawn)
            assert all(a >= b for a, b in zip(now, self.counters[home.channel], strict=True))
            self.counters[home.channel] = now
