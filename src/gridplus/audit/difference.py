"""What an audit finds: one place where two sides do not tell the same."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from gridplus.digest import Document
from gridplus.units import Interval, format_utc


class Side(StrEnum):
    """Whose word does not hold against what the others say."""

    HUB = "hub"
    OFFICE = "office"
    BILL = "bill"
    LEDGER = "ledger"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class Difference:
    """`day` None is of all days, `home` "" of all homes, `interval` None of the whole day."""

    side: Side
    what: str
    sentence: str
    day: date | None = None
    home: str = ""
    interval: Interval | None = None

    def document(self) -> dict[str, Document]:
        return {
            "day": None if self.day is None else self.day.isoformat(),
            "home": self.home or None,
            "interval": None if self.interval is None else format_utc(self.interval.start),
            "side": self.side.value,
            "what": self.what,
            "sentence": self.sentence,
        }

    def __str__(self) -> str:
        day = "every day" if self.day is None else self.day.isoformat()
        start = "" if self.interval is None else f" {format_utc(self.interval.start)}"
        home = self.home or "all homes"
        return f"{day}  {home}{start}  {self.side}: {self.what}: {self.sentence}"


Report: TypeAlias = Callable[[Difference], None]
"""Where differences go as they are found."""
