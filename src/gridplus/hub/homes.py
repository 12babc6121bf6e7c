"""All homes of a hub, in the order in which they were opened, and what they add up to. Those that
were used last are alive, all others lie in rows of some hundred bytes until somebody asks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final
from weakref import WeakValueDictionary

from gridplus.channel import ChannelView, Credit, Voucher
from gridplus.failures import InputError, invariant
from gridplus.hub.figures import Figures, Marked, figure_of
from gridplus.hub.home import Home
from gridplus.hub.packing import (
    channel_in,
    credit_in,
    figure_in,
    pack_home,
    voucher_in,
    word_in,
)
from gridplus.wallet import ChannelId

ALIVE: Final = 32_768
"""So many homes are kept alive: those that read and pay now, not those that ever did."""
UNCOUNTED: Final = 256
"""Homes that may have changed before the figures follow: who changes twice meanwhile is counted
once, and who asks for the figures waits two milliseconds at most."""


class Homes(Mapping[ChannelId, Home]):
    """Each home tells when it has changed, so that figures and rows are always true. `wake` makes
    a home of its row.

    There is one object of a home as long as anybody holds it: it may be put away while somebody
    waits for its lock, and is found again.
    """

    def __init__(self, wake: Callable[[bytes], Home], *, alive: int = ALIVE) -> None:
        self._figures = Figures()
        self._uncounted: dict[int, Home] = {}
        self._wake = wake
        self.limit = alive
        self._alive: dict[ChannelId, Home] = {}
        self._held: WeakValueDictionary[ChannelId, Home] = WeakValueDictionary()
        self._numbers: dict[ChannelId, int] = {}
        self._channels: list[ChannelId] = []
        self._rows: list[bytes | None] = []
        self._unkept = Marked()

    def __getitem__(self, channel: ChannelId) -> Home:
        home = self._alive.get(channel)
        if home is None:
            home = self._alive[channel] = self.peek(channel)
            self._put_away()
        return home

    def __iter__(self) -> Iterator[ChannelId]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, channel: object) -> bool:
        return channel in self._numbers

    @property
    def figures(self) -> Figures:
        """What all homes add up to now."""
        self._count()
        return self._figures

    def add(self, home: Home) -> None:
        """A home whose opening is durable."""
        channel = home.channel
        self._numbers[channel] = len(self._channels)
        self._channels.append(channel)
        self._rows.append(None)
        self._figures.extend([figure_of(home)])
        self._unkept.answers.append(1)
        self._alive[channel] = self._held[channel] = home
        home.told = self._changed
        self._put_away()

    def load(self, rows: Sequence[bytes]) -> None:
        """Homes that were kept, in the order in which they were opened."""
        begin, end = len(self), len(self) + len(rows)
        channels = [channel_in(row) for row in rows]
        self._numbers.update(zip(channels, range(begin, end), strict=True))
        if len(self._numbers) != end:
            raise InputError("a home was kept twice")
        self._channels += channels
        self._rows += rows
        self._figures.extend([figure_in(row) for row in rows])
        self._unkept.answers.extend(bytes(len(rows)))

    def peek(self, channel: ChannelId) -> Home:
        """A home that nothing is about to happen to."""
        home = self._held.get(channel)
        if home is None:
            row = self._rows[self._numbers[channel]]
            invariant(row is not None, "a home that nobody holds lies in its row")
            home = self._held[channel] = self._wake(row or b"")
            home.told = self._changed
        return home

    def named(self, numbers: Iterable[int]) -> list[ChannelId]:
        """The channels of homes by their number, counted from 0 as they were opened."""
        return [self._channels[number] for number in numbers]

    def at(self, numbers: Iterable[int]) -> Iterator[Home]:
        """The same homes."""
        return (self.peek(self._channels[number]) for number in numbers)

    def all(self) -> Iterator[Home]:
        """All of them; none is kept alive for that."""
        return map(self.peek, self._channels)

    def slice(self, begin: int, end: int) -> list[ChannelId]:
        """The channels opened as number `begin` to `end`, without `end`."""
        return self._channels[begin:end]

    def shows(self, channel: ChannelId, view: ChannelView) -> bool:
        """Whether a home knows this word of the chain already, whatever the day."""
        row = self._rows[self._numbers[channel]]
        return (self.peek(channel).view.word if row is None else word_in(row)) == view.word

    def is_owed(self, channel: ChannelId) -> bool:
        """Whether the chain has not paid the newest voucher of a home whole."""
        return self.figures.is_owed(self._numbers[channel])

    def voucher(self, number: int) -> Voucher | None:
        """The newest durable voucher of a home."""
        row = self._rows[number]
        if row is not None:
            return voucher_in(row)
        paid = self.peek(self._channels[number]).paid
        return None if paid is None else paid.voucher

    def credit(self, number: int) -> Credit | None:
        """The newest credit of a home."""
        row = self._rows[number]
        return self.peek(self._channels[number]).machine.credit if row is None else credit_in(row)

    def unkept(self) -> list[int]:
        """Homes that have changed since they were last kept, and those of which something may be on
        the disk already that they have not heard of; by their number."""
        busy = [self._numbers[home.channel] for home in self._held.values() if home.is_busy]
        return sorted({*self._unkept, *busy})

    def rest(self, number: int) -> bytes | None:
        """The row of a home to be kept now; None while something of it is under way."""
        home, row = self._held.get(self._channels[number]), self._rows[number]
        if home is not None and home.is_busy:
            return None
        if row is None:
            invariant(home is not None, "a home without a row is held")
            row = self._rows[number] = pack_home(home) if home is not None else b""
        self._unkept.answers[number] = 0
        return row

    def _changed(self, home: Home) -> None:
        channel = home.channel
        number = self._numbers[channel]
        self._alive[channel], self._rows[number] = home, None
        self._unkept.answers[number] = 1
        self._uncounted[number] = home
        if len(self._uncounted) >= UNCOUNTED:
            self._count()

    def _count(self) -> None:
        for number, home in self._uncounted.items():
            self._figures.put(number, figure_of(home))
        self._uncounted.clear()

    def _put_away(self) -> None:
        """Two for each that wakes, until there are few enough; whoever is busy goes to the end."""
        for channel in list(islice(self._alive, 2)) if len(self._alive) > self.limit else ():
            home = self._alive.pop(channel)
            if home.is_busy:
                self._alive[channel] = home
            elif self._rows[self._numbers[channel]] is None:
                self._rows[self._numbers[channel]] = pack_home(home)
