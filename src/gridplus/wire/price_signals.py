"""Price versions as OpenADR events, and the reports that answer them.

A price event carries everything of its price version, so that a home can rebuild it, compare its
digest with what is signed and anchored, and cite it: a bill is computed from the version, never
from the signal. What the standard has no word for travels as private payload types in the first
interval. Prices are JSON numbers of at most 6 decimals, $/kWh where that is exact, else $/MWh.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.signals import Json
from gridplus.signals.span import format_duration, parse_duration, parse_instant
from gridplus.units import SETTLEMENT_INTERVAL_S, UBOLT_PER_BOLT, format_utc, utc_from_s

PRIORITY = {"final": 50, "indicative": 60, "forecast": 70}
"""A final price wins over an indicative one, that over a forecast; alerts stand below 50."""
DECIMALS = 6
_PER_UNIT = {"KWH": UBOLT_PER_BOLT * 1_000, "MWH": UBOLT_PER_BOLT}
"""µBOLT/MWh in one dollar a unit."""
_TEXTS = {
    "settlement_point": "GRIDPLUS_SETTLEMENT_POINT",
    "operating_day": "GRIDPLUS_OPERATING_DAY",
    "market": "GRIDPLUS_MARKET",
    "kind": "GRIDPLUS_PRICE_KIND",
    "source": "GRIDPLUS_SOURCE",
}
_NUMBERS = {"version": "GRIDPLUS_VERSION", "known_at_s": "GRIDPLUS_KNOWN_AT_S"}
_DIGEST, _SIGNATURE = "GRIDPLUS_PRICES", "GRIDPLUS_SIGNATURE"
_WH_PER_KWH = 1_000


@dataclass(frozen=True, slots=True)
class PriceSignal:
    """A price version as a VTN announced it; `signature` is the publisher's over its digest."""

    event_id: str
    program_id: str
    prices: PriceVersion
    signature: bytes


@dataclass(frozen=True, slots=True)
class ReportOf:
    """What a report answers, and who sends it."""

    event_id: str
    client: str


def price_event(prices: PriceVersion, *, program_id: str, signature: bytes) -> dict[str, Json]:
    """The body of the event that publishes `prices`; asks for usage and forecast in return."""
    unit = _unit(prices)
    intervals: list[Json] = [
        {"id": i, "payloads": [{"type": "PRICE", "values": [_number(price, unit)]}]}
        for i, price in enumerate(prices.prices_ubolt_per_mwh)
    ]
    first = intervals[0]
    if isinstance(first, dict) and isinstance(payloads := first["payloads"], list):
        payloads += _citation(prices, signature)
    return {
        "programID": program_id,
        "eventName": event_name(prices),
        "priority": PRIORITY[prices.kind],
        "payloadDescriptors": [
            {
                "objectType": "EVENT_PAYLOAD_DESCRIPTOR",
                "payloadType": "PRICE",
                "units": unit,
                "currency": "USD",
            }
        ],
        "reportDescriptors": [
            {"payloadType": "USAGE", "units": "KWH", "reportIntervals": "SUB_INTERVALS"},
            {
                "payloadType": "USAGE_FORECAST",
                "units": "KWH",
                "historical": False,
                "reportIntervals": "SUB_INTERVALS",
            },
        ],
        "intervalPeriod": {
            "start": format_utc(utc_from_s(prices.start_s)),
            "duration": format_duration(prices.step_s),
        },
        "intervals": intervals,
    }


def event_name(prices: PriceVersion) -> str:
    """One event a day, market and kind: a revision updates it."""
    name = f"{prices.settlement_point} {prices.market} {prices.kind}"
    return f"{name} {prices.operating_day.isoformat()}"


def read_price_event(event: dict[str, Json]) -> PriceSignal | None:
    """The price version in an event; None for an event that announces none.

    Raises InputError for one that claims to and does not hold together.
    """
    intervals = event.get("intervals")
    said = _payloads(intervals[0]) if isinstance(intervals, list) and intervals else {}
    if _DIGEST not in said or not isinstance(intervals, list):
        return None
    unit = _said_unit(event)
    period = event.get("intervalPeriod")
    if not isinstance(period, dict):
        raise InputError("a price event has no intervalPeriod")
    start_s = parse_instant(str(period.get("start")))
    try:
        prices = PriceVersion(
            settlement_point=str(said[_TEXTS["settlement_point"]]),
            operating_day=date.fromisoformat(str(said[_TEXTS["operating_day"]])),
            market=str(said[_TEXTS["market"]]),  # type: ignore[arg-type]  # checked there
            kind=str(said[_TEXTS["kind"]]),  # type: ignore[arg-type]
            version=_whole(said[_NUMBERS["version"]]),
            known_at_s=_whole(said[_NUMBERS["known_at_s"]]),
            source=str(said[_TEXTS["source"]]),
            start_s=-1 if start_s is None else start_s,
            step_s=parse_duration(str(period.get("duration"))).after(0),
            prices_ubolt_per_mwh=tuple(
                _exact(_payloads(interval).get("PRICE"), unit) for interval in intervals
            ),
        )
        digest, signature = _octets(said[_DIGEST]), _octets(said.get(_SIGNATURE))
    except (KeyError, ValueError) as error:
        raise InputError(f"a price event does not hold together: {error}") from None
    if prices.digest != digest:
        raise InputError("a price event cites another price version than it carries")
    return PriceSignal(str(event.get("id")), str(event.get("programID")), prices, signature)


def usage_report(
    kind: str, net_wh: Sequence[int], *, of: ReportOf, start_s: int
) -> dict[str, Json]:
    """A report of `kind` (USAGE or USAGE_FORECAST): net kWh of each quarter hour from `start_s`."""
    intervals: list[Json] = [
        {"id": i, "payloads": [{"type": kind, "values": [Decimal(wh) / _WH_PER_KWH]}]}
        for i, wh in enumerate(net_wh)
    ]
    return {
        "eventID": of.event_id,
        "clientName": of.client,
        "reportName": kind.lower(),
        "payloadDescriptors": [
            {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": kind, "units": "KWH"}
        ],
        "resources": [
            {
                "resourceName": "home",
                "intervalPeriod": {
                    "start": format_utc(utc_from_s(start_s)),
                    "duration": format_duration(SETTLEMENT_INTERVAL_S),
                },
                "intervals": intervals,
            }
        ],
    }


def _citation(prices: PriceVersion, signature: bytes) -> list[Json]:
    document = prices.document()
    private: list[tuple[str, Json]] = [
        (_DIGEST, f"0x{prices.digest.hex()}"),
        (_SIGNATURE, f"0x{signature.hex()}"),
        *((kind, str(document[name])) for name, kind in _TEXTS.items()),
        (_NUMBERS["version"], prices.version),
        (_NUMBERS["known_at_s"], prices.known_at_s),
    ]
    return [{"type": kind, "values": [value]} for kind, value in private]


def _unit(prices: PriceVersion) -> str:
    """KWH when each price is exact with 6 decimals of a dollar, else MWH, which always is."""
    return "KWH" if all(p % 1_000 == 0 for p in prices.prices_ubolt_per_mwh) else "MWH"


def _number(price: int, unit: str) -> Decimal:
    number = Decimal(price) / _PER_UNIT[unit]
    return number if number else Decimal(0)


def _exact(value: Json, unit: str) -> int:
    """µBOLT/MWh of a price with at most 6 decimals. Raises InputError."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise InputError("an interval of a price event has no price")
    number = Decimal(value)
    exponent = number.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -DECIMALS or abs(number) > 10**9:
        raise InputError(f"the price {value} has over {DECIMALS} decimals or is absurd")
    return int(number * _PER_UNIT[unit])


def _said_unit(event: dict[str, Json]) -> str:
    descriptors = event.get("payloadDescriptors")
    for descriptor in descriptors if isinstance(descriptors, list) else []:
        if isinstance(descriptor, dict) and descriptor.get("payloadType") == "PRICE":
            unit, currency = descriptor.get("units"), descriptor.get("currency")
            if isinstance(unit, str) and unit in _PER_UNIT and currency == "USD":
                return unit
    raise InputError("a price event is in dollars a KWH or MWH, and says so")


def _payloads(interval: Json) -> dict[str, Json]:
    """The first value of each payload type."""
    payloads = interval.get("payloads") if isinstance(interval, dict) else None
    found: dict[str, Json] = {}
    for payload in payloads if isinstance(payloads, list) else []:
        if isinstance(payload, dict) and isinstance(values := payload.get("values"), list):
            found[str(payload.get("type"))] = values[0] if values else None
    return found


def _whole(value: Json) -> int:
    if type(value) is not int:
        raise InputError(f"{value} is no whole number")
    return value


def _octets(value: Json) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise InputError("a digest or signature is hex after 0x")
    return bytes.fromhex(value[2:])
