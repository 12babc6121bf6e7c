"""What homes have signed and the chain has not paid, for whoever claims it: a hub's own homes, or
those of all its shards."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from gridplus.channel import ChannelView, Credit, DayEnded, Refusal, SubmitClaim, Voucher
from gridplus.failures import Bug
from gridplus.hub.export import unpaid_vouchers, unposted_credits
from gridplus.hub.home import Home
from gridplus.hub.hub import Hub
from gridplus.hub.standing import Standing, standing_of
from gridplus.wallet import ChannelId


class Which(Enum):
    """Of which homes."""

    ALL = "all"
    LEAVING = "leaving"
    SPARING = "sparing"
    """Those that would keep a day's cap."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A durable voucher of which the chain would pay something. `again`: it was claimed as far as
    the chain allowed, and nothing has moved since."""

    channel: ChannelId
    voucher: Voucher
    again: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """How many are owed, and the first of them: those to be claimed again come last."""

    count: int
    first: tuple[Owed, ...]


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

    async def owed(self, which: Which, *, most: int) -> Due:
        """What could be claimed now. Of homes that leave, or keep a day's cap, nothing again."""

    async def tried(self, owed: Sequence[Owed]) -> None:
        """These were claimed, and the chain has said what came of it."""

    async def promised(self) -> Promised:
        """Everything that is worth saving."""


class OwnHomes:
    """The homes of a hub in this process."""

    def __init__(self, hub: Hub, now_s: Callable[[], int]) -> None:
        self._hub = hub
        self._now_s = now_s
        self._tried: dict[ChannelId, tuple[Voucher, ChannelView]] = {}

    async def follow_chain(self) -> None:
        await self._hub.follow_chain()

    async def standing(self) -> Standing:
        return standing_of(self._homes(), payable=self._hub.credit.payable)

    async def owed(self, which: Which, *, most: int) -> Due:
        match which:
            case Which.ALL:
                owed = self._owed(self._homes())
            case Which.LEAVING:
                owed = self._untried(self._hub.leaving())
            case Which.SPARING:
                owed = self._untried(home for home in self._homes() if home.spares_a_day)
        first = sorted(owed, key=lambda each: each.again)[:most]
        return Due(len(owed), tuple(first))

    async def tried(self, owed: Sequence[Owed]) -> None:
        for each in owed:
            home = self._hub.book.homes[each.channel]
            self._tried[each.channel] = (each.voucher, home.view)

    async def promised(self) -> Promised:
        homes = list(self._homes())
        return Promised(unpaid_vouchers(homes), unposted_credits(homes))

    def _homes(self) -> Iterable[Home]:
        return self._hub.book.homes.values()

    def _untried(self, homes: Iterable[Home]) -> list[Owed]:
        return [owed for owed in self._owed(homes) if not owed.again]

    def _owed(self, homes: Iterable[Home]) -> list[Owed]:
        return [
            Owed(home.channel, voucher, self._tried.get(home.channel) == (voucher, home.view))
            for home in homes
            for voucher in self._claimable(home)
        ]

    def _claimable(self, home: Home) -> list[Voucher]:
        if home.paid is None or home.view.counters.covers(home.durable):
            return []  # most homes on most days; the machine would say so too
        ended = home.rehearse(DayEnded(), now_s=self._now_s())
        if isinstance(ended, Refusal):
            raise Bug("the end of a day is no matter of refusal")
        return [effect.voucher for effect in ended.effects if isinstance(effect, SubmitClaim)]
