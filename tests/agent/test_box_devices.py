"""What a box reads of its devices, and what it puts down for them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gridplus.agent.box_devices import BoxDevices
from gridplus.demo.options import bundled
from gridplus.failures import InputError
from gridplus.planner import Appliance, parse_home
from tests.hub.town import DAY

WASHER = Appliance("washer", energy_wh=1_200, run_min=60, from_min=9 * 60, until_min=17 * 60)
HOME = replace(parse_home(bundled("home.toml"), what="home.toml"), appliances=(WASHER,))


def devices(folder: Path, said: object) -> BoxDevices:
    (folder / "devices.json").write_text(json.dumps(said))
    return BoxDevices(folder, HOME, zone="America/Chicago")


def test_appliances_that_are_loaded_wait_for_the_plan(tmp_path: Path) -> None:
    day = DAY[0].start_s, DAY[-1].end_s
    loaded = devices(tmp_path, {"battery_wh": 5_000, "waiting": ["washer"]})
    assert loaded.standing(*day).waiting == {"washer"}
    assert devices(tmp_path, {"battery_wh": 5_000}).standing(*day).waiting == frozenset()
    with pytest.raises(InputError, match="waiting"):
        devices(tmp_path, {"battery_wh": 5_000, "waiting": "washer"}).standing(*day)


def test_the_appliance_that_begins_is_named_for_its_driver(tmp_path: Path) -> None:
    box = devices(tmp_path, {"battery_wh": 5_000})
    box.run({"washer": 300})
    box.tell(DAY[40], why={"appliances": "washer begins at 10:00: 4.1 ¢ now"})
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["take_wh"] == {"washer": 300}
    box.tell(DAY[41], why={})
    assert json.loads((tmp_path / "told.json").read_text())["take_wh"] == {}
