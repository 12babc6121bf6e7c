"""A day told by what each device did, and why."""

from collections.abc import Mapping

from gridplus.demo.device import Measured
from gridplus.demo.diary import LIVE, Deed, Lived, deeds, greatest
from gridplus.meter import IntervalRead
from gridplus.planner import Step
from gridplus.units import Interval


def lived(at: int, battery_wh: int, why: Mapping[str, str], **devices_wh: int) -> Lived:
    interval = Interval(at * 900, 900)
    step = Step(max(0, battery_wh), max(0, -battery_wh), 0, 0, 0)
    read = IntervalRead(interval, 0, 0, 0, 0)
    return interval, Measured(read, 0, 0, step, devices_wh, 0), why


CHARGING, COVERING, IDLE = "charging at 00:00: cheap", "covering the home at 00:15", "idle at 00:30"


def test_stretches_end_where_a_device_rests_or_turns() -> None:
    day = [
        lived(0, 100, {"battery": CHARGING}, car=50),
        lived(1, 200, {"battery": COVERING}, car=50),
        lived(2, -70, {"battery": IDLE}, car=0),
        lived(3, 0, {"battery": IDLE}, car=30),
        lived(4, -10, {"battery": COVERING, "car": "charging the car at 01:00"}, car=30),
    ]
    assert deeds(day) == (
        Deed("battery", 0, 1_800, 300, CHARGING),
        Deed("car", 0, 1_800, 100, LIVE),
        Deed("battery", 1_800, 2_700, -70, LIVE),
        Deed("car", 2_700, 4_500, 60, "charging the car at 01:00"),
        Deed("battery", 3_600, 4_500, -10, COVERING),
    )


def test_the_greatest_of_each_kind_are_told_in_order_of_time() -> None:
    day = [lived(i, wh, {}) for i, wh in enumerate((5, 0, 9, 0, -3, 0, 7, 0, -4))]
    told = greatest(deeds(day), each=1)
    assert [(deed.start_s // 900, deed.energy_wh) for deed in told] == [(2, 9), (8, -4)]
