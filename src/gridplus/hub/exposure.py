"""What a hub lends each home, and how near a home is to the end of its account: in steps.

The last step is not selling any more; it cuts nobody off. Who may be disconnected, and when, is
another question, with the law's answers (`gridplus.tariff.prepaid`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gridplus.hub.home import Home
from gridplus.tariff import format_octets
from gridplus.wallet import ChannelId

LOW_DAYS = 3
MOST_EXPOSED = 200


class ExposureStep(Enum):
    """From worst to best; each sentence is for the owner of the home."""

    STOPPED = "nothing more is sold until the account is paid into, or signed bills come in"
    LAST_DAY = "the account lasts for less than a day like the last one: pay in today"
    UNSIGNED_HALF = "bills wait for a signature: see that the Smart Agent is online"
    RUNS_LOW = "the account lasts for less than three days like the last one: pay in soon"
    GOOD = "all is well"


_RANK = {step: place for place, step in enumerate(ExposureStep)}


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
    found = [exposure_of(home) for home in homes]
    return sorted(found, key=lambda each: (_RANK[each.step], each.left_ubolt))


def urgent_document(homes: Iterable[Home]) -> dict[str, Any]:
    """Of homes that need somebody: how many they are, and the most urgent of them."""
    urgent = worst_first(homes)
    told = [
        {
            "channel": format_octets(each.channel),
            "unsigned_ubolt": each.unsigned_ubolt,
            "left_ubolt": each.left_ubolt,
            "day_ubolt": each.day_ubolt,
            "step": each.step.name,
            "sentence": each.step.value,
        }
        for each in urgent[:MOST_EXPOSED]
    ]
    return {"count": len(urgent), "homes": told}


def merged_urgent(found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The same over all shards, from what each of them tells."""
    found = list(found)
    homes = [home for each in found for home in each["homes"]]
    homes.sort(key=lambda home: (_RANK[ExposureStep[home["step"]]], home["left_ubolt"]))
    return {"count": sum(each["count"] for each in found), "homes": homes[:MOST_EXPOSED]}
