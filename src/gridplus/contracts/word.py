"""The channel word: one storage slot of the vault, unpacked. The twin of channels.vy.

deposited u48 | spent u48 | earned u48 | withdrawn u48 | cap_day u16 | daily_cap u16 | exit_kind u2
| exit_hour u22 | op_nonce u8, first field in the highest bits. Money in µBOLT, cap in whole BOLT.
"""

from dataclasses import astuple, dataclass
from enum import IntEnum

from gridplus.failures import invariant
from gridplus.units import UBOLT_PER_BOLT

MAX_CAP_DAYS = 45
DAY_S = 86_400
HOUR_S = 3_600
EXIT_LAPSE_HOURS = 48
RETIRED = 0xFFFF
"""The daily cap of a channel that was rotated away."""
_WIDTHS = (48, 48, 48, 48, 16, 16, 2, 22, 8)


class ExitKind(IntEnum):
    """Who started an exit, which decides how long it takes, whom it pays and who may cancel it."""

    NONE = 0
    OWNER_ALONE = 1
    WITH_OWNER = 2
    WITHOUT_OWNER = 3

    @property
    def window_s(self) -> int:
        """Seconds from the start of such an exit until it is mature."""
        return (0, 14, 7, 21)[self] * DAY_S


@dataclass(frozen=True, slots=True)
class ChannelWord:
    """What the chain knows of a home. All zero means that the channel was never opened."""

    deposited: int = 0
    spent: int = 0
    earned: int = 0
    withdrawn: int = 0
    cap_day: int = 0
    daily_cap: int = 0
    exit_kind: int = ExitKind.NONE
    exit_hour: int = 0
    op_nonce: int = 0

    @classmethod
    def unpack(cls, word: int) -> "ChannelWord":
        """The fields of a 256-bit word."""
        fields: list[int] = []
        for width in reversed(_WIDTHS):
            fields.append(word & (1 << width) - 1)
            word >>= width
        invariant(word == 0, "a channel word has 256 bits")
        return cls(*reversed(fields))

    def pack(self) -> int:
        """The 256-bit word. A field that does not fit its bits is a bug."""
        word = 0
        for value, width in zip(astuple(self), _WIDTHS, strict=True):
            invariant(0 <= value < 1 << width, "a field never carries into the next one")
            word = word << width | value
        return word

    @property
    def is_open(self) -> bool:
        """True once the channel was deposited to."""
        return self != ChannelWord()

    @property
    def is_retired(self) -> bool:
        """True once the home was moved to another channel."""
        return self.daily_cap == RETIRED

    @property
    def headroom(self) -> int:
        """µBOLT that the home still holds: deposited + earned - spent - withdrawn."""
        return self.deposited + self.earned - self.spent - self.withdrawn

    def cap_start(self, today: int) -> int:
        """The day from which the allowance counts: cap_day, at most 45 days back."""
        return max(self.cap_day, today - MAX_CAP_DAYS)

    def cap_allowance(self, today: int) -> int:
        """µBOLT that the voucher key may still move. `today` is days since 1970-01-01 UTC."""
        if self.is_retired:
            return 0
        return self.daily_cap * UBOLT_PER_BOLT * (today - self.cap_start(today))

    def has_exit(self, now_s: int) -> bool:
        """True from the start of an exit until it lapses, is cancelled or finished."""
        return now_s // HOUR_S < self.exit_hour + EXIT_LAPSE_HOURS

    def is_armed(self, now_s: int) -> bool:
        """True while an exit is mature and has not lapsed: headroom is zero for the hub."""
        return self.exit_hour <= now_s // HOUR_S and self.has_exit(now_s)


def exit_hour_of(started_s: int, kind: ExitKind = ExitKind.OWNER_ALONE) -> int:
    """The hour since 1970 at which an exit of this kind, started at `started_s`, is mature."""
    return -(-(started_s + kind.window_s) // HOUR_S)
