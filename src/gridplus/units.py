"""Money, energy and time as integers, each with its unit in the name.

| quantity | name              | unit                                                    |
|----------|-------------------|---------------------------------------------------------|
| money    | `amount_ubolt`    | 1 BOLT = 1 USD nominal = 1,000,000 µBOLT                |
| price    | `_ubolt_per_mwh`  | 1 $/MWh = 1,000,000; 1 ¢/kWh = 10,000,000                |
| energy   | `_wh`             | two registers, import and export, both >= 0             |
| exact    | `_abolt`          | 1e-18 BOLT: Wh x µBOLT/MWh x ppm, an exact integer      |
| ratio    | `_ppm`            | 1,000,000 = 100 %                                       |
| instant  | aware UTC         | a naive datetime is refused                             |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import total_ordering

from gridplus.failures import InputError, invariant

UBOLT_PER_BOLT = 1_000_000
PPM = 1_000_000
WH_PER_MWH = 1_000_000
ABOLT_PER_UBOLT = 1_000_000_000_000
"""1 µBOLT = 1e12 aBOLT, and 1 Wh x 1 µBOLT/MWh = 1 pBOLT = 1e6 aBOLT."""
ABOLT_PER_PBOLT = 1_000_000
SETTLEMENT_INTERVAL_S = 900
HOUR_S = 3_600
DAY_S = 86_400
U48_MAX = (1 << 48) - 1


def mul_div_down(a: int, b: int, *, divisor: int) -> int:
    """a x b / divisor, rounded towards minus infinity. `divisor` > 0."""
    invariant(divisor > 0, "a divisor is positive")
    return (a * b) // divisor


def mul_div_up(a: int, b: int, *, divisor: int) -> int:
    """a x b / divisor, rounded towards plus infinity. `divisor` > 0."""
    invariant(divisor > 0, "a divisor is positive")
    return -((-a * b) // divisor)


def ubolt_down(amount_abolt: int) -> int:
    """What a customer is charged: an exact amount rounded down to µBOLT."""
    return amount_abolt // ABOLT_PER_UBOLT


def ubolt_up(amount_abolt: int) -> int:
    """What a customer is credited: an exact amount rounded up to µBOLT."""
    return -(-amount_abolt // ABOLT_PER_UBOLT)


def share_by_largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` (>= 0) in proportion to `weights` (each >= 0); the parts sum to `total`.

    Ties go to the earlier place, so that the same input always gives the same parts. When every
    weight is zero the whole goes to the first place.
    """
    invariant(total >= 0 and all(w >= 0 for w in weights), "shares are of non-negative amounts")
    invariant(len(weights) > 0, "there is someone to share among")
    whole = sum(weights)
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    parts = [total * w // whole for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def require_utc(moment: datetime) -> datetime:
    """`moment` in UTC. Raises InputError for a naive datetime: its meaning would be a guess."""
    if moment.tzinfo is None:
        raise InputError(f"{moment.isoformat()} has no time zone; write it as UTC, ending in Z")
    return moment.astimezone(UTC)


def utc_from_s(epoch_s: int) -> datetime:
    """Seconds since 1970-01-01T00:00Z -> instant."""
    return datetime.fromtimestamp(epoch_s, UTC)


def parse_utc_s(text: str) -> int:
    """'2021-02-15T06:00Z' -> seconds since 1970. Raises InputError without a zone."""
    try:
        moment = require_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise InputError(f"{text!r} is not an instant like 2021-02-15T06:00Z") from None
    if moment.microsecond:
        raise InputError(f"{text} is not a whole second")
    return int(moment.timestamp())


def format_utc(moment: datetime) -> str:
    """2021-02-15T06:00:00Z"""
    return require_utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def counted(number: int, noun: str) -> str:
    """'1 day', '2 days', '1,200 intervals': for nouns whose plural takes an s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_ubolt(amount_ubolt: int) -> str:
    """-1234567 -> '-1.234567' (BOLT)."""
    sign = "-" if amount_ubolt < 0 else ""
    whole, part = divmod(abs(amount_ubolt), UBOLT_PER_BOLT)
    return f"{sign}{whole:,}.{part:06d}"


@total_ordering
@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open stretch of time, named by its UTC start. `start_s` is seconds since 1970."""

    start_s: int
    length_s: int

    def __post_init__(self) -> None:
        if self.length_s <= 0 or self.start_s % self.length_s:
            raise InputError(
                f"an interval of {self.length_s} s cannot start at {self.start_s}: "
                "its start must be a multiple of its length"
            )

    def __lt__(self, other: "Interval") -> bool:
        return (self.start_s, self.length_s) < (other.start_s, other.length_s)

    @property
    def end_s(self) -> int:
        return self.start_s + self.length_s

    @property
    def start(self) -> datetime:
        return utc_from_s(self.start_s)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.length_s)

    def split(self, parts: int) -> tuple["Interval", ...]:
        """Equal parts in order; `parts` divides the length."""
        invariant(self.length_s % parts == 0, "an interval splits into whole seconds")
        step = self.length_s // parts
        return tuple(Interval(self.start_s + i * step, step) for i in range(parts))

    def __str__(self) -> str:
        return f"{format_utc(self.start)}+{self.length_s}s"
