"""A home with everything, and what may lie ahead of it."""

from hypothesis import strategies as st

from gridplus.planner import (
    Ahead,
    Appliance,
    Band,
    Battery,
    Building,
    Car,
    Climate,
    Habit,
    Home,
    HotWater,
    Site,
    State,
    usual_stays,
)
from tests.planner.scene import ABOLT_PER_CENT_PER_KWH

START_S = 1_628_658_000
"""2021-08-11 00:00 in Houston."""
ZONE = "America/Chicago"
CELL = Battery(
    capacity_wh=6_400,
    power_w=5_000,
    charge_ppm=950_000,
    discharge_ppm=940_000,
    reserve_wh=640,
    wear_ubolt_per_mwh=10_000_000,
)
EVERY_DAY = frozenset(range(7))
OVERNIGHT = Habit(EVERY_DAY, 18 * 60, 7 * 60 + 30, 7 * 60, 20_000, 40_000)
CAR = Car(
    Battery(
        capacity_wh=60_000,
        power_w=7_200,
        charge_ppm=900_000,
        discharge_ppm=900_000,
        reserve_wh=10_000,
        wear_ubolt_per_mwh=30_000_000,
    ),
    least_charge_w=1_400,
    discharge_w=0,
    habits=(OVERNIGHT,),
)
CLIMATE = Climate(
    Building(loss_ppm=100_000, gain_mc=0, heat_mc_per_kwh=3_000, cool_mc_per_kwh=3_000),
    power_w=4_000,
    bands=(Band(0, 0, 20_000, 24_000),),
)
WATER = HotWater(
    capacity_wh=8_000,
    least_wh=2_000,
    power_w=2_000,
    gain_ppm=3_000_000,
    loss_w=40,
    draws_wh=(0,) * 6 + (500, 1_500, 1_000) + (100,) * 15,
)
WASHER = Appliance("washer", energy_wh=1_200, run_min=105, from_min=9 * 60, until_min=17 * 60)


def ahead(
    cents: list[tuple[int, int]],
    *,
    load_wh: int = 300,
    solar_wh: list[int] | None = None,
    outdoor_mc: int = 22_000,
    start_s: int = START_S,
) -> Ahead:
    """(import ¢/kWh, export ¢/kWh) for each interval of 15 minutes."""
    return Ahead(
        start_s,
        ZONE,
        [(a * ABOLT_PER_CENT_PER_KWH, b * ABOLT_PER_CENT_PER_KWH) for a, b in cents],
        [load_wh] * len(cents),
        solar_wh or [0] * len(cents),
        [outdoor_mc] * len(cents),
    )


def state_of(home: Home, coming: Ahead, *, waiting: bool = False) -> State:
    """Everything half full, the car as usual."""
    stays = ()
    if home.car is not None:
        stays = usual_stays(home.car, start_s=coming.start_s, end_s=coming.end_s, zone=coming.zone)
    names = frozenset(appliance.name for appliance in home.appliances) if waiting else frozenset()
    return State(3_200_000_000, stays, indoor_mc=22_000, water_wh=4_000, waiting=names)


@st.composite
def homes(draw: st.DrawFn) -> Home:
    """Any of the devices, and any connection."""
    car = draw(st.sampled_from([None, CAR, Car(CAR.battery, 1_400, 5_000, CAR.habits)]))
    climate = draw(st.sampled_from([None, CLIMATE]))
    water = draw(st.sampled_from([None, WATER]))
    washers = draw(st.sampled_from([(), (WASHER,)]))
    limits = st.sampled_from([None, 0, 900, 4_000, 9_000])
    site = Site(draw(limits), draw(limits), draw(st.booleans()))
    battery = draw(st.sampled_from([CELL, CELL, None]))
    if not (battery or car or climate or water or washers):
        battery = CELL
    return Home(battery, 3_200, True, car, climate, water, washers, site)


@st.composite
def days(draw: st.DrawFn) -> Ahead:
    """Up to a day, at any prices: inverted and negative ones too."""
    count = draw(st.sampled_from([1, 5, 24, 40, 96]))
    seed = draw(st.randoms(use_true_random=False))
    odd = draw(st.booleans())
    cents = []
    for _ in range(count):
        fed = seed.randrange(-5, 10) if odd else seed.randrange(0, 10)
        cents.append((fed + seed.randrange(-8 if odd else 0, 20), fed))
    coming = ahead(cents, outdoor_mc=seed.choice([-5_000, 15_000, 38_000]))
    loads = [seed.randrange(0, 1_200) for _ in cents]
    suns = [seed.choice([0, seed.randrange(1_500)]) for _ in cents]
    return Ahead(
        START_S + 3_600 * seed.randrange(24),
        ZONE,
        coming.prices,
        loads,
        suns,
        coming.outdoor_mc,
    )
