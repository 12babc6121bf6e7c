"""A retailer with one home in which nobody lives yet: for whoever writes a client of their own.

Chain, back office and hub run as in the demo; the day's prices are published and its evening has
come, so that every interval of the day can be read, billed and paid.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gridplus.demo import outside
from gridplus.demo.founding import DepositOrder, Founder, make_role_keys
from gridplus.demo.options import DemoOptions, street_terms
from gridplus.demo.stage import Stage
from gridplus.demo.street import Resident, Start, make_resident
from gridplus.market import operating_day_bounds
from gridplus.wire import OpenChannel

DAY = date(2021, 8, 11)
_FOUNDING_S = 15 * 3_600


@dataclass(frozen=True, slots=True)
class Sandbox:
    """`home` holds `open-channel.json` and the keys `agent-keys/device.pem`, `voucher.pem`."""

    stage: Stage
    resident: Resident

    @property
    def home(self) -> Path:
        return self.resident.folder

    def described(self) -> str:
        """One JSON line: where everything is."""
        urls = {name: self.stage.url(name) for name in ("chain", "retailer", "hub")}
        first_s = operating_day_bounds(DAY)[0]
        return json.dumps({"ready": "sandbox", **urls, "home": str(self.home), "start_s": first_s})


@contextmanager
def sandbox(out: Path, *, seed: int) -> Iterator[Sandbox]:
    """Found everything under `out`; on return all services have ended."""
    options = DemoOptions(DAY, days=1, homes=1, seed=seed, fast=True, out=out)
    terms = street_terms()
    stage = Stage(options, terms)
    try:
        closes_s, start_s = outside.bidding_closes_s(DAY), outside.day_start_s(DAY)
        stage.set_clock(start_s - _FOUNDING_S)
        keys = make_role_keys(stage.out / "keys", seed)
        with stage.start_chain(keys) as chain:
            founder = Founder(chain, keys, terms=terms)
            deployment = founder.deploy()
            founder.fund_pool(deployment)
            (name, series), now_s = next(iter(options.street.items())), stage.clock.now_s()
            resident = make_resident(
                name,
                series,
                folder=stage.out / "homes" / name,
                deployment=deployment,
                start=Start(now_s, seed, terms.daily_cap_bolt),
            )
            order = DepositOrder(resident.identity, resident.owner, 0, terms.deposit_ubolt)
            founder.deposit(deployment, [order], now_s=now_s)
            message = OpenChannel(resident.identity).to_bytes()
            (resident.folder / "open-channel.json").write_bytes(message)
            outside.write_customers(stage, [resident])
            stage.start_retailer(deployment)
            stage.start_hub()
            stage.set_clock(closes_s)
            resident.devices.rest_until(closes_s)
            outside.deliver_history(stage, [resident], until_s=closes_s)
            stage.set_clock(start_s)
            outside.deliver_day_ahead(stage, DAY)
            outside.order(stage, "day-ahead", day=DAY)
            stage.set_clock(operating_day_bounds(DAY)[1])
            yield Sandbox(stage, resident)
    finally:
        stage.close()
