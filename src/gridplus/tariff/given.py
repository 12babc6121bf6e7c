"""What a bill takes as given beside read and prices: facts that somebody else has established."""

from dataclasses import dataclass

from gridplus.digest import Document
from gridplus.tariff.fields import Fields


@dataclass(frozen=True, slots=True)
class Given:
    """`baseline_wh`: what the home was expected to take in this interval, where demand response is
    called. `waived_wh`: use whose mark-up is waived, granted with this interval (redeemed credits).
    """

    baseline_wh: int | None = None
    waived_wh: int = 0

    def document(self) -> Document:
        """None when nothing is given; `given_from` is its inverse."""
        if self == NOTHING_GIVEN:
            return None
        return {"baseline_wh": self.baseline_wh, "waived_wh": self.waived_wh}


NOTHING_GIVEN = Given()


def given_from(fields: Fields, key: str) -> Given:
    """Take what was given. Raises InputError that names the field."""
    found = fields.object_or_none(key)
    if found is None:
        return NOTHING_GIVEN
    baseline_wh = found.integer_or_none("baseline_wh")
    given = Given(baseline_wh, found.integer("waived_wh"))
    found.close()
    if given == NOTHING_GIVEN:
        fields.fail(key, "gives nothing; write null")
    return given
