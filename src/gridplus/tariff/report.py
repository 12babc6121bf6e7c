"""Ratings as documents for other programs: line items with exact decimals, in BOLT and kWh."""

from collections.abc import Iterable

from gridplus.digest import Document
from gridplus.meter import IntervalRead
from gridplus.tariff.course import Course
from gridplus.tariff.fields import format_octets
from gridplus.tariff.line import Line
from gridplus.tariff.plan import Plan
from gridplus.tariff.rate import Rated
from gridplus.units import format_utc

_WH_PLACES, _PRICE_PLACES, _ABOLT_PLACES = 3, 9, 18


def decimal_text(value: int, places: int) -> str:
    """1250, 3 -> '1.25': `value` / 10**places, exactly, in the shortest spelling."""
    sign, digits = ("-" if value < 0 else ""), f"{abs(value):0{places + 1}d}"
    whole, part = digits[:-places], digits[-places:].rstrip("0")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def kwh_text(energy_wh: int) -> str:
    return decimal_text(energy_wh, _WH_PLACES)


def bolt_text(amount_abolt: int) -> str:
    return decimal_text(amount_abolt, _ABOLT_PLACES)


def interval_document(read: IntervalRead, rated: Rated) -> Document:
    """One interval: each line with its exact amount; a price per kWh where it has one."""
    return {
        "start": format_utc(read.interval.start),
        "length_s": read.interval.length_s,
        "import_kwh": kwh_text(read.import_wh),
        "export_kwh": kwh_text(read.export_wh),
        "lines": [_line_document(line) for line in rated.lines],
    }


def rating_document(plan: Plan, course: Course, *, intervals: Iterable[Document]) -> Document:
    """Everything that a plan made of a home's reads."""
    return {
        "plan": {"id": plan.id, "version": plan.version, "digest": format_octets(plan.digest)},
        "intervals": list(intervals),
        **course_document(course),
    }


def course_document(course: Course) -> dict[str, Document]:
    """The sums: exact by line, exact charges and credits, and what a channel would have paid."""
    waits = course.waits
    return {
        "import_kwh": kwh_text(course.import_wh),
        "export_kwh": kwh_text(course.export_wh),
        "lines": {code.value: bolt_text(amount) for code, amount in course.lines_abolt.items()},
        "charges": bolt_text(course.tally.charges_abolt),
        "credits": bolt_text(course.tally.credits_abolt),
        "net": bolt_text(course.tally.charges_abolt - course.tally.credits_abolt),
        "spent_ubolt": course.tally.spent_ubolt,
        "earned_ubolt": course.tally.earned_ubolt,
        "waits": None
        if waits is None
        else {
            "day": waits.day.isoformat(),
            "reason": waits.reason.name,
            "sentence": waits.reason.value,
        },
    }


def _line_document(line: Line) -> Document:
    document: dict[str, Document] = {
        "code": line.code.value,
        "side": line.side.value,
        "amount": bolt_text(line.amount_abolt),
    }
    if line.price_ubolt_per_mwh or line.quantity_wh:
        document["quantity_kwh"] = kwh_text(line.quantity_wh)
        document["price_per_kwh"] = decimal_text(line.price_ubolt_per_mwh, _PRICE_PLACES)
    return document
