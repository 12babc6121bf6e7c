"""The pure vault beside the real one: after every step both show the same words, pool and money.

The machine drives `gridplus.channel.model` and vault.vy on a real EVM with real signatures, tokens
and block times: every external function, valid and scrambled. `make fuzz` runs it at length.
"""

from dataclasses import replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from gridplus.channel.model import VaultModel
from gridplus.contracts import ExitKind, calls, home_calls, parse_log
from gridplus.contracts.logs import Claimed
from gridplus.units import U48_MAX, UBOLT_PER_BOLT
from gridplus.wallet import (
    Authorization,
    CancelExit,
    Close,
    Role,
    Rotate,
    SetCap,
    StartExit,
    action_digest,
    bolt_domain,
    credit_digest,
    deposit_nonce,
    receive_authorization_digest,
)
from tests.channel.beside import Beside
from tests.channel.ground import (
    ANYBODY,
    DAY_S,
    EVERYBODY,
    HEIR,
    HOMES,
    MALLORY,
    NEVER_OPENED,
    PAIRS,
    TREASURER,
    Home,
    Wish,
)
from tests.contracts.evm import CHAIN_ID, Signer

homes = st.sampled_from(HOMES)
anyone = st.sampled_from(EVERYBODY)
pairs = st.sampled_from(PAIRS)
finals = st.tuples(
    st.sampled_from([0, 1, UBOLT_PER_BOLT, 3 * UBOLT_PER_BOLT, U48_MAX]),
    st.sampled_from([0, 0, 1, UBOLT_PER_BOLT, U48_MAX]),
)
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


class VaultBesideModel(Beside):
    """I-CH-2, I-CH-9, I-CH-10, I-VA-1, I-VA-2, I-VA-3, I-VA-4, I-VA-12"""

    @rule(home=homes, amount=amounts)
    def deposit(self, home: Home, amount: int) -> None:
        self.deposit_by_hub(home, amount)

    @rule(home=homes, to=homes, amount=amounts)
    def deposit_with_authorization(self, home: Home, to: Home, amount: int) -> None:
        """What the hub signed for one home reaches that home, once."""
        number, self.authorized = self.authorized, self.authorized + 1
        payer, until_s = self.hub, self.evm.now_s + DAY_S
        nonce = deposit_nonce(home.channel, number)
        promise = Authorization(payer.address, self.vault, amount, 0, until_s, nonce)
        token = bolt_domain(CHAIN_ID, self.bolt)
        signature = payer.sign(receive_authorization_digest(token, promise))

        def call(to: Home) -> bytes:
            key = to.voucher_key.address
            return calls.deposit_with_authorization(
                calls.AuthorizedDeposit(
                    key, to.cfg, amount, payer.address, number, 0, until_s, signature
                )
            )

        if to is not home:
            self.refused(ANYBODY, call(to))
        expected = self.now().deposit(home.channel, amount, opening_cap=home.cap)
        self.both(ANYBODY, call(home), expected)
        self.refused(ANYBODY, call(home))

    @rule(amount=amounts)
    def fund_pool(self, amount: int) -> None:
        self.refused(MALLORY, calls.fund_pool(amount))
        self.both(self.hub, calls.fund_pool(amount), self.now().fund_pool(amount))

    @rule(batch=st.lists(wishes, max_size=5), fund=funds)
    def claim(self, batch: list[Wish], fund: int) -> None:
        expected = self.now().claim([wish.item for wish in batch], fund=fund)
        items = [wish.claim_item(self.domain) for wish in batch]
        seq = self.ask(calls.next_seq())
        data = calls.claim(items, fund=fund, seq=seq)
        for stranger in (MALLORY, self.next_hub):
            assert self.refused(stranger, data) == "not the hub"
        outcome = self.both(self.hub, data, expected.vault)
        logs = [parse_log(topics, data) for _, topics, data in outcome.logs]
        assert Claimed(seq, expected.pulled, expected.vault.pool) in logs
        assert self.refused(self.hub, data) == "not the next seq"

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

        def call(by: Signer) -> bytes:
            signature = by.sign(digest)
            return calls.post_credit(
                home.channel, earned=earned, bill_head=bytes(32), signature=signature
            )

        self.refused(ANYBODY, call(MALLORY))
        self.refused(ANYBODY, call(self.next_hub))
        self.both(ANYBODY, call(self.hub), self.now().post_credit(home.channel, earned))

    @rule(home=anyone)
    def start_exit(self, home: Home) -> None:
        owner = home.owner.address
        self.owner_call(
            home,
            home_calls.start_exit(home.named),
            self.now().start_exit(home.channel, ExitKind.OWNER_ALONE, to=owner),
        )

    @rule(home=homes)
    def cancel_exit(self, home: Home) -> None:
        self.owner_call(
            home,
            home_calls.cancel_exit(home.named),
            self.now().cancel_exit(home.channel, by_two=False),
        )

    @rule(home=anyone, roles=pairs)
    def start_exit_by_two(self, home: Home, roles: Role) -> None:
        kind, to = ExitKind.WITH_OWNER, home.owner.address
        if Role.OWNER not in roles:
            kind, to = ExitKind.WITHOUT_OWNER, HEIR
        until_s = self.evm.now_s + DAY_S
        action = StartExit(home.channel, to, self.nonce(home), until_s)

        def call(pair: home_calls.Pair) -> bytes:
            return home_calls.start_exit_by_two(home.named, to, valid_until_s=until_s, by=pair)

        self.two_call(home, action, (roles, call), self.now().start_exit(home.channel, kind, to=to))

    @rule(home=homes, roles=pairs)
    def cancel_exit_by_two(self, home: Home, roles: Role) -> None:
        until_s = self.evm.now_s + DAY_S
        action = CancelExit(home.channel, self.nonce(home), until_s)

        def call(pair: home_calls.Pair) -> bytes:
            return home_calls.cancel_exit_by_two(home.named, valid_until_s=until_s, by=pair)

        expected = self.now().cancel_exit(home.channel, by_two=True)
        self.two_call(home, action, (roles, call), expected)

    @rule(home=homes, wait=st.booleans())
    def finish_exit(self, home: Home, wait: bool) -> None:
        word = self.now().view(home.channel).word
        if wait and word.exit_hour * 3_600 > self.evm.now_s:
            self.evm.pass_time(word.exit_hour * 3_600 - self.evm.now_s)
        to = HEIR if word.exit_kind == ExitKind.WITHOUT_OWNER else home.owner.address
        expected = self.now().finish_exit(home.channel)
        self.paying(to, ANYBODY, home_calls.finish_exit(home.named), expected)

    @rule(home=anyone, roles=st.sampled_from((Role.OWNER, *PAIRS)), final=finals)
    def close(self, home: Home, roles: Role, final: tuple[int, int]) -> None:
        spent, earned = final
        action = Close(home.channel, spent, earned, self.nonce(home), self.evm.now_s + DAY_S)
        digest = action_digest(self.domain, action)
        expected = self.now().close(home.channel, spent=spent, earned=earned)
        sender = home.owner if roles == Role.OWNER else ANYBODY
        for by in (MALLORY, self.hub):
            signed = home_calls.Final(spent, earned, action.valid_until_s, by.sign(digest))
            if roles == Role.OWNER:
                data = home_calls.close(home.named, signed)
            else:
                pair = home.pair(digest, roles)
                data = home_calls.close_by_two(home.named, signed, by=pair)
            if by is MALLORY:
                self.refused(sender, data)
            else:
                self.paying(home.owner.address, sender, data, expected)

    @rule(home=homes, to=anyone, roles=pairs, final=finals, rarely=st.integers(0, 4))
    def rotate(
        self, home: Home, to: Home, roles: Role, final: tuple[int, int], rarely: int
    ) -> None:
        if rarely and to is not home:
            return  # it retires a home, and there are three
        key, until_s = to.voucher_key.address, self.evm.now_s + DAY_S
        action = Rotate(home.channel, key, to.cfg, *final, self.nonce(home), until_s)

        def call(pair: home_calls.Pair, hub: Signer | None = None) -> bytes:
            consent = (hub or self.hub).sign(action_digest(self.domain, action))
            signed = home_calls.Final(*final, until_s, consent)
            return home_calls.rotate(home.named, key, cfg=to.cfg, final=signed, by=pair)

        self.refused(ANYBODY, call(home.pair(action_digest(self.domain, action), roles), MALLORY))

        spent, earned = final
        expected = self.now().rotate(
            home.channel, to.channel, opening_cap=to.cap, spent=spent, earned=earned
        )
        self.two_call(home, action, (roles, call), expected)

    @rule(home=homes, cap=st.sampled_from([0, 1, 7, 0xFFFE, 0xFFFF]), roles=pairs)
    def set_cap(self, home: Home, cap: int, roles: Role) -> None:
        until_s = self.evm.now_s + DAY_S
        action = SetCap(home.channel, cap, self.nonce(home), until_s)

        def call(pair: home_calls.Pair, hub: Signer | None = None) -> bytes:
            consent = (hub or self.hub).sign(action_digest(self.domain, action))
            return home_calls.set_cap(
                home.named, cap, valid_until_s=until_s, signature=consent, by=pair
            )

        self.refused(ANYBODY, call(home.pair(action_digest(self.domain, action), roles), MALLORY))
        self.two_call(home, action, (roles, call), self.now().set_cap(home.channel, cap))

    @rule(amount=amounts)
    def request_withdrawal(self, amount: int) -> None:
        data = calls.request_withdrawal(amount)
        self.treasurers(data, self.now().request_withdrawal(amount))

    @rule()
    def cancel_withdrawal(self) -> None:
        self.treasurers(calls.cancel_withdrawal(), self.now().cancel_withdrawal())

    @rule(wait=st.booleans())
    def finish_withdrawal(self, wait: bool) -> None:
        request = self.model.withdrawal
        if wait and request is not None and request.matures_at_s > self.evm.now_s:
            self.evm.pass_time(request.matures_at_s - self.evm.now_s)
        expected = self.now().finish_withdrawal()
        assert self.refused(self.hub, calls.finish_withdrawal()) == "not the treasurer"
        self.paying(TREASURER.address, TREASURER, calls.finish_withdrawal(), expected)

    @rule(step=st.sampled_from(["ask", "cancel", "finish"]), wait=st.booleans())
    def replace_hub(self, step: str, wait: bool) -> None:
        request, heir = self.model.replacement, self.next_hub.address
        if wait and step == "finish" and request and request.matures_at_s > self.evm.now_s:
            self.evm.pass_time(request.matures_at_s - self.evm.now_s)
        model = self.now()
        data, expected = {
            "ask": (calls.request_hub(heir), model.request_hub(heir)),
            "cancel": (calls.cancel_hub(), model.cancel_hub()),
            "finish": (calls.finish_hub(), model.finish_hub()),
        }[step]
        self.treasurers(data, expected)
        if step == "finish" and isinstance(expected, VaultModel):
            self.hub, self.next_hub = self.next_hub, self.hub

    @rule(hours=st.sampled_from([1, 20, 24, 47 * 24, 13 * 24 + 23, 47, 48, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        self.evm.pass_time(hours * 3_600)


TestVaultBesideModel = VaultBesideModel.TestCase
TestVaultBesideModel.settings = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking on an EVM takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
