"""What the retailer asks of the street in a day, and what the owners of its homes have said to
that: some let it move everything, some want more money, some let prices alone move devices."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from gridplus.agent.owners_word import ORDERS_FILE, PREFERENCES_FILE
from gridplus.control import Consent, Signal, consent_digest, write_orders
from gridplus.control.guidance import devices_of
from gridplus.keystore import Secp256k1Key
from gridplus.market.prices import ERCOT_ZONE
from gridplus.planner import Home
from gridplus.tariff import ChannelIdentity

REWARD_UBOLT_PER_MWH: Final = 500_000_000
_FAR_S: Final = 1 << 33


@dataclass(frozen=True, slots=True)
class DailyAsk:
    """Told at `told`, asked from `begins` until `ends` of the wall clock; `said` is the rest of the
    order to the back office."""

    kind: str
    told: time
    begins: time
    ends: time
    said: tuple[tuple[str, Any], ...]

    def told_s(self, day: date) -> int:
        return _at(day, self.told)

    def order(self, day: date) -> dict[str, Any]:
        """What the back office is told to ask on `day`."""
        when = {"start_s": _at(day, self.begins), "end_s": _at(day, self.ends)}
        return {"kind": self.kind, **when, "targets": [], **dict(self.said)}


DAILY_ASKS: Final = (
    DailyAsk("limit", time(11), time(13), time(14), (("import_w", 3_000),)),
    DailyAsk(
        "request",
        time(12),
        time(21),
        time(23),
        (
            ("level", 1),
            ("baseline", "3-hours-before"),
            ("reward_ubolt_per_mwh", REWARD_UBOLT_PER_MWH),
        ),
    ),
    DailyAsk("alert", time(18, 30), time(19), time(19, 30), (("text", "the grid is short"),)),
)


@dataclass(frozen=True, slots=True)
class Owner:
    """What an owner lets move the devices, beside prices; `wishes` are the preferences."""

    signals: tuple[Signal, ...]
    wishes: str


_FORMAT = 'format = "gridplus.preferences/1"\n'
_JOINS = "[requests]\njoin = true\nleast_reward_cents = {}\n"
_ALL = (Signal.ALERT, Signal.LIMIT, Signal.REQUEST)
OWNERS: Final = (
    Owner(_ALL, _JOINS.format(20)),
    Owner((Signal.ALERT, Signal.LIMIT), ""),
    Owner(_ALL, _JOINS.format(20)),
    Owner(_ALL, _JOINS.format(80)),
    Owner((), ""),
)
"""By turns: everything; no request; everything; a request from 80 ¢ on; prices alone."""


def owner_of(name: str) -> Owner:
    """Who lives in home-01, home-02, ..."""
    return OWNERS[(int(name.rpartition("-")[2]) - 1) % len(OWNERS)]


def write_owners_word(
    folder: Path, name: str, *, home: Home, identity: ChannelIdentity, key: Secp256k1Key
) -> None:
    """The owner's preferences and consents, signed, as the owner's commands would write them."""
    owner = owner_of(name)
    unsigned = [
        Consent(identity.channel, device, signal, 1, _FAR_S)
        for device in devices_of(home)
        for signal in (Signal.PRICE, *owner.signals)
    ]
    signed = [
        replace(each, signature=key.sign(consent_digest(identity.domain, each)))
        for each in unsigned
    ]
    (folder / ORDERS_FILE).write_bytes(write_orders(signed, ()))
    (folder / PREFERENCES_FILE).write_text(_FORMAT + owner.wishes)


def _at(day: date, clock: time) -> int:
    return int(datetime.combine(day, clock, ZoneInfo(ERCOT_ZONE)).timestamp())
