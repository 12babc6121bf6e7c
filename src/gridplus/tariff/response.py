"""Demand response: a paid request to use less, a home's word that it takes part, and what it earns.

The retailer's publisher signs the request: when, what a kWh less pays, and by which baseline. The
home's device signs that the home takes part; the hub makes that durable before the request begins,
and gives a receipt (a place in a signed commit group). From then on both are bound: each interval
of the request is billed with the baseline that the home's own signed reads lead to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from gridplus.digest import Document, keccak256
from gridplus.failures import InputError
from gridplus.tariff.baseline import Baseline, Method, Past
from gridplus.tariff.fields import Fields, format_octets
from gridplus.tariff.given import Called
from gridplus.units import DAY_S, SETTLEMENT_INTERVAL_S, Interval
from gridplus.wallet import (
    Address,
    ChannelId,
    Domain,
    PublishedAsk,
    attestation_digest,
    is_signed_by,
)

JOIN_LEAD_S = 60
"""So long before a request begins the hub takes the last word, so that its seal is earlier too."""
_JOINED = b"gridplus.join-request/1\n"
_START_MAX_S = 1 << 33
_PRICE_MAX = 1 << 40
_VERSION_MAX = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class PaidRequest:
    """In [start_s, end_s) each Wh taken less than the baseline (the name of a `Method`) earns
    `reward_ubolt_per_mwh`. `name` and `version` say which ask of the retailer's it is; `signature`
    is its publisher's. Raises InputError for what could not be settled."""

    name: str
    version: int
    start_s: int
    end_s: int
    reward_ubolt_per_mwh: int
    baseline: str
    signature: bytes = bytes(64)
    SIGNAL: ClassVar[int] = 4
    """Among the kinds of asks."""

    def __post_init__(self) -> None:
        Method.parse(self.baseline)
        off_grid = self.start_s % SETTLEMENT_INTERVAL_S or self.end_s % SETTLEMENT_INTERVAL_S
        if off_grid or not 0 < self.end_s - self.start_s <= DAY_S:
            raise InputError("a paid request holds for whole quarter hours, a day at most")
        if not (0 <= self.reward_ubolt_per_mwh <= _PRICE_MAX and self.name):
            raise InputError("a paid request has a name, and a reward that is not absurd")

    def digest(self, domain: Domain) -> bytes:
        """32 bytes that the publisher signs, in the anchor's domain."""
        when, text = (self.start_s, self.end_s), keccak256(self.baseline.encode())
        ask = PublishedAsk(
            keccak256(self.name.encode()),
            self.version,
            self.SIGNAL,
            *when,
            self.reward_ubolt_per_mwh,
            text,
        )
        return attestation_digest(domain, ask)

    def is_signed_by(self, publisher: Address, domain: Domain) -> bool:
        return is_signed_by(publisher, self.digest(domain), signature=self.signature)

    def covers(self, interval: Interval) -> bool:
        return self.start_s <= interval.start_s and interval.end_s <= self.end_s

    def reckon(self, *, past: Past, zone: str) -> Baseline | None:
        """Its baseline; None where none can be reckoned."""
        method = Method.parse(self.baseline)
        return method.reckon(self.start_s, self.end_s, past=past, zone=zone)

    def called(
        self, interval: Interval, reckoned: Baseline | None, *, domain: Domain
    ) -> Called | None:
        """What the bill of an interval that it covers is given; nothing without a baseline."""
        if reckoned is None:
            return None
        at = (interval.start_s - self.start_s) // SETTLEMENT_INTERVAL_S
        return Called(self.digest(domain), reckoned.wh[at], self.reward_ubolt_per_mwh)

    def overlaps(self, other: "PaidRequest") -> bool:
        return self.start_s < other.end_s and other.start_s < self.end_s

    def document(self) -> dict[str, Document]:
        """`request_from` is its inverse."""
        return {
            "name": self.name,
            "version": self.version,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "reward_ubolt_per_mwh": self.reward_ubolt_per_mwh,
            "baseline": self.baseline,
            "signature": format_octets(self.signature),
        }


def request_from(fields: Fields) -> PaidRequest:
    """Take all fields of a request. Raises InputError that names the place."""
    values = (
        fields.text("name"),
        fields.integer("version", high=_VERSION_MAX),
        fields.integer("start_s", high=_START_MAX_S),
        fields.integer("end_s", high=_START_MAX_S),
        fields.integer("reward_ubolt_per_mwh", high=_PRICE_MAX),
        fields.text("baseline"),
        fields.octets("signature", 64),
    )
    fields.close()
    try:
        return PaidRequest(*values)
    except InputError as error:
        raise InputError(f"{fields.where}: {error}") from None


def join_message(channel: ChannelId, request: bytes) -> bytes:
    """What a device signs for its home to take part in a request (its digest)."""
    return _JOINED + channel + request


def join_leaf(channel: ChannelId, request: bytes) -> bytes:
    """The leaf of that word in the commit group in which it became durable."""
    return keccak256(b"\x05" + channel + request)


def called_at(
    interval: Interval,
    joined: Iterable[PaidRequest],
    *,
    past: Past,
    place: tuple[Domain, str],
) -> Called | None:
    """What the bill of an interval is given, by the requests that the home joined (none overlaps
    another); None where none holds or no baseline can be reckoned. `place` is the anchor's domain
    and the time zone of the plan."""
    domain, zone = place
    request = next((each for each in joined if each.covers(interval)), None)
    if request is None:
        return None
    return request.called(interval, request.reckon(past=past, zone=zone), domain=domain)
