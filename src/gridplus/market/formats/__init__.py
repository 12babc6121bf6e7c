"""Price files: bytes -> a series of prices and the faults of its rows."""

from gridplus.failures import InputError
from gridplus.market.formats.corrections import (
    PriceCorrection,
    corrected,
    parse_price_corrections,
)
from gridplus.market.formats.ercot_dam import COLUMNS as DAM_COLUMNS
from gridplus.market.formats.ercot_dam import parse_ercot_dam
from gridplus.market.formats.ercot_rtm import COLUMNS as RTM_COLUMNS
from gridplus.market.formats.ercot_rtm import parse_ercot_rtm
from gridplus.market.formats.price_csv import parse_price_csv
from gridplus.market.formats.series import PriceSeries
from gridplus.market.prices import Market

__all__ = [
    "PriceCorrection",
    "PriceSeries",
    "corrected",
    "parse_ercot_dam",
    "parse_ercot_rtm",
    "parse_price_corrections",
    "parse_price_csv",
    "parse_price_file",
]


def parse_price_file(
    data: bytes,
    *,
    what: str,
    settlement_point: str,
    market: Market,
    point_type: str | None = None,
) -> PriceSeries:
    """ERCOT's own table, known by its head, or a plain CSV whose prices are those of `market`.

    Raises InputError as the parser of the format does, and when ERCOT's file is another market's.
    """
    head = data[:512].decode("utf-8-sig", errors="replace").splitlines()[:1]
    named = [name.strip() for name in head[0].split(",")] if head else []
    for columns, its in ((DAM_COLUMNS, "DAM"), (RTM_COLUMNS, "RTM")):
        if named == list(columns) and market != its:
            raise InputError(f"{what} holds {its} prices; {market} prices are needed")
    if named == list(DAM_COLUMNS):
        return parse_ercot_dam(data, what=what, settlement_point=settlement_point)
    if named == list(RTM_COLUMNS):
        return parse_ercot_rtm(
            data, what=what, settlement_point=settlement_point, point_type=point_type
        )
    return parse_price_csv(data, what=what, settlement_point=settlement_point, market=market)
