"""All homes of a hub, in the order in which they were opened, and what they add up to."""

from collections.abc import Iterable, Iterator, Mapping

from gridplus.channel import ChannelView
from gridplus.hub.figures import Figures, figure_of
from gridplus.hub.home import Home
from gridplus.wallet import ChannelId


class Homes(Mapping[ChannelId, Home]):
    """Each home tells when it has changed, so that the figures are always true."""

    def __init__(self) -> None:
        self.figures = Figures()
        self._homes: dict[ChannelId, Home] = {}
        self._numbers: dict[ChannelId, int] = {}
        self._channels: list[ChannelId] = []

    def __getitem__(self, channel: ChannelId) -> Home:
        return self._homes[channel]

    def __iter__(self) -> Iterator[ChannelId]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, channel: object) -> bool:
        return channel in self._numbers

    def add(self, home: Home) -> None:
        """A home whose opening is durable."""
        channel = home.channel
        self._numbers[channel] = len(self._channels)
        self._channels.append(channel)
        self._homes[channel] = home
        self.figures.add(figure_of(home))
        home.told = self._changed

    def named(self, numbers: Iterable[int]) -> list[ChannelId]:
        """The channels of homes by their number, counted from 0 as they were opened."""
        return [self._channels[number] for number in numbers]

    def at(self, numbers: Iterable[int]) -> Iterator[Home]:
        """The same homes."""
        return (self[self._channels[number]] for number in numbers)

    def slice(self, begin: int, end: int) -> list[ChannelId]:
        """The channels opened as number `begin` to `end`, without `end`."""
        return self._channels[begin:end]

    def shows(self, channel: ChannelId, view: ChannelView) -> bool:
        """Whether a home knows this word of the chain already, whatever the day."""
        return self[channel].view.word == view.word

    def _changed(self, home: Home) -> None:
        self.figures.put(self._numbers[home.channel], figure_of(home))
