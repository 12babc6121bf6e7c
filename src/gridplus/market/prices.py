"""Price versions: the wholesale prices of one operating day, as one party knew them.

An operating day runs from local midnight to local midnight (ERCOT Nodal Protocols, section 2.1):
23, 24 or 25 hours, so 92, 96 or 100 settlement intervals. A corrected price is a new version; the
old one stays. A bill names the digest of the version it was rated with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias, cast, get_args
from zoneinfo import ZoneInfo

from gridplus.digest import Document, document_digest, parse_document
from gridplus.failures import InputError
from gridplus.units import SETTLEMENT_INTERVAL_S, UBOLT_PER_BOLT, Interval, require_utc

ERCOT_ZONE = "America/Chicago"
PRICE_LIMIT_UBOLT_PER_MWH = 20_000 * UBOLT_PER_BOLT
"""Twice the highest price ERCOT has posted; anything beyond, either way, is a mistake in a file."""
STEPS_S = (300, 900, 1_800, 3_600)
Market: TypeAlias = Literal["DAM", "RTM"]
Kind: TypeAlias = Literal["final", "indicative", "forecast"]
_DIGEST_KIND = "gridplus.prices/1"
_DOCUMENT_LIMIT = 16_384
_TEXTS = ("settlement_point", "operating_day", "market", "kind", "source")
_NUMBERS = ("version", "known_at_s", "start_s", "step_s")


@lru_cache(maxsize=64)
def operating_day_bounds(day: date, zone: str = ERCOT_ZONE) -> tuple[int, int]:
    """First and past-the-end second (since 1970) of the local day `day` in `zone`."""
    midnights = (datetime.combine(d, time(), ZoneInfo(zone)) for d in (day, day + timedelta(1)))
    start, end = (int(midnight.timestamp()) for midnight in midnights)
    return start, end


@lru_cache(maxsize=64)
def operating_day_intervals(
    day: date, zone: str = ERCOT_ZONE, *, length_s: int = SETTLEMENT_INTERVAL_S
) -> tuple[Interval, ...]:
    """The intervals of the local day `day` in order of time: 92, 96 or 100 of 15 minutes."""
    start_s, end_s = operating_day_bounds(day, zone)
    return tuple(Interval(at, length_s) for at in range(start_s, end_s, length_s))


def operating_day_of(instant: datetime, zone: str = ERCOT_ZONE) -> date:
    """The local day in `zone` that holds `instant`. Raises InputError for a naive datetime."""
    return require_utc(instant).astimezone(ZoneInfo(zone)).date()


def day_ahead_posting_s(day: date, zone: str = ERCOT_ZONE) -> int:
    """When day-ahead prices for `day` are known: 13:30 local on the day before (ERCOT Nodal
    Protocols, section 4.5.3). Seconds since 1970."""
    return int(datetime.combine(day - timedelta(1), time(13, 30), ZoneInfo(zone)).timestamp())


@dataclass(frozen=True)
class PriceVersion:
    """Prices (µBOLT/MWh) of one whole operating day at one settlement point.

    `prices_ubolt_per_mwh[i]` holds from `start_s + i * step_s` for `step_s` seconds. `known_at_s`
    is when this version became known, `version` counts up from 1, `source` names where it came
    from. Raises InputError when the prices do not cover the day exactly or one is out of range.
    """

    settlement_point: str
    operating_day: date
    market: Market
    kind: Kind
    version: int
    known_at_s: int
    source: str
    start_s: int
    step_s: int
    prices_ubolt_per_mwh: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.market not in get_args(Market) or self.kind not in get_args(Kind):
            raise InputError(f"{self}: no market {self.market!r} or kind {self.kind!r}")
        if self.step_s not in STEPS_S:
            raise InputError(f"{self}: prices of {self.step_s} s; known steps are {STEPS_S}")
        bounds = (self.start_s, self.start_s + self.step_s * len(self.prices_ubolt_per_mwh))
        if bounds != operating_day_bounds(self.operating_day):
            raise InputError(f"{self}: the prices do not cover the operating day exactly")
        if self.version < 1 or self.known_at_s < 0:
            raise InputError(f"{self}: versions count from 1 and are known after 1970")
        for price in self.prices_ubolt_per_mwh:
            if abs(price) > PRICE_LIMIT_UBOLT_PER_MWH:
                raise InputError(f"{self}: {price} µBOLT/MWh is beyond ±20,000 $/MWh")

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def end_s(self) -> int:
        return operating_day_bounds(self.operating_day)[1]

    def covers(self, interval: Interval) -> bool:
        """Whether `interval` lies inside one step of these prices."""
        offset_s = (interval.start_s - self.start_s) % self.step_s
        inside = self.start_s <= interval.start_s < self.end_s
        return inside and offset_s + interval.length_s <= self.step_s

    def price_at(self, interval: Interval) -> int:
        """µBOLT/MWh in `interval`. Raises InputError unless it lies inside one step."""
        if not self.covers(interval):
            raise InputError(f"{self} have no single price for {interval}")
        return self.prices_ubolt_per_mwh[(interval.start_s - self.start_s) // self.step_s]

    def document(self) -> dict[str, Document]:
        """The version as a document; `parse_price_version` is its inverse."""
        return {
            "settlement_point": self.settlement_point,
            "operating_day": self.operating_day.isoformat(),
            "market": self.market,
            "kind": self.kind,
            "version": self.version,
            "known_at_s": self.known_at_s,
            "source": self.source,
            "start_s": self.start_s,
            "step_s": self.step_s,
            "prices_ubolt_per_mwh": list(self.prices_ubolt_per_mwh),
        }

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that bind every field."""
        return document_digest(_DIGEST_KIND, self.document())

    def __str__(self) -> str:
        name = f"{self.settlement_point} {self.market} {self.kind}"
        return f"{name} prices of {self.operating_day}, version {self.version}"


def parse_price_version(data: bytes, *, what: str = "the price version") -> PriceVersion:
    """JSON bytes -> PriceVersion. Raises InputError that names `what` and the reason."""
    return price_version_from(parse_document(data, limit=_DOCUMENT_LIMIT, what=what), what=what)


def price_version_from(document: Document, *, what: str = "the price version") -> PriceVersion:
    """A parsed document -> PriceVersion. Raises InputError that names `what` and the reason."""
    if not isinstance(document, dict):
        raise InputError(f"{what} is not an object")
    if set(document) != {*_TEXTS, *_NUMBERS, "prices_ubolt_per_mwh"}:
        raise InputError(f"{what} has other fields than a price version: {sorted(document)}")
    prices = document["prices_ubolt_per_mwh"]
    if not isinstance(prices, list) or not _all_of(int, prices):
        raise InputError(f"{what}: prices_ubolt_per_mwh is not a list of integers")
    if not _all_of(int, [document[name] for name in _NUMBERS]):
        raise InputError(f"{what}: {', '.join(_NUMBERS)} are integers")
    if not _all_of(str, [document[name] for name in _TEXTS]):
        raise InputError(f"{what}: {', '.join(_TEXTS)} are texts")
    try:
        day = date.fromisoformat(cast("str", document["operating_day"]))
        fields = {**document, "operating_day": day, "prices_ubolt_per_mwh": tuple(prices)}
        return PriceVersion(**fields)  # type: ignore[arg-type]  # checked just above
    except (ValueError, OverflowError, InputError) as error:
        raise InputError(f"{what}: {error}") from None


def _all_of(kind: type, values: Sequence[Document]) -> bool:
    return all(type(value) is kind for value in values)
