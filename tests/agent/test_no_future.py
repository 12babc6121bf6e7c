"""The agent that is shipped decides from what its home has lived through, and from nothing else."""

from dataclasses import replace
from pathlib import Path

from gridplus.demo.device import DeviceState, SimulatedHome
from gridplus.demo.options import bundled
from gridplus.demo.street import SimulatedDevices
from gridplus.demo.street_data import HomeSeries, home_series
from gridplus.planner import UWH_PER_WH, Rule, parse_home
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval
from tests.agent.box import agent_box
from tests.hub.town import START_S, Town

NOW_S = START_S + 37 * SETTLEMENT_INTERVAL_S
ABSURD_WH = 10**9


def poisoned(series: HomeSeries, from_s: int) -> HomeSeries:
    """The same home, with absurd load and solar from `from_s` on."""
    place = (from_s - series.start_s) // SETTLEMENT_INTERVAL_S
    load_wh, solar_wh = series.load_wh.copy(), series.solar_wh.copy()
    load_wh[place:], solar_wh[place:] = ABSURD_WH, 0
    return replace(series, load_wh=load_wh, solar_wh=solar_wh)


async def decision(town: Town, folder: Path, series: HomeSeries) -> Rule:
    """What the agent tells a half full battery at `NOW_S`, with the rest of the day ahead."""
    folder.mkdir()
    home = parse_home(bundled("home.toml"), what="home.toml")
    state = DeviceState(NOW_S, stored_uwh=home.end_of_day_wh * UWH_PER_WH)
    devices = SimulatedDevices(SimulatedHome(series, home, state=state))
    async with agent_box(town, folder, devices=devices) as box:
        return box.agent.decide(Interval(NOW_S, SETTLEMENT_INTERVAL_S))


async def test_a_poisoned_future_changes_no_decision_and_a_poisoned_past_does(
    town: Town, tmp_path: Path
) -> None:
    """I-EN-3."""
    series = home_series(3)
    expected = await decision(town, tmp_path / "plain", series)
    assert await decision(town, tmp_path / "future", poisoned(series, NOW_S)) == expected
    earlier_s = NOW_S - 86_400
    assert await decision(town, tmp_path / "past", poisoned(series, earlier_s)) != expected
