"""The homes of all shards, for the one claimer that they have.

Whatever shards say is merged by maximum: of a channel that two of them serve by mistake the higher
voucher is claimed, and a voucher that comes twice is one.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from gridplus.digest import parse_document
from gridplus.failures import InputError, RemoteError
from gridplus.hub.owing import Promised, Which
from gridplus.hub.places import ShardLink, Shards
from gridplus.hub.standing import Standing, standing_from, sum_of_standings
from gridplus.tariff import Fields
from gridplus.wallet import ChannelId
from gridplus.wire import OwedVoucher, OwedVouchers, Promises

T = TypeVar("T")
_STATUS_LIMIT = 1_000_000


class ShardPayees:
    """`Payees` over shards. What is away is left out of claims, and told of by the health; nothing
    is promised without all of them."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    async def follow_chain(self) -> None:
        await self._shards.ask_present(_follow, also_beside=True)

    async def standing(self) -> Standing:
        found = await self._shards.ask_present(standing_at)
        return sum_of_standings(found.values())

    async def owed(self, which: Which, *, most: int) -> OwedVouchers:
        path = f"/v1/admin/owed?which={which.value}&most={most}"

        async def ask(link: ShardLink) -> OwedVouchers:
            content = (await link.ask("GET", path)).require_ok(str(link))
            return _trusted(link, lambda: OwedVouchers.parse(content))

        answers = await self._shards.ask_present(ask, also_beside=True)
        found = answers.values()
        first = highest(owed for each in found for owed in each.first)
        first.sort(key=lambda each: each.again)
        return OwedVouchers(sum(each.count for each in found), tuple(first[:most]))

    async def tried(self, owed: Sequence[OwedVoucher]) -> None:
        content = OwedVouchers(len(owed), tuple(owed)).to_bytes()

        async def tell(link: ShardLink) -> None:
            (await link.ask("POST", "/v1/admin/tried", content=content)).require_ok(str(link))

        await self._shards.ask_present(tell, also_beside=True)

    async def promised(self) -> Promised:
        async def ask(link: ShardLink) -> Promises:
            content = (await link.ask("GET", "/v1/admin/promises")).require_ok(str(link))
            return _trusted(link, lambda: Promises.parse(content, what="what it promises"))

        found = await self._shards.ask_all(ask)
        found += [await ask(link) for link in self._shards.beside]
        vouchers = {voucher for each in found for voucher in each.vouchers}
        given = {credit for each in found for credit in each.credits}
        # Of two of one channel the later counts where they are read again.
        return Promised(
            tuple(sorted(vouchers, key=lambda each: (each.spent, each.earned, each.cfg))),
            tuple(sorted(given, key=lambda each: (each.earned, each.channel))),
        )


def highest(owed: Iterable[OwedVoucher]) -> list[OwedVoucher]:
    """Of each channel the voucher that says the most."""
    found = dict[ChannelId, OwedVoucher]()
    for each in owed:
        known = found.setdefault(each.channel, each)
        if (each.voucher.spent, each.voucher.earned) > (known.voucher.spent, known.voucher.earned):
            found[each.channel] = each
    return list(found.values())


async def standing_at(link: ShardLink) -> Standing:
    """How the homes of one shard stand. Raises RemoteError."""
    content = (await link.ask("GET", "/v1/admin/status")).require_ok(str(link))
    what = f"the status of {link}"
    document = _trusted(link, lambda: parse_document(content, limit=_STATUS_LIMIT, what=what))
    return _trusted(link, lambda: standing_from(Fields(document, what)))


async def _follow(link: ShardLink) -> None:
    (await link.ask("POST", "/v1/admin/follow")).require_ok(str(link))


def _trusted(link: ShardLink, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except InputError as error:
        raise RemoteError(f"{link} answers what its version should not: {error}") from None
