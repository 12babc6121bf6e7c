"""What moved on chain, posted: events and words as a node would tell them, bills as signed."""

from dataclasses import replace
from pathlib import Path

import pytest

from gridplus.contracts.logs import Deposited, PoolFunded, WithdrawalFinished
from gridplus.contracts.logs import Log as Event
from gridplus.contracts.word import ChannelWord
from gridplus.failures import RemoteError
from gridplus.ledger import Code, Transfer
from gridplus.market import Position
from gridplus.retailer.accounts import (
    ClosingDay,
    MoneyTerms,
    day_batch,
    post_day,
    value_imbalance,
)
from gridplus.retailer.bid import Bid
from gridplus.retailer.book import Book, OpenedDay
from gridplus.retailer.chain_link import Followed, VaultEvent
from gridplus.retailer.customers import Customer
from gridplus.retailer.errors import LedgerRefusedError
from gridplus.retailer.gas import GasTerms, PaidTransaction, TransactionKind
from gridplus.retailer.street_day import DayTerms, StreetDay, make_street_day
from gridplus.wallet import ChannelId
from gridplus.wire import BilledDay
from tests.retailer.ground import BOLT, DAY, PLAN, Ground, price
from tests.tariff.examples import prices_of

PRICES = prices_of(DAY, price)
OPENED = OpenedDay(PRICES, Bid(Position("LZ_HOUSTON", PRICES.start_s, (9_000,) * 23), None, ()))
TERMS = MoneyTerms(100 * BOLT, GasTerms(price_wei=10**9, ether_ubolt=2_000 * BOLT))
STRANGER = ChannelId(b"\x77" * 32)
PAYER = b"\x01" * 20


def event(event: Event, index: int) -> VaultEvent:
    return VaultEvent(event, b"\x0a" * 32 + index.to_bytes(4, "big"))


def deposited(channel: ChannelId, amount_ubolt: int) -> Deposited:
    return Deposited(channel, PAYER, PAYER, bytes(32), amount_ubolt)


@pytest.fixture(scope="module")
def street(ground: Ground) -> StreetDay:
    home = ground.homes[0]
    customer = Customer(home.name, home.identity.channel, Path("home.toml"))
    day = BilledDay(home.identity, ground.records[home.name][:92])
    return make_street_day({customer: day}, terms=DayTerms(PLAN, PRICES, bytes(32), {}))


def closing(street: StreetDay) -> ClosingDay:
    """One home deposits 30 BOLT in two steps and pays its day; the pool is funded with 50."""
    ((channel, billed),) = street.billed.items()
    spent, earned = billed.counters.spent_ubolt, billed.counters.earned_ubolt
    pool = 50 * BOLT + spent - earned
    word = ChannelWord(deposited=30 * BOLT, spent=spent, earned=earned, daily_cap=25)
    events = (
        event(PoolFunded(PAYER, 50 * BOLT), 0),
        event(deposited(channel, 20 * BOLT), 1),
        event(deposited(channel, 10 * BOLT), 2),
    )
    paid = (PaidTransaction(b"\x0a" * 32, TransactionKind.CLAIM, 40_000),)
    followed = Followed(7, events, paid, {channel: word}, pool)
    return ClosingDay(OPENED, street, value_imbalance(OPENED, street, real_time=None), followed)


def with_chain(day: ClosingDay, **changes: object) -> ClosingDay:
    return replace(day, followed=replace(day.followed, **changes))  # type: ignore[arg-type]


def amounts(batch: tuple[Transfer, ...], code: Code) -> list[int]:
    return [transfer.amount_ubolt for transfer in batch if transfer.code is code]


def test_capital_comes_first_and_each_deposit_is_a_transfer(street: StreetDay) -> None:
    day = closing(street)
    batch = day_batch(Book(), day, terms=TERMS)
    assert (batch[0].code, batch[0].amount_ubolt) == (Code.CAPITAL, 100 * BOLT)
    assert amounts(batch, Code.DEPOSIT) == [20 * BOLT, 10 * BOLT]
    assert amounts(batch, Code.POOL_FUNDING) == [50 * BOLT]
    assert amounts(batch, Code.GAS) == [80_000]
    ((channel, word),) = day.followed.words.items()
    assert amounts(batch, Code.CLAIMED_SPENT) == [word.spent]
    posted = post_day(Book(), batch, followed=day.followed)
    assert posted.deposit(channel) == word.headroom


def test_a_book_that_has_begun_gets_no_capital_again(street: StreetDay) -> None:
    day, book = closing(street), Book()
    book.ledger.post(day_batch(book, day, terms=TERMS)[:1])
    assert amounts(day_batch(book, day, terms=TERMS), Code.CAPITAL) == []


def test_a_home_that_left_and_a_treasurer_that_withdrew_are_seen(street: StreetDay) -> None:
    day = closing(street)
    left = ChannelWord(deposited=5 * BOLT, withdrawn=5 * BOLT)
    moved = with_chain(
        day,
        words={**day.followed.words, STRANGER: left},
        events=(
            *day.followed.events,
            event(deposited(STRANGER, 5 * BOLT), 4),
            event(WithdrawalFinished(2 * BOLT), 5),
        ),
        pool_ubolt=day.followed.pool_ubolt - 2 * BOLT,
    )
    batch = day_batch(Book(), moved, terms=TERMS)
    assert amounts(batch, Code.WITHDRAWAL) == [5 * BOLT]
    assert amounts(batch, Code.POOL_WITHDRAWAL) == [2 * BOLT]
    assert post_day(Book(), batch, followed=moved.followed).deposit(STRANGER) == 0


def test_logs_that_miss_a_deposit_are_not_believed(street: StreetDay) -> None:
    day = closing(street)
    fewer = with_chain(day, events=day.followed.events[:2])
    with pytest.raises(RemoteError, match="has 30000000 µBOLT deposited, the node's logs tell of"):
        day_batch(Book(), fewer, terms=TERMS)


def test_books_that_would_differ_from_the_vault_are_refused(street: StreetDay) -> None:
    day = closing(street)
    batch = day_batch(Book(), day, terms=TERMS)
    other = replace(day.followed, pool_ubolt=day.followed.pool_ubolt + 1)
    with pytest.raises(LedgerRefusedError, match="the chain has 80000001 at block 7"):
        post_day(Book(), batch, followed=other)
