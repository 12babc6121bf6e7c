"""What a hub tells those who operate it: money at risk, refusals by name, how long answers take."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from gridplus.cli.hub import command
from gridplus.demo.processes import start_service
from gridplus.wire import OpenChannel, SubmitRead
from tests.hub.process import make_hub_folder
from tests.hub.test_http import BACK_OFFICE, Door, hub_door
from tests.hub.town import START_S, Town


async def standing(door: Door) -> dict[str, Any]:
    answer = await door.client.get("/v1/admin/status", headers=BACK_OFFICE)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def metrics(door: Door) -> dict[str, float]:
    answer = await door.client.get("/metrics", headers=BACK_OFFICE)
    assert answer.headers["content-type"].startswith("text/plain")
    rows = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (row.rsplit(" ", 1) for row in rows)}


async def test_money_is_unsigned_then_unclaimed_then_on_chain(town: Town, tmp_path: Path) -> None:
    house, idle = town.move_in(2)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        await door.open(idle)
        offer = await door.bill(house)
        owed = offer.statement.spent_ubolt
        before = await standing(door)
        assert (before["unsigned"], before["largest_unsigned"]) == (owed, owed)
        assert (before["unclaimed"], before["oldest_unclaimed_s"]) == (0, START_S)
        await door.pay(house, offer)
        paid = await standing(door)
        assert (paid["unsigned"], paid["unclaimed"]) == (0, owed)
        await door.client.post("/v1/admin/claims", headers=BACK_OFFICE)
        claimed = await standing(door)
        assert (claimed["unclaimed"], claimed["oldest_unclaimed_s"]) == (0, None)
        assert (claimed["homes"], claimed["leaving"], claimed["faults"]) == (2, 0, {})


async def test_answers_are_timed_and_refusals_counted_by_name(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        await door.pay(house, await door.bill(house))
        read = SubmitRead(house.sign(house.reads[0], channel=house.channel))
        stranger = SubmitRead(house.sign(house.reads[0], channel=type(house.channel)(bytes(32))))
        for content in (read.to_bytes(), stranger.to_bytes(), stranger.to_bytes(), b"{"):
            await door.client.post("/v1/reads", content=content)
        found = await metrics(door)
    assert found['gridplus_hub_answer_seconds_count{request="read"}'] == 5
    assert found['gridplus_hub_answer_seconds_count{request="voucher"}'] == 1
    assert found['gridplus_hub_refusals_total{name="UNKNOWN_CHANNEL"}'] == 2
    assert found["gridplus_hub_homes"] == 1
    assert found["gridplus_hub_waiting"] == 0


@pytest.mark.parametrize("path", ["/metrics", "/v1/admin/status"])
async def test_how_a_hub_stands_is_for_its_administrator(
    town: Town, tmp_path: Path, path: str
) -> None:
    async with hub_door(town, tmp_path) as door:
        assert (await door.client.get(path)).status_code == 401


def test_an_operator_asks_in_words_and_claims(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    config = make_hub_folder(town, tmp_path / "hub")
    service = start_service("hub", ["hub", "serve", "--config", str(config)], log=tmp_path / "log")
    try:
        opening = OpenChannel(house.identity).to_bytes()
        assert httpx.post(f"{service.url}/v1/channels", content=opening).status_code == 200
        asked = ["--config", str(config), "--url", service.url]
        said = CliRunner().invoke(command, ["status", *asked])
        assert said.stdout.startswith("1 home, 0 leaving, 0 get nothing more\n0.000000 BOLT")
        assert isinstance(said.exception, Exception), "no retailer answers this hub"
        assert re.search("not all is well with the hub: retailer", str(said.exception))
        told = CliRunner().invoke(command, ["status", *asked, "--json"])
        assert json.loads(told.stdout)["homes"] == 1
        done = CliRunner().invoke(command, ["claim", *asked])
        assert done.stdout.startswith("nothing is due")
    finally:
        service.stop()
    gone = CliRunner().invoke(command, ["status", *asked])
    assert "does not answer /v1/admin/status" in str(gone.exception)
