"""The day's money: one batch of transfers for everything that moved since the last close."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from gridplus.channel import Counters
from gridplus.contracts.logs import Deposited, PoolFunded, WithdrawalFinished
from gridplus.contracts.word import ChannelWord
from gridplus.failures import RemoteError
from gridplus.ledger import (
    Code,
    Ledger,
    Lot,
    Refused,
    Transfer,
    bill,
    claim,
    energy,
    movement,
    restatement,
)
from gridplus.ledger.chart import POOL, TRUST_CASH
from gridplus.market import PriceVersion, imbalance_wh
from gridplus.retailer.book import Book, OpenedDay, claimed
from gridplus.retailer.chain_link import Followed
from gridplus.retailer.errors import LedgerRefusedError
from gridplus.retailer.gas import GasTerms
from gridplus.retailer.street_day import StreetDay, ledger_day, ledger_restatements
from gridplus.units import Interval
from gridplus.wallet import ChannelId


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Consumption less position (Wh, positive = bought in real time), and at what it is valued."""

    energy_wh: tuple[tuple[Interval, int], ...]
    prices: PriceVersion


@dataclass(frozen=True, slots=True)
class MoneyTerms:
    """What the owners put in, and what gas is assumed to cost."""

    opening_capital_ubolt: int
    gas: GasTerms


@dataclass(frozen=True, slots=True)
class ClosingDay:
    """All that the closing of one day knows: nothing of it is posted yet."""

    opened: OpenedDay
    street: StreetDay
    imbalance: Imbalance
    followed: Followed

    @property
    def day(self) -> date:
        return self.opened.prices.operating_day


def value_imbalance(
    opened: OpenedDay, street: StreetDay, *, real_time: PriceVersion | None
) -> Imbalance:
    """At real-time prices where there are some, else at the day-ahead prices."""
    energy_wh = imbalance_wh(opened.bid.position, street.consumption_wh)
    return Imbalance(energy_wh, real_time or opened.prices)


def day_batch(book: Book, closing: ClosingDay, *, terms: MoneyTerms) -> tuple[Transfer, ...]:
    """The transfers of the day, in the order in which one would tell them; they post together.

    Raises RemoteError when the chain's words and logs do not tell the same deposits.
    """
    return (
        *_opening(book, closing.day, capital_ubolt=terms.opening_capital_ubolt),
        *_moved_on_chain(book.words, closing),
        *(
            line
            for day_bill in closing.street.bills.values()
            for line in bill(ledger_day(day_bill))
        ),
        *_restated(closing),
        *_claim(book, closing),
        *_wholesale(closing),
        *_gas(closing, terms.gas),
    )


def post_day(book: Book, batch: tuple[Transfer, ...], *, followed: Followed) -> Ledger:
    """A new ledger with `batch` posted; the book's own is untouched.

    Raises LedgerRefusedError when it is refused, or when trust and pool together would not be what
    the vault holds.
    """
    posted = book.ledger.fork()
    refused = posted.post(batch)
    if isinstance(refused, Refused):
        raise LedgerRefusedError(f"the day cannot be posted: {refused}")
    booked = posted.balance(TRUST_CASH) + posted.balance(POOL)
    held = followed.pool_ubolt + sum(word.headroom for word in followed.words.values())
    if booked != held:
        raise LedgerRefusedError(
            f"the ledger would have {booked} µBOLT in the vault, the chain has {held} at block "
            f"{followed.block}"
        )
    return posted


def _opening(book: Book, day: date, *, capital_ubolt: int) -> tuple[Transfer, ...]:
    if book.ledger.transfers:
        return ()
    return movement(Code.CAPITAL, b"opening", day=day, amount_ubolt=capital_ubolt)


def _moved_on_chain(
    before: Mapping[ChannelId, ChannelWord], closing: ClosingDay
) -> Iterator[Transfer]:
    """Deposits and the pool by their logs, withdrawals of homes by their words."""
    day, followed = closing.day, closing.followed
    logged = {channel: before.get(channel, ChannelWord()).deposited for channel in followed.words}
    for at in followed.events:
        match at.event:
            case Deposited(channel=channel, amount_ubolt=amount):
                logged[ChannelId(channel)] += amount
                yield from movement(
                    Code.DEPOSIT, at.source, day=day, amount_ubolt=amount, home=channel
                )
            case PoolFunded(amount_ubolt=amount):
                yield from movement(Code.POOL_FUNDING, at.source, day=day, amount_ubolt=amount)
            case WithdrawalFinished(amount_ubolt=amount):
                yield from movement(Code.POOL_WITHDRAWAL, at.source, day=day, amount_ubolt=amount)
            case _:
                pass
    for channel, word in followed.words.items():
        if word.deposited != logged[channel]:
            raise RemoteError(
                f"channel 0x{channel.hex()} has {word.deposited} µBOLT deposited, the node's logs "
                f"tell of {logged[channel]}"
            )
        left = word.withdrawn - before.get(channel, ChannelWord()).withdrawn
        yield from movement(Code.WITHDRAWAL, channel, day=day, amount_ubolt=left, home=channel)


def _restated(closing: ClosingDay) -> Iterator[Transfer]:
    """What earlier bills were restated by since each home's last close."""
    for day_bill in closing.street.bills.values():
        for link in day_bill.restated:
            for restated in ledger_restatements(link.restatement):
                yield from restatement(restated, posted_on=closing.day)


def _claim(book: Book, closing: ClosingDay) -> tuple[Transfer, ...]:
    moved = newly_claimed(book, closing)
    return claim(
        b"", day=closing.day, spent_ubolt=moved.spent_ubolt, earned_ubolt=moved.earned_ubolt
    )


def newly_claimed(book: Book, closing: ClosingDay) -> Counters:
    """How far the claims since the last close raised the homes' billed counters, all together."""
    before = claimed(book.words, book.billed)
    after = claimed(closing.followed.words, {**book.billed, **closing.street.billed})
    return Counters(
        after.spent_ubolt - before.spent_ubolt, after.earned_ubolt - before.earned_ubolt
    )


def _wholesale(closing: ClosingDay) -> Iterator[Transfer]:
    cleared, settled = closing.opened.prices, closing.imbalance.prices
    bought = [Lot(wh, cleared.price_at(hour)) for hour, wh in closing.opened.bid.position.by_hour]
    yield from energy(Code.DAY_AHEAD, cleared.digest, day=closing.day, lots=bought)
    differed = [Lot(wh, settled.price_at(at)) for at, wh in closing.imbalance.energy_wh]
    yield from energy(Code.IMBALANCE, settled.digest, day=closing.day, lots=differed)


def _gas(closing: ClosingDay, terms: GasTerms) -> Iterator[Transfer]:
    for paid in closing.followed.transactions:
        cost = terms.cost_ubolt(paid.gas_used)
        yield from movement(Code.GAS, paid.hash, day=closing.day, amount_ubolt=cost)
