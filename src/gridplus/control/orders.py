"""Everything an owner has said that holds now: preferences, consents, and what is done by hand."""

from dataclasses import dataclass
from enum import StrEnum

from gridplus.control.consents import Consents
from gridplus.control.preferences import Preferences
from gridplus.failures import InputError
from gridplus.planner.devices import NAMES

DEVICES = NAMES


class Hand(StrEnum):
    """What an owner does by hand; it stands above preferences, plans and whatever is asked."""

    RUN = "run"
    REST = "rest"
    LEAVE = "leave"
    """The agent keeps its hands off: the device does what it does alone."""


@dataclass(frozen=True, slots=True)
class Override:
    """From now until `until_s`."""

    device: str
    hand: Hand
    until_s: int

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise InputError(f"there is no device {self.device!r}; it is {', '.join(DEVICES)}")


@dataclass(frozen=True, slots=True)
class Orders:
    """Nothing said: no device follows anything."""

    preferences: Preferences = Preferences()  # noqa: RUF009 - immutable
    consents: Consents = Consents()  # noqa: RUF009 - immutable
    overrides: tuple[Override, ...] = ()

    def override(self, device: str, *, now_s: int) -> Override | None:
        """The newest that holds at `now_s`."""
        found = (o for o in reversed(self.overrides) if o.device == device and now_s < o.until_s)
        return next(found, None)
