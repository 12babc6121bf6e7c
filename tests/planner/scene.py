"""Batteries and outlooks to plan for: a plain one, and any at all."""

from hypothesis import strategies as st

from gridplus.planner import Battery, Outlook

ABOLT_PER_CENT_PER_KWH = 10**13
PLAIN = Battery(
    capacity_wh=6_400,
    power_w=5_000,
    charge_ppm=950_000,
    discharge_ppm=940_000,
    reserve_wh=640,
    wear_ubolt_per_mwh=20_000_000,
)
FULL_UWH, EMPTY_UWH = PLAIN.capacity_uwh, PLAIN.reserve_uwh


def outlook(*intervals: tuple[int, int, int]) -> Outlook:
    """(import ¢/kWh, export ¢/kWh, net load Wh) for each interval."""
    return Outlook(
        [(a * ABOLT_PER_CENT_PER_KWH, b * ABOLT_PER_CENT_PER_KWH) for a, b, _ in intervals],
        [net_wh for _, _, net_wh in intervals],
    )


ppms = st.sampled_from([1_000_000, 948_683, 900_001, 500_000, 7])


@st.composite
def batteries(draw: st.DrawFn) -> Battery:
    capacity_wh = draw(st.integers(1, 20_000))
    return Battery(
        capacity_wh=capacity_wh,
        power_w=draw(st.integers(1, 12_000)),
        charge_ppm=draw(ppms),
        discharge_ppm=draw(ppms),
        reserve_wh=draw(st.integers(0, capacity_wh - 1)),
        wear_ubolt_per_mwh=draw(st.sampled_from([0, 10_000_000, 300_000_000])),
    )


@st.composite
def outlooks(draw: st.DrawFn) -> Outlook:
    cents = st.integers(0, 40) | st.integers(0, 3)
    pairs = st.tuples(cents, cents).map(lambda pair: (max(pair), min(pair)))
    nets = st.integers(-3_000, 3_000) | st.just(0)
    intervals = draw(st.lists(st.tuples(pairs, nets), max_size=30))
    return outlook(*((a, b, net_wh) for (a, b), net_wh in intervals))
