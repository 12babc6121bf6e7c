"""Texas facts that plan files name instead of repeating them, each with its source.

TDSP delivery charges by date, the ERCOT fee, taxes by the size of a city. They come from pages that
report the official books; check before quoting them as official. A plan's document holds the rows
themselves: `filled` puts them in before the digest is taken, so that a bill shows what it used.
"""

from collections.abc import Sequence

from gridplus.digest import Document
from gridplus.failures import InputError

COLLECTED = "2026-01-31"
QUICK_2020 = (
    "https://quickelectricity.com/why-electricity-rates-vary-in-texas/ (published by PUCT, as of "
    "2020-03-01; no later row was found before 2023-09-01)"
)
QUICK_2023 = "https://quickelectricity.com/why-electricity-rates-vary-in-texas/ (of 2023-11-06)"
PLANS_2024 = "https://electricityplans.com/texas/tdu-delivery-charges/"
JANUARY_2026 = "tdu-rates.json, public GitHub documentation: 'Current Rates (January 2026)'"
_SINCE = (
    ("2020-03-01", QUICK_2020),
    ("2023-09-01", QUICK_2023),
    ("2024-03-01", PLANS_2024),
    ("2025-09-01", JANUARY_2026),
)
CENTERPOINT_CHANGED = "2025-12-07"
TDSPS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "ONCOR": (
        "Oncor Electric Delivery",
        (("3.42", "3.5601"), ("4.23", "5.0339"), ("4.23", "4.5403"), ("4.23", "5.5833")),
    ),
    "CENTERPOINT": (
        "CenterPoint Energy Houston Electric",
        (("5.47", "3.4815"), ("4.39", "5.4694"), ("4.39", "3.8957"), ("4.90", "6.0009")),
    ),
    "AEP_CENTRAL": (
        "AEP Texas Central",
        (("4.79", "4.2616"), ("4.79", "5.5226"), ("4.79", "4.8787"), ("5.49", "5.6954")),
    ),
    "AEP_NORTH": (
        "AEP Texas North",
        (("4.79", "3.6135"), ("4.79", "5.1265"), ("4.79", "4.5254"), ("5.49", "5.2971")),
    ),
    "TNMP": (
        "Texas-New Mexico Power",
        (("7.85", "4.1524"), ("7.85", "6.0465"), ("7.85", "5.0383"), ("7.85", "6.0509")),
    ),
}
"""Per TDSP its name, then $/month and ¢/kWh for each date above (CenterPoint's last row began
later). Residential service; every rider per kWh is summed."""
_FEE_SOURCE = "https://rtowww.com/60511-texas-puc-open-meeting-ercot-budget/"
ERCOT_FEES = (("2016-01-01", "0.555 $/MWh"), ("2024-01-01", "0.630 $/MWh"))
_TAX_SOURCE = (
    "Texas Comptroller, January 2012, "
    "https://docslib.org/doc/10846342/texas-tax-information-for-retail-sellers-of-electricity"
)
PUC_ASSESSMENT = "0.1667 %"
GROSS_RECEIPTS = ((10_000, "1.997 %"), (2_500, "1.07 %"), (1_001, "0.581 %"), (0, "0 %"))
"""The miscellaneous gross receipts tax of a city with at least so many people, largest first."""
CITIES = {
    "Arlington": 394_266, "Austin": 961_855, "Corpus Christi": 317_863, "Dallas": 1_304_379,
    "Fort Worth": 918_915, "Houston": 2_304_580, "Katy": 21_894, "Lubbock": 257_141,
    "McAllen": 142_210, "Plano": 285_494, "Round Top": 87, "Sugar Land": 111_026, "Waco": 138_486,
}  # fmt: skip
"""People by the census of 2020 (https://www.census.gov/quickfacts); the class is what matters."""


def filled(document: Document, *, what: str) -> Document:
    """The plan's document with the rows that its components name: a `delivery` with a known `tdsp`
    and no rows, an `ercot_fee` without rows, `taxes` with a `city` or `city_population`.

    Raises InputError for a TDSP or a city that is not known, with its place.
    """
    if not isinstance(document, dict):
        return document
    parts = document.get("components")
    if not isinstance(parts, list):
        return document
    components: list[Document] = [
        _filled(part, where=f"{what}.components[{place}]") for place, part in enumerate(parts)
    ]
    return {**document, "components": components}


def delivery_rows(tdsp: str) -> list[Document]:
    """The rows of a TDSP of the table, as a plan file writes them."""
    _, charges = TDSPS[tdsp]
    rows: list[Document] = []
    for (since, source), (monthly, energy) in zip(_SINCE, charges, strict=True):
        began = CENTERPOINT_CHANGED if (tdsp, since) == ("CENTERPOINT", "2025-09-01") else since
        rows.append(
            {
                "from": began,
                "monthly": f"{monthly} $/month",
                "energy": f"{energy} ¢/kWh",
                "source": source,
            }
        )
    return rows


def _filled(part: Document, *, where: str) -> Document:
    if not isinstance(part, dict) or "rows" in part:
        return part
    kind = part.get("kind")
    if kind == "delivery":
        tdsp = part.get("tdsp")
        if not isinstance(tdsp, str) or tdsp not in TDSPS:
            known = ", ".join(TDSPS)
            raise InputError(f"{where}.tdsp: is {tdsp!r}; known are {known}, or write its rows")
        return {**part, "tdsp": TDSPS[tdsp][0], "rows": delivery_rows(tdsp)}
    if kind == "ercot_fee":
        fees: list[Document] = [
            {"from": since, "ercot": fee, "source": _FEE_SOURCE} for since, fee in ERCOT_FEES
        ]
        return {**part, "rows": fees}
    if kind == "taxes":
        row: Document = {
            "from": "2012-01-01",
            "puc_assessment": PUC_ASSESSMENT,
            "gross_receipts": _gross_receipts(part, where=where),
            "source": _TAX_SOURCE,
        }
        named = ("city", "city_population")
        return {**{k: v for k, v in part.items() if k not in named}, "rows": [row]}
    return part


def _gross_receipts(part: dict[str, Document], *, where: str) -> str:
    people = part.get("city_population")
    if people is None:
        city = part.get("city")
        if not isinstance(city, str) or city not in CITIES:
            raise InputError(
                f"{where}.city: is {city!r}, which the tax table does not have; known are "
                f"{', '.join(CITIES)}. Write city_population, or the rows"
            )
        people = CITIES[city]
    if type(people) is not int or people < 0:
        raise InputError(f"{where}.city_population: must be a number of people")
    return _rate_of(people, GROSS_RECEIPTS)


def _rate_of(people: int, table: Sequence[tuple[int, str]]) -> str:
    return next(rate for at_least, rate in table if people >= at_least)
