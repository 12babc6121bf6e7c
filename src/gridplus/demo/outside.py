"""What comes from outside the street: ERCOT's prices, the wires company's reads, orders.

Each thing appears when it would: nothing that lies ahead of the clock is ever written.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from gridplus.demo.options import DemoOptions
from gridplus.demo.stage import Stage
from gridplus.demo.street import Resident
from gridplus.demo.street_data import day_ahead_prices
from gridplus.failures import RemoteError
from gridplus.market import PriceVersion, operating_day_bounds
from gridplus.market.prices import ERCOT_ZONE
from gridplus.tariff import format_octets
from gridplus.units import SETTLEMENT_INTERVAL_S

HISTORY_DAYS = 29
CORRECTED = ((17, 110), (18, 90), (19, 110), (20, 90))
"""Hours of the day, and the per cent of the posted price that is right."""
_ADMIN_TIMEOUT_S = 120


def bidding_closes_s(day: date) -> int:
    """10:00 local on the day before: the last moment to bid day-ahead (ERCOT Nodal Protocols,
    section 4.4). Seconds since 1970."""
    closes = datetime.combine(day - timedelta(1), time(10), ZoneInfo(ERCOT_ZONE))
    return int(closes.timestamp())


def deliver_history(stage: Stage, residents: Sequence[Resident], *, until_s: int) -> None:
    """The wires company's reads of each home up to `until_s`, as the back office imports them."""
    start_s = until_s - HISTORY_DAYS * 86_400
    for resident in residents:
        load_wh, solar_wh = resident.devices.metered_past(start_s, until_s)
        rows = ["start_s,load_wh,solar_wh"]
        rows += [
            f"{start_s + i * SETTLEMENT_INTERVAL_S},{load},{solar}"
            for i, (load, solar) in enumerate(zip(load_wh.tolist(), solar_wh.tolist(), strict=True))
        ]
        (stage.history / f"{resident.name}.csv").write_text("\n".join(rows) + "\n")


def deliver_day_ahead(stage: Stage, day: date) -> PriceVersion:
    """ERCOT posts the day-ahead prices of `day`."""
    prices = day_ahead_prices(day)
    _write_prices(stage, prices)
    return prices


def correct_day_ahead(stage: Stage, day: date) -> PriceVersion:
    """The market corrects four evening hours of a day that was billed, two up and two down by a
    tenth: an assumption of the demo, where real corrections of this curve are not known."""
    posted = day_ahead_prices(day)
    prices = list(posted.prices_ubolt_per_mwh)
    for hour, percent in CORRECTED:
        prices[hour] = prices[hour] * percent // 100
    right = replace(
        posted,
        version=posted.version + 1,
        known_at_s=stage.clock.now_s(),
        source=f"an assumed correction of: {posted.source}",
        prices_ubolt_per_mwh=tuple(prices),
    )
    path = stage.market / f"{day}-{right.market}-{right.version}.json"
    path.write_text(json.dumps(right.document()))
    return right


def order_restatement(stage: Stage, day: date) -> dict[str, Any]:
    """Tell the back office to restate what the corrected prices of `day` change."""
    return _order(stage, "restatements", said={"cause": "prices", "day": day.isoformat()})


def deliver_real_time(stage: Stage, options: DemoOptions, *, day: date) -> None:
    """The real-time prices of a day that is over, where the user has a file of them."""
    prices = options.real_time(day)
    if prices is not None:
        _write_prices(stage, prices)


def write_customers(stage: Stage, residents: Sequence[Resident]) -> None:
    """Whom the back office serves, and what stands in their homes."""
    customers = []
    for resident in residents:
        home = f"{resident.name}.toml"
        (stage.out / "retailer" / home).write_bytes((resident.folder / "home.toml").read_bytes())
        channel = format_octets(resident.identity.channel)
        customers.append({"name": resident.name, "channel": channel, "home": home})
    (stage.out / "retailer" / "customers.json").write_text(json.dumps(customers, indent=1))


def order(stage: Stage, what: str, *, day: date) -> dict[str, Any]:
    """Tell the back office that it is time for `what`: 'day-ahead' or 'close'."""
    return _order(stage, what, said={"day": day.isoformat()})


def ask(stage: Stage, said: dict[str, Any]) -> str:
    """Tell the back office to ask the street for less; the event's id."""
    return str(_order(stage, "asks", said=said)["event"])


def _order(stage: Stage, what: str, *, said: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = httpx.post(
            f"{stage.url('retailer')}/v1/admin/{what}",
            json=said,
            headers={"Authorization": f"Bearer {stage.token('retailer-admin')}"},
            timeout=_ADMIN_TIMEOUT_S,
            trust_env=False,
        )
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise RemoteError(f"the back office does not answer {what}: {error!r}") from None
    if answer.status_code != 200:
        why = found.get("error", found)
        raise RemoteError(f"the back office refuses {what}, {said}: {why}")
    return found


def day_start_s(day: date) -> int:
    """Local midnight, seconds since 1970."""
    return operating_day_bounds(day)[0]


def _write_prices(stage: Stage, prices: PriceVersion) -> None:
    path = stage.market / f"{prices.operating_day}-{prices.market}.json"
    path.write_text(json.dumps(prices.document()))
