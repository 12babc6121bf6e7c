import json
from datetime import date
from pathlib import Path

import pytest

from gridplus.digest import canonical_json
from gridplus.failures import GridPlusError, InputError, StorageError
from gridplus.retailer.customers import load_customers
from gridplus.retailer.errors import PricesNotPostedError
from gridplus.retailer.history import parse_history
from gridplus.retailer.market_folder import MarketFolder
from tests.retailer.ground import HOME_TOML
from tests.tariff.examples import PLAIN, SPRING, prices_of

NOON_S = 1_615_744_800
HEADER = "start_s,load_wh,solar_wh\n"
CHANNEL = f"0x{7:064x}"


def rows(*values: tuple[int, int, int]) -> bytes:
    """(quarters before noon, load, solar)."""
    lines = (f"{NOON_S - 900 * back},{load},{solar}" for back, load, solar in values)
    return (HEADER + "\n".join(lines)).encode()


def test_a_past_ends_with_its_newest_row_that_was_over_in_time() -> None:
    data = rows((3, 100, 1), (2, 200, 2), (1, 300, 3), (0, 9_999, 9), (-1, 9_999, 9))
    past = parse_history(data, what="h.csv", until_s=NOON_S)
    assert past.load_wh.tolist() == [100, 200, 300]
    assert past.solar_wh.tolist() == [1, 2, 3]
    assert (past.end_s, past.faults) == (NOON_S, ())


def test_what_is_missing_is_taken_from_the_day_before_and_said() -> None:
    data = rows((99, 70, 7), (98, 80, 8), (3, 100, 1), (1, 300, 3))
    past = parse_history(data, what="h.csv", until_s=NOON_S)
    assert past.load_wh.tolist() == [70, 80, *[0] * 94, 100, 80, 300]
    (fault,) = past.faults
    assert fault == (
        "h.csv: 95 intervals from 2021-03-13T17:45:00Z on are missing; the day before stands"
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1615743900,12", "2 fields instead of 3"),
        ("1615743900,-4,0", "load_wh is '-4', not a whole number"),
        ("1615743900,12,1e3", "solar_wh is '1e3', not a whole number"),
        ("1615743901,12,0", "must be a multiple of its length"),
        ("1615743900,24001,0", "more than 24000 Wh"),
        ("1615743000,1,1", "line 3 has the same start; neither is used"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_left_out(row: str, why: str) -> None:
    data = rows((3, 100, 1), (2, 200, 2)) + f"\n{row}\n".encode()
    past = parse_history(data, what="h.csv", until_s=NOON_S)
    assert past.faults[0].startswith("h.csv, line 4: ")
    assert why in past.faults[0]
    assert past.load_wh.tolist()[:1] == [100]


def test_a_home_without_rows_has_no_past() -> None:
    past = parse_history(HEADER.encode(), what="h.csv", until_s=NOON_S)
    assert (len(past.load_wh), past.end_s) == (0, NOON_S)


@pytest.mark.parametrize("data", [b"", b"start,load,solar\n1,2,3", b"\xff\xfe", b'start_s,"'])
def test_a_file_that_is_no_such_table_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^h\.csv "):
        parse_history(data, what="h.csv", until_s=NOON_S)


def write_customers(folder: Path, *customers: dict[str, object]) -> Path:
    (folder / "home.toml").write_text(HOME_TOML)
    path = folder / "customers.json"
    path.write_text(json.dumps(customers))
    return path


def customer(**changes: object) -> dict[str, object]:
    return {"name": "home-01", "channel": CHANNEL, "home": "home.toml", **changes}


def test_customers_are_read_with_their_homes(tmp_path: Path) -> None:
    (found,) = load_customers(write_customers(tmp_path, customer()))
    assert (found.name, found.channel) == ("home-01", bytes(31) + b"\x07")
    assert found.home().battery.capacity_wh == 10_000


@pytest.mark.parametrize(
    ("changes", "error", "why"),
    [
        ({"name": "../home"}, InputError, r"customers\[0\].name: is '../home'"),
        ({"channel": "0x07"}, InputError, r"customers\[0\].channel: must be 32 bytes"),
        ({"colour": "red"}, InputError, "colour: is not a known key"),
        ({"home": "absent.toml"}, StorageError, "absent.toml cannot be read"),
    ],
)
def test_a_customer_that_makes_no_sense_is_named(
    tmp_path: Path, changes: dict[str, object], error: type[GridPlusError], why: str
) -> None:
    with pytest.raises(error, match=why):
        [found.home() for found in load_customers(write_customers(tmp_path, customer(**changes)))]


@pytest.mark.parametrize(
    ("twin", "why"),
    [
        ({"channel": f"0x{8:064x}"}, "the name home-01 stands twice"),
        ({"name": "home-02"}, "the channel 0x0+7 stands twice"),
    ],
)
def test_no_two_customers_share_a_name_or_a_channel(
    tmp_path: Path, twin: dict[str, object], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        load_customers(write_customers(tmp_path, customer(), customer(**twin)))


@pytest.fixture
def folder(tmp_path: Path) -> MarketFolder:
    for day in (SPRING, PLAIN):
        document = prices_of(day).document()
        (tmp_path / f"{day}-DAM.json").write_bytes(canonical_json(document))
    (tmp_path / "notes-DAM.json").write_text("not a day")
    return MarketFolder(tmp_path, settlement_point="LZ_HOUSTON")


def test_prices_are_there_from_their_posting_on(folder: MarketFolder) -> None:
    prices = prices_of(SPRING)
    assert folder.day_ahead(SPRING, now_s=prices.known_at_s) == prices
    with pytest.raises(PricesNotPostedError, match="are posted at 2021-03-13T19:30:00Z"):
        folder.day_ahead(SPRING, now_s=prices.known_at_s - 1)
    with pytest.raises(PricesNotPostedError, match=r"2021-01-01-DAM\.json is not there yet"):
        folder.day_ahead(date(2021, 1, 1), now_s=prices.known_at_s)
    assert folder.real_time(SPRING) is None


def test_a_planner_knows_only_what_was_posted_before(folder: MarketFolder) -> None:
    spring, summer = prices_of(SPRING), prices_of(PLAIN)
    later_s = summer.known_at_s
    assert folder.newest_day_ahead(before=date.max, at_s=later_s) == summer
    assert folder.newest_day_ahead(before=date.max, at_s=later_s - 1) == spring
    assert folder.newest_day_ahead(before=PLAIN, at_s=later_s) == spring
    assert folder.newest_day_ahead(before=SPRING, at_s=later_s) is None


def test_prices_of_another_day_market_or_place_are_refused(
    folder: MarketFolder, tmp_path: Path
) -> None:
    other_day = tmp_path / f"{date(2021, 7, 5)}-DAM.json"
    other_day.write_bytes(canonical_json(prices_of(PLAIN).document()))
    with pytest.raises(InputError, match=r"2021-07-05-DAM\.json holds LZ_HOUSTON DAM final prices"):
        folder.day_ahead(date(2021, 7, 5), now_s=1 << 32)
    (tmp_path / f"{PLAIN}-RTM.json").write_bytes(canonical_json(prices_of(PLAIN).document()))
    with pytest.raises(InputError, match="final RTM prices of 2021-07-04 at LZ_HOUSTON belong"):
        folder.real_time(PLAIN)
    elsewhere = MarketFolder(tmp_path, settlement_point="LZ_WEST")
    with pytest.raises(InputError, match="at LZ_WEST belong there"):
        elsewhere.day_ahead(PLAIN, now_s=1 << 32)
