"""Ledger, newest vouchers and chain, brought together: at each day's close, and whenever asked."""

from collections.abc import Collection, Mapping
from datetime import date

from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask
from gridplus.channel import Counters
from gridplus.contracts import calls
from gridplus.contracts.word import ChannelWord
from gridplus.digest import Document
from gridplus.ledger import (
    Difference,
    Ledger,
    OnChain,
    Reason,
    Report,
    Signed,
    Vault,
    posted_by_home,
    reconcile,
)
from gridplus.retailer.accounts import ClosingDay
from gridplus.retailer.book import Book
from gridplus.tariff import Fields
from gridplus.wallet import ChannelId


def reconcile_close(book: Book, closing: ClosingDay, *, posted: Ledger) -> Report:
    """The three sides at the close of a day: `posted` is the ledger with the day in it, the
    vouchers are those that paid the day to its end, the chain is as far as it was followed."""
    billed = {**book.billed, **closing.street.billed}
    return reconcile(
        closing.day,
        posted,
        vouchers=signed({channel: to.counters for channel, to in billed.items()}),
        vault=Vault(
            {channel: _on_chain(word) for channel, word in closing.followed.words.items()},
            closing.followed.pool_ubolt,
        ),
        before=_last_differences(book),
    )


def reconcile_now(
    book: Book,
    chain: Chain,
    *,
    deployment: Deployment,
    vouchers: Mapping[ChannelId, Counters] | None,
) -> Report:
    """The three sides as they stand now, of the last closed day.

    Without `vouchers`, those count that paid the closed days. The chain is asked at its newest
    final block, and for deposits that are on their way. Raises as `Chain.call` does.
    """
    if vouchers is None:
        vouchers = {channel: to.counters for channel, to in book.billed.items()}
    homes = {ChannelId(home) for home in posted_by_home(book.ledger)}
    return reconcile(
        max(book.closed, default=date.min),
        book.ledger,
        vouchers=signed(vouchers),
        vault=_fetch_vault(chain, deployment, homes=homes | book.words.keys() | vouchers.keys()),
        before=_last_differences(book),
    )


def signed(vouchers: Mapping[ChannelId, Counters]) -> dict[bytes, Signed]:
    """Counters as the ledger's room knows them."""
    return {
        channel: Signed(counters.spent_ubolt, counters.earned_ubolt)
        for channel, counters in vouchers.items()
    }


def _fetch_vault(chain: Chain, deployment: Deployment, *, homes: Collection[ChannelId]) -> Vault:
    vault, final = deployment.vault, chain.finalized().number
    found: dict[bytes, OnChain] = {}
    for home in homes:
        word = ask(chain, vault, view=calls.channel_word(home), block=final)
        newest = ask(chain, vault, view=calls.channel_word(home))
        found[home] = _on_chain(word, arriving_ubolt=newest.deposited - word.deposited)
    return Vault(found, ask(chain, vault, view=calls.pool(), block=final))


def _on_chain(word: ChannelWord, *, arriving_ubolt: int = 0) -> OnChain:
    return OnChain(
        deposited_ubolt=word.deposited + arriving_ubolt,
        spent_ubolt=word.spent,
        earned_ubolt=word.earned,
        withdrawn_ubolt=word.withdrawn,
        arriving_ubolt=arriving_ubolt,
    )


def _last_differences(book: Book) -> tuple[Difference, ...]:
    """What the newest closed day left apart."""
    if not book.closed:
        return ()
    day = max(book.closed)
    told = Fields(book.closed[day], f"the result of {day}").take("reconciliation")
    return _differences(told, where=f"the reconciliation of {day}")


def _differences(report: Document, *, where: str) -> tuple[Difference, ...]:
    fields = Fields(report, where)
    return tuple(
        Difference(
            Reason[item.text("reason")],
            bytes.fromhex(item.text("home").removeprefix("0x")),
            item.integer("amount_ubolt"),
            item.day("since"),
        )
        for item in fields.objects("differences", limit=1_000_000)
    )
