"""What a bill takes as given beside read and prices: facts that somebody else has established."""

from dataclasses import dataclass

from gridplus.digest import Document
from gridplus.tariff.fields import Fields, format_octets

_PRICE_MAX = 1 << 40


@dataclass(frozen=True, slots=True)
class Called:
    """The interval stands in a paid request (its digest, 32 bytes) that the home joined: each Wh
    taken less than `baseline_wh` earns `reward_ubolt_per_mwh`. See `response`."""

    request: bytes
    baseline_wh: int
    reward_ubolt_per_mwh: int

    def less_wh(self, import_wh: int) -> int:
        """What counts of an interval in which the home took `import_wh`: never below zero."""
        return max(self.baseline_wh - import_wh, 0)

    def document(self) -> Document:
        return {
            "request": format_octets(self.request),
            "baseline_wh": self.baseline_wh,
            "reward_ubolt_per_mwh": self.reward_ubolt_per_mwh,
        }


@dataclass(frozen=True, slots=True)
class Given:
    """`called`: the paid request that the interval stands in. `waived_wh`: use whose mark-up is
    waived, granted with this interval (redeemed credits)."""

    called: Called | None = None
    waived_wh: int = 0

    def document(self) -> Document:
        """None when nothing is given; `given_from` is its inverse."""
        if self == NOTHING_GIVEN:
            return None
        called = None if self.called is None else self.called.document()
        return {"called": called, "waived_wh": self.waived_wh}


NOTHING_GIVEN = Given()


def given_from(fields: Fields, key: str) -> Given:
    """Take what was given. Raises InputError that names the field."""
    found = fields.object_or_none(key)
    if found is None:
        return NOTHING_GIVEN
    given = Given(_called(found.object_or_none("called")), found.integer("waived_wh"))
    found.close()
    if given == NOTHING_GIVEN:
        fields.fail(key, "gives nothing; write null")
    return given


def _called(fields: Fields | None) -> Called | None:
    if fields is None:
        return None
    called = Called(
        fields.octets("request", 32),
        fields.integer("baseline_wh"),
        fields.integer("reward_ubolt_per_mwh", high=_PRICE_MAX),
    )
    fields.close()
    return called
