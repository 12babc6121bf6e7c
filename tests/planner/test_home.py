import pytest

from gridplus.failures import InputError
from gridplus.planner import Site, Wish, parse_home

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
    assert home.require_battery().capacity_wh == 6_400
    assert home.require_battery().wear_ubolt_per_mwh == 20_000_000


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("/1", "/2", "format is 'gridplus.home/2'; write format = \"gridplus.home/1\""),
        ("true", '"yes"', "solar is 'yes'; write true or false"),
        ("solar = true", "", "solar is None"),
        ("= 948683", "= 1000001", "line 9, charge_ppm is from 1 to 1000000"),
        ("= 6400", "= 6.4", "capacity_wh is 6.4; write a whole number"),
        ("= 6400", "= true", "capacity_wh is True; write a whole number"),
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


def test_a_home_without_a_device_or_in_no_text_is_refused() -> None:
    with pytest.raises(InputError, match=r"there is no device to plan"):
        parse_home(FILE.split("[battery]")[0].encode(), what="home.toml")
    with pytest.raises(InputError, match=r"home\.toml is not TOML"):
        parse_home(b"\xff", what="home.toml")
    with pytest.raises(InputError, match=r"home\.toml: has more than 65536 bytes"):
        parse_home(b"#" * 65_537, what="home.toml")


FULL = """format = "gridplus.home/1"
solar = true
end_of_day_wh = 1600
order = ["comfort", "car"]
[battery]
capacity_wh = 6400
power_w = 5000
charge_ppm = 948683
discharge_ppm = 948683
reserve_wh = 640
wear_ubolt_per_mwh = 20000000
[car]
capacity_wh = 60000
power_w = 7200
charge_ppm = 900000
discharge_ppm = 900000
reserve_wh = 10000
wear_ubolt_per_mwh = 30000000
least_charge_w = 1400
[[car.stays]]
days = "weekdays"
from = "18:00"
until = "07:30"
ready_by = "07:00"
arrives_with_wh = 20000
ready_with_wh = 45000
[[car.stays]]
days = ["saturday", "sunday"]
from = "12:00"
until = "10:00"
arrives_with_wh = 20000
ready_with_wh = 45000
[climate]
power_w = 4000
loss_ppm = 100000
gain_c = 0.5
heat_c_per_kwh = 3
cool_c_per_kwh = 3.25
[[climate.comfort]]
hours = "06:00-22:00"
low_c = 20.5
high_c = 24
[[climate.comfort]]
hours = "22:00-06:00"
low_c = 18
high_c = 25
[water]
capacity_wh = 8000
least_wh = 2000
power_w = 2000
gain_ppm = 3000000
loss_w = 40
draws_wh = [0,0,0,0,0,0,500,1500,1000,0,0,0,0,0,0,0,0,0,500,500,0,0,0,0]
[[appliances]]
name = "washer"
energy_wh = 1200
run_min = 105
window = "09:00-17:00"
[[appliances]]
name = "dryer"
energy_wh = 2200
run_min = 60
window = "18:00-06:00"
[site]
import_w = 9000
curtail = true
"""


def test_every_device_is_read_from_its_table() -> None:
    home = parse_home(FULL.encode(), what="home.toml")
    assert home.order[:3] == (Wish.COMFORT, Wish.CAR, Wish.RESERVE)
    assert home.car is not None
    assert [sorted(habit.days) for habit in home.car.habits] == [[0, 1, 2, 3, 4], [5, 6]]
    assert home.car.habits[1].ready_min == 10 * 60
    assert home.climate is not None
    assert home.climate.building.cool_mc_per_kwh == 3_250
    assert [home.climate.band_at(minute).low_mc for minute in (0, 720)] == [18_000, 20_500]
    assert home.water is not None
    assert home.water.draws_wh[7] == 1_500
    assert [appliance.run_min for appliance in home.appliances] == [105, 60]
    assert home.site == Site(9_000, None, curtail=True)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("= 1600", "= 600", "line 3, end_of_day_wh is 600, which contradicts line 10, reserve_wh"),
        ("reserve_wh = 640", "reserve_wh = 6400", "line 10, reserve_wh is 6400.*line 6, capacity"),
        ("= 1400", "= 8000", "line 19, least_charge_w is 8000.*line 14, power_w = 7200"),
        ('= "07:00"', '= "08:00"', "line 24, ready_by is 08:00.*line 23, until = 07:30"),
        ("= 45000", "= 61000", "line 26, ready_with_wh is 61000.*line 13, capacity_wh = 60000"),
        ('"saturday"', '"friday"', "line 29, from is 12:00.*line 22, from = 18:00; the car cannot"),
        ("low_c = 20.5", "low_c = 24.5", "line 41, low_c is 24.5.*line 42, high_c = 24"),
        ('"22:00-06:00"', '"21:00-06:00"', "line 44, hours is 21:00-06:00.*line 40, hours = 06:00"),
        ("least_wh = 2000", "least_wh = 9000", "line 49, least_wh is 9000.*line 48, capacity_wh"),
        (
            "run_min = 105",
            "run_min = 500",
            "line 57, run_min is 500.*line 58, window = 09:00-17:00",
        ),
        ('"dryer"', '"washer"', "line 60, name is washer.*line 55, name = washer"),
        ("solar = true", "solar = false", "line 66, curtail is True.*line 2, solar = False"),
    ],
)
def test_a_contradiction_is_refused_with_both_lines(before: str, after: str, sentence: str) -> None:
    assert before in FULL
    with pytest.raises(InputError, match=rf"^home\.toml: {sentence}"):
        parse_home(FULL.replace(before, after, 1).encode(), what="home.toml")


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('days = "weekdays"', "days = 5", "line 21, days is 5; write 'every day'"),
        ('= "18:00"', '= "25:00"', "line 22, from is '25:00'; write a time of day"),
        ('= "18:00"', "= 18", "line 22, from is 18; write a time of day"),
        ("gain_c = 0.5", "gain_c = nan", "line 36, gain_c is NaN; write degrees Celsius"),
        ("gain_c = 0.5", "gain_c = true", "line 36, gain_c is True; write a number of degrees"),
        ("= 3.25", "= 3.2505", "line 38, cool_c_per_kwh is 3.2505; write degrees"),
        ('"06:00-22:00"', '"06:00"', "line 40, hours is '06:00'; write a span"),
        ("loss_ppm = 100000", "loss_ppm = 0", "line 35, loss_ppm is from 1 to 1000000"),
        ("500,1500", "500.5,1500", "line 53, draws_wh is not a list of 24 whole numbers"),
        ("[0,0,0", "[0,0", "line 53, draws_wh has one number for each hour"),
        ('"comfort", ', '"warmth", ', "line 4, order is .*known wishes are reserve, car"),
        ('"comfort", ', '"car", ', "line 4, order names a wish twice"),
        ("import_w = 9000", "import_w = -1", "line 65, import_w is from 0"),
        ("import_w = 9000", "import_kw = 9", "line 65, import_kw is not known"),
        ("[site]", "[[site]]", "line 64, site is .*write a .site. table"),
        ('name = "washer"', "name = 3", "line 55, name is 3; write a short text"),
    ],
)
def test_a_field_that_cannot_be_is_refused_with_its_line(
    before: str, after: str, sentence: str
) -> None:
    assert before in FULL
    with pytest.raises(InputError, match=rf"^home\.toml: {sentence}"):
        parse_home(FULL.replace(before, after, 1).encode(), what="home.toml")
