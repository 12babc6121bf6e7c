"""What a run is asked for is checked as a whole before anything starts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gridplus.demo.options import PAST_DAYS, DemoOptions
from gridplus.demo.street_data import home_series
from gridplus.failures import InputError
from gridplus.market import operating_day_bounds

DAY = date(2021, 3, 14)


def options(folder: Path) -> DemoOptions:
    return DemoOptions(DAY, 1, 2, 1, True, folder / "out")


def meter_file(folder: Path, *, spoil: int | None) -> Path:
    """Home 5 as its owner would export it, from a day too early on; row `spoil` is unreadable."""
    start_s = operating_day_bounds(DAY - timedelta(PAST_DAYS + 1))[0]
    end_s = operating_day_bounds(DAY)[1]
    load_wh, solar_wh = home_series(5).window(start_s, end_s)
    rows = ["interval_start_utc,import_wh,export_wh"]
    for i, (load, solar) in enumerate(zip(load_wh.tolist(), solar_wh.tolist(), strict=True)):
        at = datetime.fromtimestamp(start_s + i * 900, UTC)
        rows.append(f"{at:%Y-%m-%dT%H:%MZ},{'a lot' if i == spoil else load},{solar}")
    path = folder / "meter.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_meter_file_takes_the_first_homes_place(tmp_path: Path) -> None:
    asked = replace(options(tmp_path), meter=meter_file(tmp_path, spoil=None))
    window = operating_day_bounds(DAY)
    mine, bundled = asked.street["home-01"].window(*window), home_series(5).window(*window)
    assert all((m == b).all() for m, b in zip(mine, bundled, strict=True))
    assert asked.meter_faults == ()
    assert list(asked.street) == ["home-01", "home-02"]


def test_a_bad_row_that_is_not_needed_is_reported_and_the_good_rows_go_on(tmp_path: Path) -> None:
    asked = replace(options(tmp_path), meter=meter_file(tmp_path, spoil=3))
    (fault,) = asked.meter_faults
    assert "meter.csv" in fault
    assert "5" in fault
    assert "a lot" in fault


def test_a_bad_row_in_the_day_itself_is_refused_before_anything_starts(tmp_path: Path) -> None:
    rows = (PAST_DAYS + 1) * 96
    path = meter_file(tmp_path, spoil=rows + 40)
    with pytest.raises(InputError, match="has no data for 2021-03-14T16:00:00Z"):
        replace(options(tmp_path), meter=path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"days": 0}, "prices exist from"),
        ({"homes": 0}, "--homes is from 1 to 17"),
        ({"seed": -1}, "--seed"),
        ({"meter": Path("/nowhere.csv")}, "--meter: there is no file"),
    ],
)
def test_a_wrong_wish_is_refused(tmp_path: Path, change: dict[str, int], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        replace(options(tmp_path), **change)


@pytest.mark.parametrize("uri", ["nonsense", "http://127.0.0.1", "mqtt://", "mqtt://x:99999"])
def test_what_is_no_broker_is_refused_and_a_password_is_not_repeated(
    tmp_path: Path, uri: str
) -> None:
    replace(options(tmp_path), broker="mqtt://ann:geheim@127.0.0.1:1883")
    secret = uri.replace("//", "//ann:geheim@")
    for wrong in {uri, secret}:
        with pytest.raises(InputError, match="is no broker; write it like") as caught:
            replace(options(tmp_path), broker=wrong)
        assert "geheim" not in str(caught.value)
