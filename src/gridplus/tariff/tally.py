"""Where the bills of a channel stand: exact sums for life, and what its plan remembers.

Sums only grow. A plan whose price depends on what was used before (tiers, peaks, banked energy)
keeps that in `MonthToDate`, so that an interval's bill follows from the tally before it alone.
"""

import re
from dataclasses import dataclass

from gridplus.digest import Document
from gridplus.tariff.fields import Fields
from gridplus.units import U48_MAX, ubolt_down, ubolt_up

Memory = tuple[int, ...]
"""What one component of a plan remembers; each component says what its integers are."""
MAX_NAMES = 16
MAX_NUMBERS = 48
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_SECONDS_MAX = 1 << 33


@dataclass(frozen=True, slots=True)
class MonthToDate:
    """The local month so far, and what earlier months left behind.

    `month` counts local months from year 0; `since_s` is the start of the first interval of it
    that was billed; `memory` is by the component's name, in order of name, without empty ones.
    """

    month: int
    since_s: int
    import_wh: int
    export_wh: int
    memory: tuple[tuple[str, Memory], ...] = ()

    def document(self) -> dict[str, Document]:
        """The month as a document; `month_from` is its inverse."""
        return {
            "month": f"{self.month // 12:04d}-{self.month % 12 + 1:02d}",
            "since_s": self.since_s,
            "import_wh": self.import_wh,
            "export_wh": self.export_wh,
            "memory": {name: list(numbers) for name, numbers in self.memory},
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything billed on a channel so far, exactly. Both sums only grow.

    `month` is None until a plan that remembers has billed an interval; other plans pass it on.
    """

    charges_abolt: int = 0
    credits_abolt: int = 0
    month: MonthToDate | None = None

    @property
    def spent_ubolt(self) -> int:
        """What the home owes for life, rounded down."""
        return ubolt_down(self.charges_abolt)

    @property
    def earned_ubolt(self) -> int:
        """What the retailer owes for life, rounded up."""
        return ubolt_up(self.credits_abolt)

    def document(self) -> dict[str, Document]:
        """The tally as fields of a document; `tally_from` takes them again."""
        return {
            "charges_abolt": str(self.charges_abolt),
            "credits_abolt": str(self.credits_abolt),
            "month": month_document(self.month),
        }


def tally_from(fields: Fields) -> Tally:
    """Take the fields of a tally. Raises InputError that names the field."""
    return Tally(
        fields.abolt("charges_abolt"),
        fields.abolt("credits_abolt"),
        month_from(fields, "month"),
    )


def month_document(month: MonthToDate | None) -> Document:
    return None if month is None else month.document()


def month_from(fields: Fields, key: str) -> MonthToDate | None:
    """Take a month to date. Raises InputError that names the field."""
    found = fields.object_or_none(key)
    if found is None:
        return None
    text = found.text("month")
    if not _MONTH.fullmatch(text):
        found.fail("month", f"is {text!r}; write a month like 2021-02")
    month = MonthToDate(
        month=int(text[:4]) * 12 + int(text[5:]) - 1,
        since_s=found.integer("since_s", high=_SECONDS_MAX),
        import_wh=found.integer("import_wh"),
        export_wh=found.integer("export_wh"),
        memory=_memory(found),
    )
    found.close()
    return month


def _memory(fields: Fields) -> tuple[tuple[str, Memory], ...]:
    value = fields.take("memory")
    if not isinstance(value, dict) or len(value) > MAX_NAMES:
        fields.fail("memory", f"must be an object of at most {MAX_NAMES} names")
    memory = []
    for name, numbers in sorted(value.items()):
        if not isinstance(numbers, list) or not 0 < len(numbers) <= MAX_NUMBERS:
            fields.fail("memory", f"{name!r} must be a list of 1 to {MAX_NUMBERS} integers")
        if not all(type(number) is int and 0 <= number <= U48_MAX for number in numbers):
            fields.fail("memory", f"{name!r} must hold integers from 0 to {U48_MAX}")
        memory.append((name, tuple(number for number in numbers if isinstance(number, int))))
    return tuple(memory)
