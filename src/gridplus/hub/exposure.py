"""What a hub lends each home, and how near a home is to the end of its account: in steps.

The last step is not selling any more; it cuts nobody off. Who may be disconnected, and when, is
another question, with the law's answers (`gridplus.tariff.prepaid`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from gridplus.hub.home import Home
from gridplus.wallet import ChannelId

LOW_DAYS = 3


class ExposureStep(Enum):
    """From worst to best; each sentence is for the owner of the home."""

    STOPPED = "nothing more is sold until the account is paid into, or signed bills come in"
    LAST_DAY = "the account lasts for less than a day like the last one: pay in today"
    UNSIGNED_HALF = "bills wait for a signature: see that the Smart Agent is online"
    RUNS_LOW = "the account lasts for less than three days like the last one: pay in soon"
    GOOD = "all is well"


@dataclass(frozen=True, slots=True)
class Exposure:
    """µBOLT: billed and not signed; what the account still holds beyond the bills; what the last 24
    hours of the home's intervals cost, up to an hour more."""

    channel: ChannelId
    unsigned_ubolt: int
    left_ubolt: int
    day_ubolt: int
    step: ExposureStep


def exposure_of(home: Home) -> Exposure:
    """How one home stands."""
    payee, word = home.machine, home.view.word
    asked = payee.bill.counters
    unsigned = asked.spent_ubolt - home.durable.spent_ubolt
    left = word.headroom + (asked.earned_ubolt - word.earned) - (asked.spent_ubolt - word.spent)
    day = home.day_ubolt
    if home.stopped is not None:
        step = ExposureStep.STOPPED
    elif left < day:
        step = ExposureStep.LAST_DAY
    elif 2 * unsigned > payee.unsigned_limit_ubolt:
        step = ExposureStep.UNSIGNED_HALF
    elif left < LOW_DAYS * day:
        step = ExposureStep.RUNS_LOW
    else:
        step = ExposureStep.GOOD
    return Exposure(home.channel, unsigned, left, day, step)


def worst_first(homes: Iterable[Home]) -> list[Exposure]:
    """All homes, the most urgent step first and the least money first within it."""
    rank = {step: place for place, step in enumerate(ExposureStep)}
    found = [exposure_of(home) for home in homes]
    return sorted(found, key=lambda each: (rank[each.step], each.left_ubolt))
