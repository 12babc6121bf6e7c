"""`gridplus plan --home`: what it plans, what it prints, and what it says of bad files."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gridplus.cli.home_plan import Files, plan_from_files
from gridplus.cli.home_plot import draw
from gridplus.cli.home_report import plan_document, plan_text
from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.planner import Source, Wish
from gridplus.units import format_utc
from tests.cli.test_commands import gridplus
from tests.tariff.examples import PLAN_FILE, SPRING

EXAMPLE = Path(__file__).parents[2] / "examples" / "home"
GIVEN = Files(
    home=EXAMPLE / "home.toml",
    load=EXAMPLE / "load.csv",
    prices=EXAMPLE / "prices.csv",
    solar=EXAMPLE / "solar.csv",
    weather=EXAMPLE / "weather.csv",
)
BATTERY_ALONE = """format = "gridplus.home/1"
solar = true
end_of_day_wh = 3200
[battery]
capacity_wh = 6400
power_w = 5000
charge_ppm = 948683
discharge_ppm = 948683
reserve_wh = 640
wear_ubolt_per_mwh = 10_000_000
"""


def rows(head: str, day: date, *, value: str = "0.1") -> str:
    hours = operating_day_intervals(day, length_s=3_600)
    return f"interval_start_utc,{head}\n" + "".join(
        f"{format_utc(hour.start)},{value}\n" for hour in hours
    )


def test_the_example_is_planned_with_prices_reasons_and_a_picture(tmp_path: Path) -> None:
    options = [f"--{name}={EXAMPLE / name}.csv" for name in ("prices", "load", "solar", "weather")]
    home, picture = f"--home={EXAMPLE / 'home.toml'}", tmp_path / "plan.png"
    run = gridplus("plan", home, *options, f"--plot={picture}")
    assert run.returncode == 0, run.stderr
    assert "planned for least cost" in run.stdout
    assert "undone: " not in run.stdout
    assert "charging the car at 02:00: 7.3 ¢ now, 7.9 ¢ at 07:00" in run.stdout
    assert "washing machine begins at" in run.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_every_figure_is_in_the_document() -> None:
    planned = plan_from_files(GIVEN)
    document = json.loads(json.dumps(plan_document(planned)))
    assert document["source"] == "OPTIMAL"
    assert document["cost_ubolt"] < document["without_a_plan_ubolt"]
    assert len(document["intervals"]) == 96
    first = document["intervals"][0]
    assert first["start"] == "2021-08-11T05:00:00Z"
    assert first["import_abolt_per_wh"] == "76633000000000"
    assert first["battery_level"] == 3_200_000_000
    assert len(first["why"]) == 4


def test_a_tariff_plan_prices_and_bills_it() -> None:
    planned = plan_from_files(replace(GIVEN, terms=PLAN_FILE, prices=None, hours=19))
    assert planned.billed_ubolt is not None
    charged, credited = planned.billed_ubolt
    assert charged > 2_000_000
    assert credited > 0
    assert "the bill of it: " in plan_text(planned)


def test_a_load_that_ends_where_the_plan_begins_is_a_past(tmp_path: Path) -> None:
    home, load, prices = (tmp_path / name for name in ("home.toml", "load.csv", "prices.csv"))
    home.write_text(BATTERY_ALONE)
    days = [SPRING - timedelta(at) for at in (3, 2, 1)]
    hours = [hour for day in days for hour in operating_day_intervals(day, length_s=3_600)]
    load.write_text(
        "interval_start_utc,load kWh\n"
        + "".join(f"{format_utc(hour.start)},{at % 24}\n" for at, hour in enumerate(hours))
    )
    prices.write_text(rows("import $/kWh", SPRING))
    planned = plan_from_files(Files(home, load, prices, hours=23))
    assert [planned.ahead.load_wh[4 * hour] for hour in (1, 10, 20)] == [225, 2_250, 4_500]


def test_where_devices_stand_is_taken_from_now(tmp_path: Path) -> None:
    said = ("battery_wh=640", "indoor_c=21.5", "water_wh=3000", "car_wh=44000")
    planned = plan_from_files(replace(GIVEN, now=said))
    first = {track.device: track.moves[0].level for track in reversed(planned.plan.tracks)}
    assert first["battery"] == 640_000_000
    assert 21_000_000 < first["climate"] < 22_000_000
    car = planned.plan.move("car", 0)
    assert car is not None
    assert car.level == 44_000_000_000
    for text in ("battery=1", "battery_wh", "indoor_c=nan", "battery_wh=7000"):
        with pytest.raises(InputError, match=r"--now|holds 7000000000"):
            plan_from_files(replace(GIVEN, now=(text,)))


def test_the_day_of_a_clock_change_has_23_hours(tmp_path: Path) -> None:
    home, load, prices = (tmp_path / name for name in ("home.toml", "load.csv", "prices.csv"))
    home.write_text(BATTERY_ALONE)
    load.write_text(rows("load kWh", SPRING))
    prices.write_text(rows("import $/kWh", SPRING))
    planned = plan_from_files(Files(home, load, prices, hours=23))
    assert planned.labels[7:9] == ["01:45", "03:00"]
    assert planned.labels[-1] == "23:45"
    with pytest.raises(InputError, match=r"load.csv: nothing for 2021-03-15T05:00:00Z and 3 more"):
        plan_from_files(Files(home, load, prices, hours=24))


def test_a_bad_row_is_named_and_left_out_and_a_hole_is_refused(tmp_path: Path) -> None:
    home, load, prices = (tmp_path / name for name in ("home.toml", "load.csv", "prices.csv"))
    home.write_text(BATTERY_ALONE)
    good = rows("load kWh", SPRING)
    load.write_text(good + "2021-03-14T06:00,1\n2021-03-15T06:00Z,nan\n2021-03-15T07:00Z,-1\n")
    prices.write_text(rows("import $/kWh", SPRING) + "2021-03-15T06:00Z,inf\n")
    run = gridplus("plan", "--home", home, "--load", load, "--prices", prices, "--hours", "23")
    assert run.returncode == 1
    assert "planned for least cost" in run.stdout
    said = run.stderr.splitlines()
    assert len(said) == 4
    assert "load.csv, line 25: " in said[0]
    assert "'nan' is not a number" in said[1]
    assert "is below zero" in said[2]
    assert "prices.csv, line 25" in said[3]
    load.write_text(good.replace("2021-03-14T06:00:00Z,0.1\n", "2021-03-14T06:00:00Z,x\n"))
    with pytest.raises(InputError, match=r"nothing for 2021-03-14T06:00:00Z and 3 more of 92"):
        plan_from_files(Files(home, load, prices, hours=23, begins="2021-03-14T06:00Z"))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "prices.csv",
            "interval_start_utc,price\n2021-03-14T06:00Z,1\n",
            "price columns for import",
        ),
        ("prices.csv", rows("import $/kWh", SPRING, value="99"), "has no good row"),
        ("load.csv", "interval_start_utc,load\n2021-03-14T06:00Z,1\n", "ends with Wh or kWh"),
        ("load.csv", "interval_start_utc,load kWh\n2021-03-14T06:00Z,1\n", "rows are 0 s apart"),
        ("load.csv", "", "is empty"),
        ("home.toml", BATTERY_ALONE.replace("3200", "32000"), "line 3, .*contradicts line 5"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_file(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    home, load, prices = (tmp_path / each for each in ("home.toml", "load.csv", "prices.csv"))
    home.write_text(BATTERY_ALONE)
    load.write_text(rows("load kWh", SPRING))
    prices.write_text(rows("import $/kWh", SPRING))
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=rf"{name}.*{sentence}"):
        plan_from_files(Files(home, load, prices, hours=23))


def test_a_home_is_planned_only_with_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="indoor and outdoor"):
        plan_from_files(replace(GIVEN, weather=None))
    with pytest.raises(InputError, match="give --prices"):
        plan_from_files(replace(GIVEN, prices=None))
    planned = plan_from_files(GIVEN)
    with pytest.raises(InputError, match=r"ends with \.png, \.svg, \.pdf"):
        draw(planned, tmp_path / "plan.gif")
    alone = gridplus("plan", "--home", GIVEN.home)
    assert alone.returncode == 1
    assert "needs --home and --load" in alone.stderr
    assert "Plan a home's devices" in gridplus("plan").stdout


def test_contradictory_wishes_end_in_a_plan_that_says_what_is_undone(tmp_path: Path) -> None:
    text = (EXAMPLE / "home.toml").read_text()
    narrow = tmp_path / "narrow.toml"
    narrow.write_text(text.replace("import_w = 9600", "import_w = 3000"))
    planned = plan_from_files(replace(GIVEN, home=narrow))
    assert planned.plan.source is Source.OPTIMAL
    assert {unmet.wish for unmet in planned.plan.unmet} == {Wish.CAR}
    assert "undone: car: " in plan_text(planned)


def test_a_hole_is_told_with_the_bad_row_that_made_it(tmp_path: Path) -> None:
    home, load, prices = (tmp_path / name for name in ("home.toml", "load.csv", "prices.csv"))
    home.write_text(BATTERY_ALONE)
    load.write_text(rows("load kWh", SPRING))
    lines = rows("import $/kWh", SPRING).splitlines()
    lines[4] = lines[4].partition(",")[0] + ",NaN"
    prices.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError) as refused:
        plan_from_files(Files(home, load, prices, hours=23))
    row, hole = str(refused.value).splitlines()
    assert row.startswith(f"{prices}, line 5: 'NaN' is not a decimal number")
    assert hole.startswith("prices: nothing for ")
