"""Quantities as people write them, with their unit, as exact integers.

'250.00 $/MWh', '3.4815 ¢/kWh', '5.47 $/month', '1.997 %'. A quantity that is not a whole number of
our smallest unit is refused, never rounded.
"""

import re
from decimal import Decimal
from enum import Enum

from gridplus.failures import InputError
from gridplus.tariff.fields import Fields

_WRITTEN = re.compile(r"(-?[0-9]{1,9}(?:\.[0-9]{1,9})?) ([^ ]{1,8})")


class Measure(Enum):
    """What is measured: units with the integer that one of it is, and the largest integer taken."""

    PRICE_UBOLT_PER_MWH = ({"$/MWh": 1_000_000, "¢/kWh": 10_000_000}, 100_000_000_000)
    MONTHLY_UBOLT = ({"$/month": 1_000_000}, 10_000_000_000)
    DAILY_UBOLT = ({"$/day": 1_000_000}, 1_000_000_000)
    AMOUNT_UBOLT = ({"$": 1_000_000}, 10_000_000_000)
    DEMAND_UBOLT_PER_KW = ({"$/kW": 1_000_000}, 1_000_000_000)
    ENERGY_WH = ({"kWh": 1_000, "Wh": 1}, 1_000_000_000)
    POWER_W = ({"kW": 1_000, "W": 1}, 1_000_000)
    RATIO_PPM = ({"%": 10_000}, 1_000_000)

    def __init__(self, units: dict[str, int], largest: int) -> None:
        self.units = units
        self.largest = largest


def read_quantity(fields: Fields, key: str, *, measure: Measure) -> int:
    """Take a quantity of 0 or more. Raises InputError that names the field."""
    value = read_signed(fields, key, measure=measure)
    if value < 0:
        fields.fail(key, "must not be negative")
    return value


def read_signed(fields: Fields, key: str, *, measure: Measure) -> int:
    """Take a quantity that may be negative. Raises InputError that names the field."""
    return parse_quantity(fields.text(key), measure, where=f"{fields.where}.{key}")


def parse_quantity(text: str, measure: Measure, *, where: str) -> int:
    """'3.4815 ¢/kWh' -> 34_815_000 (µBOLT/MWh), exactly.

    Raises InputError that names `where` for another unit, an exponent, NaN, an amount that is not
    a whole number of the unit in the measure's name, or one beyond its limit.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or found[2] not in measure.units:
        units = " or ".join(f"'1.25 {unit}'" for unit in measure.units)
        raise InputError(f"{where}: {text!r} is not a quantity; write it like {units}")
    exact = Decimal(found[1]) * measure.units[found[2]]
    if exact != exact.to_integral_value():
        raise InputError(f"{where}: {text!r} has more decimals than we can bill exactly")
    if abs(exact) > measure.largest:
        raise InputError(f"{where}: {text!r} is too large to be meant")
    return int(exact)
