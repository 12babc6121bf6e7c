"""What homes have signed and the chain has not paid, for whoever claims it: a hub's own homes, or
those of all its shards."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from gridplus.channel import Credit, Voucher
from gridplus.contracts.word import ChannelWord
from gridplus.failures import Bug
from gridplus.hub.homes import Homes
from gridplus.hub.hub import Hub
from gridplus.hub.standing import Standing
from gridplus.wallet import ChannelId
from gridplus.wire import OwedVoucher, OwedVouchers

_Tried: TypeAlias = tuple[Voucher, ChannelWord, int | None]
"""What was claimed, what the chain said after that, and on which day."""


class Which(Enum):
    """Of which homes."""

    ALL = "all"
    LEAVING = "leaving"
    SPARING = "sparing"
    """Those that would keep a day's cap."""


@dataclass(frozen=True, slots=True)
class Promised:
    """What a watchtower needs of homes: vouchers that the chain has not paid whole, credits that
    it does not hold."""

    vouchers: tuple[Voucher, ...]
    credits: tuple[Credit, ...]


class Payees(Protocol):
    """Whoever holds homes. Each raises as whoever is asked for it: a node, a shard, a journal."""

    async def follow_chain(self) -> None:
        """Learn what the chain says now."""

    async def standing(self) -> Standing:
        """How all homes together stand."""

    async def owed(self, which: Which, *, most: int) -> OwedVouchers:
        """What could be claimed now. Of homes that leave, or keep a day's cap, nothing again."""

    async def tried(self, owed: Sequence[OwedVoucher]) -> None:
        """These were claimed, and the chain has said what came of it."""

    async def promised(self) -> Promised:
        """Everything that is worth saving."""


class OwnHomes:
    """The homes of a hub in this process."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._tried: dict[ChannelId, _Tried] = {}

    async def follow_chain(self) -> None:
        await self._hub.follow_chain()

    async def standing(self) -> Standing:
        return self._homes.figures.standing(payable=self._hub.credit.payable)

    async def owed(self, which: Which, *, most: int) -> OwedVouchers:
        fresh, again = self._candidates(which), list[int]()
        if self._tried:
            asked = {number: self._is_again(number) for number in fresh}
            again = [number for number in fresh if asked[number]] if which is Which.ALL else []
            fresh = [number for number in fresh if not asked[number]]
        first = [
            *(OwedVoucher(channel, voucher) for channel, voucher in self._vouchers(fresh[:most])),
            *(
                OwedVoucher(channel, voucher, again=True)
                for channel, voucher in self._vouchers(again[: most - len(fresh[:most])])
            ),
        ]
        return OwedVouchers(len(fresh) + len(again), tuple(first))

    async def tried(self, owed: Sequence[OwedVoucher]) -> None:
        for each in owed:
            home = self._homes.get(each.channel)
            if home is not None:
                told = (each.voucher, home.view.word, self._hub.today.day)
                self._tried[each.channel] = told
        known, homes = self._tried.items(), self._homes
        self._tried = {each: tried for each, tried in known if homes.is_owed(each)}

    async def promised(self) -> Promised:
        figures = self._homes.figures
        vouchers = self._vouchers(figures.owed)
        given = (self._homes.credit(number) for number in figures.lent)
        return Promised(
            tuple(voucher for _, voucher in vouchers),
            tuple(credit for credit in given if credit is not None),
        )

    @property
    def _homes(self) -> Homes:
        return self._hub.book.homes

    def _candidates(self, which: Which) -> list[int]:
        """The numbers of homes that are owed."""
        figures, today = self._homes.figures, self._hub.today.day
        match which:
            case Which.ALL:
                return list(figures.owed)
            case Which.LEAVING:
                return [number for number in figures.leaving if figures.is_owed(number)]
            case Which.SPARING:
                day = 0 if today is None else today
                return [number for number in figures.owed if figures.spares(number, today=day)]

    def _is_again(self, number: int) -> bool:
        (channel,) = self._homes.named([number])
        tried = self._tried.get(channel)
        if tried is None:
            return False
        home = self._homes[channel]
        now = home.view.word, self._hub.today.day
        return home.paid is not None and tried == (home.paid.voucher, *now)

    def _vouchers(self, numbers: Iterable[int]) -> Iterator[tuple[ChannelId, Voucher]]:
        for number in numbers:
            (channel,), voucher = self._homes.named([number]), self._homes.voucher(number)
            if voucher is None:
                raise Bug("what is owed was signed")
            yield channel, voucher
