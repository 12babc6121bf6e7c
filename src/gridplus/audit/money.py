"""The money of one day: the transfers derived again, and what vault, ledger and result say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridplus.audit.difference import Side
from gridplus.audit.folder import DataFolder
from gridplus.audit.homes import StreetTerms
from gridplus.audit.office_side import OfficeDay
from gridplus.digest import Document
from gridplus.failures import GridPlusError
from gridplus.ledger import Code, Ledger, Refused, Transfer
from gridplus.ledger.chart import DEPOSITS, POOL, TRUST_CASH
from gridplus.retailer.accounts import (
    ClosingDay,
    Imbalance,
    MoneyTerms,
    day_batch,
    value_imbalance,
)
from gridplus.retailer.book import Book
from gridplus.retailer.gas import GasTerms
from gridplus.retailer.result import day_result
from gridplus.tariff import format_octets
from gridplus.wallet import ChannelId


@dataclass(frozen=True)
class MoneyDay:
    """One closed day before its money is looked at: `book` stands where the day before left it."""

    terms: StreetTerms
    office: OfficeDay
    closing: ClosingDay
    book: Book


def audit_money(day: MoneyDay) -> None:
    """Compare the day's batch, deposits and result; `day.book` stands after the day then."""
    gas = _gas_terms(day.office)
    terms = MoneyTerms(_capital_ubolt(day.office.batch), gas)
    try:
        due = day_batch(day.book, day.closing, terms=terms)
    except GridPlusError as error:
        day.terms.tell(Side.CHAIN, "logs", sentence=str(error))
        return
    _compare_transfers(day, due)
    posted = day.book.ledger.fork()
    refused = posted.post(due)
    if isinstance(refused, Refused):
        day.terms.tell(
            Side.LEDGER, "batch", sentence=f"the right batch cannot be posted: {refused}"
        )
    else:
        _compare_vault(day, posted)
        right = day_result(day.book, day.closing, batch=due, posted=posted, gas=gas)
        _compare_result(day, right)
        day.book.closed[day.closing.day] = right
        day.book.ledger = posted
    day.book.words |= day.closing.followed.words
    day.book.next_block = day.closing.followed.block + 1
    day.book.billed |= day.closing.street.billed


def imbalance_of(closing: ClosingDay, office: OfficeDay, *, folder: DataFolder) -> Imbalance | None:
    """The imbalance at the prices that the result names; None when nobody has them any more."""
    named = _at(office, "imbalance", "prices")
    real_time = folder.real_time(closing.day)
    for candidate in (None, real_time):
        valued = value_imbalance(closing.opened, closing.street, real_time=candidate)
        if format_octets(valued.prices.digest) == named:
            return valued
    return None


def _compare_transfers(day: MoneyDay, due: Sequence[Transfer]) -> None:
    wanted = {transfer.id: transfer for transfer in due}
    found = {transfer.id: transfer for transfer in day.office.batch}
    if len(found) < len(day.office.batch):
        day.terms.tell(
            Side.LEDGER, "transfer", sentence="a transfer stands twice in the day's batch"
        )
    for transfer_id, transfer in wanted.items():
        posted = found.get(transfer_id)
        if posted is None:
            said = f"{_told(transfer)} is due and was not posted"
        elif posted != transfer:
            said = f"{_told(posted)} was posted, {_told(transfer)} is due"
        else:
            continue
        day.terms.tell(Side.LEDGER, "transfer", sentence=said, channel=_home(transfer, day.terms))
    for transfer_id in found.keys() - wanted.keys():
        transfer = found[transfer_id]
        said = f"{_told(transfer)} was posted, and nothing that happened causes it"
        day.terms.tell(Side.LEDGER, "transfer", sentence=said, channel=_home(transfer, day.terms))


def _compare_vault(day: MoneyDay, posted: Ledger) -> None:
    """What the ledger holds in trust and pool against the vault, and each home's counters."""
    followed = day.closing.followed
    booked = posted.balance(TRUST_CASH) + posted.balance(POOL)
    held = followed.pool_ubolt + sum(word.headroom for word in followed.words.values())
    if booked != held:
        said = f"{booked} µBOLT are booked in the vault, which holds {held}"
        day.terms.tell(Side.CHAIN, "vault", sentence=said)
    billed = {**day.book.billed, **day.closing.street.billed}
    for channel, to in billed.items():
        word = followed.words.get(channel)
        if word is None:
            day.terms.tell(
                Side.CHAIN, "channel", sentence="the vault has no such channel", channel=channel
            )
            continue
        counters = to.counters
        for name, due_ubolt, on_chain in (
            ("spent", counters.spent_ubolt, word.spent),
            ("earned", counters.earned_ubolt, word.earned),
        ):
            if on_chain < due_ubolt:
                said = f"{due_ubolt - on_chain} µBOLT of {name} were not claimed at the close"
                day.terms.tell(Side.CHAIN, "voucher", sentence=said, channel=channel)


def _compare_result(day: MoneyDay, right: Mapping[str, Document]) -> None:
    closed = day.office.closed
    found = closed.result if closed is not None else None
    if not isinstance(found, dict):
        day.terms.tell(Side.OFFICE, "result", sentence="the day's result is no document")
        return
    for key in sorted(right.keys() | found.keys()):
        if right.get(key) != found.get(key):
            day.terms.tell(Side.OFFICE, "result", sentence=f"{key} is not what the day comes to")


def _gas_terms(office: OfficeDay) -> GasTerms:
    """What the result says that a unit of gas and an ether were assumed to cost."""
    price, ether = (_at(office, "gas", "assumed", key) for key in ("price_wei", "ether_ubolt"))
    return GasTerms(price if isinstance(price, int) else 0, ether if isinstance(ether, int) else 0)


def _at(office: OfficeDay, *keys: str) -> Document:
    found = None if office.closed is None else office.closed.result
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _capital_ubolt(batch: Sequence[Transfer]) -> int:
    """What the owners put in is their own word; nothing derives it."""
    return sum(transfer.amount_ubolt for transfer in batch if transfer.code is Code.CAPITAL)


def _told(transfer: Transfer) -> str:
    route = f"{transfer.credit} to {transfer.debit}"
    return f"{transfer.code.value} of {transfer.amount_ubolt} µBOLT from {route}"


def _home(transfer: Transfer, terms: StreetTerms) -> ChannelId | None:
    for account in (transfer.debit, transfer.credit):
        parent, _, last = account.rpartition(":")
        if parent == DEPOSITS:
            channel = ChannelId(bytes.fromhex(last.removeprefix("0x")))
            return channel if channel in terms.names else None
    return None
