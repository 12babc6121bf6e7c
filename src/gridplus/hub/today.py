"""The chain's day: with it a home's cap allowance grows, and exits mature. A home learns of it when
it is next touched, so that midnight writes nothing for those who sleep. Until then it is treated by
the day before, which allows less; who is leaving, or gets nothing more, is told at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gridplus.channel import ChainSeen, ChannelView
from gridplus.clock import Clock
from gridplus.hub.facts import seen_fact
from gridplus.hub.home import Home
from gridplus.journal import Fact


@dataclass
class Today:
    """`day` (days since 1970) is None until the chain was asked."""

    clock: Clock
    commit: Callable[[Fact], Awaitable[object]]
    day: int | None = None

    def news(self, home: Home) -> ChainSeen | None:
        """What a home is to learn, if there is anything."""
        if self.day is None or self.day <= home.view.today:
            return None
        return ChainSeen(ChannelView(home.view.word, self.day), home.machine.seen.block)

    async def tell(self, home: Home) -> None:
        """Let a home know, durably; under its lock, and settled."""
        news, now_s = self.news(home), self.clock.now_s()
        if news is not None:
            await self.commit(seen_fact(home.channel, news, at_s=now_s))
            home.apply(news, now_s=now_s)
