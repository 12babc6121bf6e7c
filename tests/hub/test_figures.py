"""What a hub knows of all homes without walking them, and what midnight costs it."""

from collections import Counter
from pathlib import Path

from coincurve import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.channel import ChainSeen, ChannelView, Terms, Voucher, open_payee
from gridplus.contracts.word import MAX_CAP_DAYS, RETIRED, ChannelWord
from gridplus.digest import keccak256
from gridplus.hub.facts import GroupSealed, Kind
from gridplus.hub.home import Paid, open_home
from gridplus.hub.sealing import Receipt
from gridplus.keystore import Secp256k1Key
from gridplus.units import DAY_S, UBOLT_PER_BOLT, mul_div_up
from tests.hub.town import HandClock, Town, durable_parts, living_hub, replayed
from tests.kill.street import HUB_KEY, make_home

HOUSE = make_home(0).house
SIGNER = Secp256k1Key(PrivateKey(keccak256(b"whoever signs the seal")))
RECEIPT = Receipt(GroupSealed(1, 1, bytes(64)), b"")


@settings(max_examples=200)
@given(
    st.integers(0, 100),
    st.integers(-60, 60),
    st.sampled_from([0, 1, 2, 60, RETIRED]),
    st.integers(0, 70),
    st.integers(0, UBOLT_PER_BOLT),
)
def test_from_which_day_a_home_spares_one_is_what_the_cap_says_each_day(
    today: int, since: int, cap: int, due_caps: int, more: int
) -> None:
    cap_day = max(0, 1_000 + today - since)
    word = ChannelWord(deposited=1 << 40, cap_day=cap_day, daily_cap=cap)
    seen = ChainSeen(ChannelView(word, 1_000 + today), 1)
    identity = HOUSE.identity
    terms = Terms(identity.domain, identity.cfg, identity.voucher_key, HUB_KEY.address)
    home = open_home(identity, seen, payee=open_payee(terms, seen, unsigned_limit_ubolt=1))
    due = due_caps * (cap % RETIRED) * UBOLT_PER_BOLT + more
    home.paid = Paid(Voucher(identity.cfg, due, 0, bytes(64)), RECEIPT)
    whole = cap * UBOLT_PER_BOLT
    left = seen.view.cap_allowance - mul_div_up(due, 1, divisor=max(1, whole)) * whole
    spares = home.spares_from is not None and 1_000 + today >= home.spares_from
    assert spares is (left >= whole if whole else 1_000 + today >= cap_day)
    assert home.spares_from is None or home.spares_from <= cap_day + MAX_CAP_DAYS


async def test_midnight_writes_nothing_for_homes_that_sleep(town: Town, tmp_path: Path) -> None:
    houses, clock, journal = town.move_in(3), HandClock(), tmp_path / "hub.journal"
    awake, asleep, leaving = houses

    async with living_hub(town, journal, clock=clock) as life:
        await life.open(houses)
        await life.hub.follow_chain()
        await life.pay(awake, await life.bill(awake))
        town.start_exit(leaving)
        await life.hub.follow_chain()

        def seen() -> Counter[bytes]:
            kind = Kind.CHAIN_SEEN.value
            return Counter(s.fact.subject for s in life.journal.replay() if s.fact.kind == kind)

        before, day = seen(), life.book.homes[asleep.channel].view.today
        clock.shown_s += DAY_S
        await life.hub.follow_chain()
        assert seen() - before == Counter([leaving.channel])
        for wh in (100, 200):
            read = awake.meter(wh)
            await life.pay(awake, await life.billed(read))
        assert seen() - before == Counter([leaving.channel, awake.channel])
        views = [life.book.homes[house.channel].view.today - day for house in houses]
        assert views == [1, 0, 1]
        live = durable_parts(life.book)
    assert live == durable_parts(replayed(town.hub_key.address, journal))
