"""Whatever anybody does in whatever order: no token is lost, no counter falls, all can leave.

A stateful machine drives a street of three homes on a real EVM, and a property compares a batch
with the same items one by one.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gridplus.contracts import ChannelWord, calls
from tests.contracts.street import (
    BOLT,
    DAY_S,
    HUB,
    STRANGER,
    TREASURER,
    Home,
    Street,
    new_street,
)

NAMES = ("ada", "bob", "eve")
FUNDS = 10**6 * BOLT
homes = st.sampled_from(range(len(NAMES)))
amounts = st.one_of(st.integers(1, 60 * BOLT), st.sampled_from([1, BOLT, 20 * BOLT, 21 * BOLT]))
raises = st.one_of(st.just(0), amounts)
items = st.tuples(homes, raises, raises, st.one_of(st.just(0), st.integers(0, 3 * BOLT)))
batches = st.lists(items, max_size=5)


def open_street() -> tuple[Street, list[Home]]:
    street = new_street()
    street.give(HUB, FUNDS)
    found = [street.home(name, daily_cap=20) for name in NAMES]
    for home in found:
        street.give(home.owner, FUNDS)
        street.deposit(home, 25 * BOLT)
    return street, found


def signed(street: Street, home: Home, item: tuple[int, int, int, int]) -> calls.ClaimItem:
    """A voucher that asks for so much more than what the chain has now."""
    word = street.word(home)
    return home.voucher(word.spent + item[1], word.earned + item[2], top_up=item[3])


@settings(max_examples=15, deadline=None)
@given(batch=batches, pool=raises, days=st.integers(0, 3))
def test_a_batch_is_the_fold_of_its_items(
    batch: list[tuple[int, int, int, int]], pool: int, days: int
) -> None:
    """I-VA-9"""
    together, found = open_street()
    if pool:
        together.fund_pool(pool)
    together.evm.pass_time(days * DAY_S)
    apart = together.fork()
    vouchers = [signed(together, found[item[0]], item) for item in batch]
    fund = sum(item[3] for item in batch)
    together.claim(*vouchers, fund=fund)
    for voucher in vouchers:
        apart.claim(voucher, fund=fund)
    assert [together.word(home) for home in found] == [apart.word(home) for home in found]
    assert together.pool() == apart.pool()
    assert together.unaccounted(*found) == 0


class Promises(RuleBasedStateMachine):
    """The street, its homes, and the words as they were after the step before."""

    def __init__(self) -> None:
        super().__init__()
        self.street, self.homes = open_street()
        self.before = [self.street.word(home) for home in self.homes]

    @rule(which=homes, amount=amounts)
    def deposit(self, which: int, amount: int) -> None:
        home = self.homes[which]
        self.street.evm.send(
            home.owner,
            self.street.vault,
            calls.deposit(home.voucher_key.address, home.cfg, amount=amount),
        )

    @rule(amount=amounts)
    def fund(self, amount: int) -> None:
        self.street.fund_pool(amount)

    @rule(batch=batches)
    def claim(self, batch: list[tuple[int, int, int, int]]) -> None:
        vouchers = [signed(self.street, self.homes[item[0]], item) for item in batch]
        self.street.claim(*vouchers, fund=sum(item[3] for item in batch))

    @rule(batch=batches)
    def post_vouchers(self, batch: list[tuple[int, int, int, int]]) -> None:
        vouchers = [signed(self.street, self.homes[item[0]], item) for item in batch]
        self.street.evm.send(STRANGER, self.street.vault, calls.post_vouchers(vouchers))

    @rule(which=homes, amount=amounts)
    def post_credit(self, which: int, amount: int) -> None:
        home = self.homes[which]
        data = self.street.credit_data(home, self.street.word(home).earned + amount)
        self.street.evm.send(STRANGER, self.street.vault, data)

    @rule(which=homes, step=st.sampled_from(["start_exit", "cancel_exit", "finish_exit"]))
    def exit(self, which: int, step: str) -> None:
        sender, data = self.street.exit_step(self.homes[which], step)
        self.street.evm.send(sender, self.street.vault, data)

    @rule(amount=amounts)
    def request_withdrawal(self, amount: int) -> None:
        data = calls.request_withdrawal(amount)
        self.street.evm.send(TREASURER, self.street.vault, data)

    @precondition(lambda self: self.street.ask(self.street.vault, calls.withdrawal()).amount_ubolt)
    @rule()
    def finish_withdrawal(self) -> None:
        request = self.street.ask(self.street.vault, calls.withdrawal())
        self.street.evm.pass_time(max(0, request.matures_at_s - self.street.evm.now_s))
        self.street.evm.send(TREASURER, self.street.vault, calls.finish_withdrawal())

    @rule(hours=st.sampled_from([1, 24, 24 * 7, 24 * 14 + 1, 24 * 50]))
    def pass_time(self, hours: int) -> None:
        self.street.evm.pass_time(hours * 3600)

    @invariant()
    def no_token_is_lost_or_made(self) -> None:
        assert self.street.unaccounted(*self.homes) == 0

    @invariant()
    def no_counter_falls_and_no_allowance_is_exceeded(self) -> None:
        for index, home in enumerate(self.homes):
            old, new = self.before[index], self.street.word(home)
            today = self.street.evm.today
            assert new.headroom >= 0
            assert new.deposited >= old.deposited
            assert new.earned >= old.earned
            assert new.withdrawn >= old.withdrawn
            assert 0 <= new.spent - old.spent <= old.cap_allowance(today)
            assert old.cap_day <= new.cap_day <= today
            assert (new.daily_cap, new.op_nonce) == (old.daily_cap, 0)
            self.before[index] = new

    @invariant()
    def the_views_agree_with_the_word(self) -> None:
        home, vault = self.homes[0], self.street.vault
        word: ChannelWord = self.street.word(home)
        assert self.street.ask(vault, calls.headroom(home.channel)) == word.headroom
        allowance = self.street.ask(vault, calls.cap_allowance(home.channel))
        assert allowance == word.cap_allowance(self.street.evm.today)

    def teardown(self) -> None:
        """Every owner can leave with the whole headroom, whatever came before."""
        self.street.evm.pass_time(17 * DAY_S)
        for home in self.homes:
            self.street.do(
                home.owner, self.street.vault, self.street.exit_step(home, "start_exit")[1]
            )
        self.street.evm.pass_time(14 * DAY_S + 3600)
        for home in self.homes:
            owed, held = self.street.word(home).headroom, self.street.balance(home.owner.address)
            self.street.do(
                home.owner, self.street.vault, self.street.exit_step(home, "finish_exit")[1]
            )
            assert self.street.balance(home.owner.address) == held + owed
        assert self.street.balance(self.street.vault) == self.street.pool()


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=8, stateful_step_count=25, deadline=None)
