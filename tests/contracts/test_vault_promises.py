"""What the vault promises over time: the cap, convergence, and that nobody honest loses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.contracts import calls, home_calls
from tests.contracts.street import BOLT, DAY_S, OWNER_DEVICE, STRANGER, Home, Street, new_street

CAP = 20
HOUR_S = 3_600
quick = settings(max_examples=8, deadline=None)
amounts = st.integers(1, 60 * BOLT)


def with_pool(bolt: int) -> Street:
    street = new_street()
    street.fund_pool(bolt * BOLT)
    return street


def post(street: Street, home: Home, kind: str, amount: int) -> None:
    """One post, by whom it may be; refused or not."""
    if kind == "claim":
        street.claim(home.voucher(amount))
    elif kind == "post voucher":
        data = calls.post_vouchers([home.voucher(amount)])
        street.evm.send(STRANGER, street.vault, data)
    else:
        street.evm.send(STRANGER, street.vault, street.credit_data(home, amount))


@quick
@given(days=st.lists(st.tuples(st.integers(0, 60), amounts), min_size=1, max_size=12))
def test_a_voucher_key_moves_at_most_its_caps(days: list[tuple[int, int]]) -> None:
    """I-VA-5"""
    street = new_street()
    home = street.open("ada", 100_000 * BOLT, daily_cap=CAP)
    history = [(street.evm.today - 1, 0)]
    for passed, amount in days:
        street.evm.pass_time(passed * DAY_S)
        before = street.word(home).spent
        street.claim(home.voucher(before + 100 * amount))
        after = street.word(home).spent
        assert after - before <= 45 * CAP * BOLT
        history.append((street.evm.today, after))
    for index, (first, before) in enumerate(history):
        saved = min(45, first - history[0][0])
        for last, after in history[index:]:
            assert after - before <= CAP * BOLT * (last - first + saved + 1)
    opened = history[0][0] + 1
    for last, after in history:
        assert after <= CAP * BOLT * (last - opened + 1)


posts = st.tuples(st.sampled_from(["claim", "post voucher", "post credit"]), amounts)


@quick
@given(data=st.data(), batch=st.lists(posts, min_size=1, max_size=6))
def test_posts_in_any_order_any_number_of_times_lead_to_the_same_counters(
    data: st.DataObject, batch: list[tuple[str, int]]
) -> None:
    """I-VA-6"""
    one = with_pool(2_000)
    home = one.open("ada", 40 * BOLT, daily_cap=CAP)
    other = one.fork()
    shuffled = data.draw(st.permutations([*batch, *batch]))
    for street, order in ((one, batch), (other, shuffled)):
        for kind, amount in order:
            post(street, home, kind, amount)
        for _ in range(5):
            street.evm.pass_time(DAY_S)
            for kind, amount in batch:
                post(street, home, "claim" if kind == "post voucher" else kind, amount)
        assert street.unaccounted(home) == 0
    assert one.word(home).spent == other.word(home).spent
    assert one.word(home).earned == other.word(home).earned


@quick
@given(
    signed=st.integers(1, CAP * BOLT),
    alone=st.booleans(),
    late_s=st.integers(0, 13 * DAY_S),
    tricks=st.lists(st.sampled_from(["deposit", "finish", "restart", "post"]), max_size=4),
)
def test_a_hub_that_claims_within_the_window_loses_nothing(
    signed: int, alone: bool, late_s: int, tricks: list[str]
) -> None:
    """I-VA-10: whatever a home does that two of its keys, its owner and a stranger can do."""
    street = new_street()
    home = street.open("ada", 40 * BOLT, daily_cap=CAP)
    street.give(home.owner, 10 * BOLT)
    voucher = home.voucher(signed)
    start = home_calls.start_exit(home.named)
    if not alone:
        start = street.start_by_two(home, home.owner.address, OWNER_DEVICE)
    street.do(home.owner, street.vault, start)
    window_s = street.word(home).exit_hour * HOUR_S - street.evm.now_s
    for trick in tricks:
        data = {
            "deposit": calls.deposit(home.voucher_key.address, home.cfg, amount=BOLT),
            "finish": home_calls.finish_exit(home.named),
            "restart": home_calls.start_exit(home.named),
            "post": calls.post_vouchers([home.voucher(1)]),
        }[trick]
        street.evm.send(home.owner, street.vault, data)
    street.evm.pass_time(min(late_s, window_s - 60))
    street.claim(voucher)
    assert street.word(home).spent == signed
    assert street.unaccounted(home) == 0


@quick
@given(credit=st.integers(1, 40 * BOLT), rival=st.integers(1, 10 * BOLT))
def test_a_home_that_posts_its_credit_loses_nothing_that_the_days_credit_covers(
    credit: int, rival: int
) -> None:
    """I-VA-10"""
    street = with_pool(100)
    home, other = street.open("ada", BOLT), street.open("bob", BOLT)
    street.do(STRANGER, street.vault, street.credit_data(other, rival))
    data, covered = street.credit_data(home, credit), 0
    street.do(home.owner, street.vault, home_calls.start_exit(home.named))
    for _ in range(14):
        covered += street.ask(street.vault, calls.credit_allowance())
        street.evm.send(STRANGER, street.vault, data)
        street.evm.pass_time(DAY_S)
    assert street.word(home).earned == min(credit, covered)
    street.evm.pass_time(HOUR_S)
    street.do(STRANGER, street.vault, home_calls.finish_exit(home.named))
    assert street.balance(home.owner.address) == BOLT + min(credit, covered)
