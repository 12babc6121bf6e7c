"""What the chain says of a channel today, and how far a voucher may go.

Source: DESIGN, "Contracts": channel word, headroom, cap allowance; the vault computes the same.
"""

from dataclasses import dataclass

from gridplus.channel.counters import Counters
from gridplus.contracts.word import DAY_S, ChannelWord
from gridplus.units import HOUR_S


@dataclass(frozen=True, slots=True)
class ChannelView:
    """The channel's word as the chain stored it, and `today`: the chain's UTC day since 1970."""

    word: ChannelWord
    today: int

    @property
    def counters(self) -> Counters:
        """What has been claimed and credited on chain."""
        return Counters(self.word.spent, self.word.earned)

    @property
    def headroom(self) -> int:
        """µBOLT that the home still holds in its channel."""
        return self.word.headroom

    @property
    def cap_allowance(self) -> int:
        """µBOLT that the voucher key may still move; none when our day is behind the chain's."""
        return max(0, self.word.cap_allowance(self.today))

    @property
    def exit_started(self) -> bool:
        """An exit is under way: started, and neither finished, cancelled nor lapsed."""
        return self.word.has_exit(self.today * DAY_S)

    @property
    def exit_armed(self) -> bool:
        """An exit may be finished in some hour of today: the chain pays no voucher then.

        The chain counts in hours; by the day we may call an exit armed up to 23 hours too long.
        """
        return self.exit_started and self.word.exit_hour * HOUR_S < (self.today + 1) * DAY_S

    @property
    def ceiling(self) -> int:
        """The highest `spent` that the chain would allow now, with `earned` as it is."""
        return self.ceiling_with(self.word.earned)

    def ceiling_with(self, earned: int) -> int:
        """The same for a voucher that brings more `earned` to the chain (I-CH-2)."""
        if self.exit_armed:
            return self.word.spent
        headroom = self.headroom + max(0, earned - self.word.earned)
        return self.word.spent + min(headroom, self.cap_allowance)
