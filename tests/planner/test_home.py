import pytest

from gridplus.failures import InputError
from gridplus.planner import parse_home

FILE = """
format = "gridplus.home/1"
solar = true
end_of_day_wh = 1600

[battery]
capacity_wh = 6400
power_w = 5000
charge_ppm = 948683
discharge_ppm = 948683
reserve_wh = 640
wear_ubolt_per_mwh = 20000000
"""


def test_a_home_is_read_from_its_file() -> None:
    home = parse_home(FILE.encode(), what="home.toml")
    assert home.solar
    assert home.end_of_day_wh == 1_600
    assert home.battery.capacity_wh == 6_400
    assert home.battery.wear_ubolt_per_mwh == 20_000_000


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("/1", "/2", "format is 'gridplus.home/2'; write format = \"gridplus.home/1\""),
        ("true", '"yes"', "solar is 'yes'; write true or false"),
        ("solar = true", "", "solar is None"),
        ("= 1600", "= 1600.5", "end_of_day_wh is 1600.5; write a whole number"),
        ("= 1600", "= 600", r"between the battery's reserve_wh \(640\) and capacity_wh \(6400\)"),
        ("= 1600", "= 6401", "end_of_day_wh is 6401"),
        ("power_w = 5000", "", "power_w is missing"),
        ("power_w", "power_kw", "power_kw is not known"),
        ("solar", "sun", "sun is not known"),
        ("[battery]", "[batteries]", "batteries is not known"),
        ("[battery]", "battery = 1\n[x]", "x is not known"),
        ("= true", "= tru", "is not TOML"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_the_place(
    before: str, after: str, sentence: str
) -> None:
    assert before in FILE
    with pytest.raises(InputError, match=rf"^home\.toml.*{sentence}"):
        parse_home(FILE.replace(before, after).encode(), what="home.toml")


def test_a_home_without_a_battery_table_or_in_no_text_is_refused() -> None:
    with pytest.raises(InputError, match=r"there is no \[battery\] table"):
        parse_home(FILE.split("[battery]")[0].encode(), what="home.toml")
    with pytest.raises(InputError, match=r"home\.toml is not TOML"):
        parse_home(b"\xff", what="home.toml")
