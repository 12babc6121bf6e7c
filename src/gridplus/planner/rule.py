"""What a battery does in one interval: a rule made beforehand, followed as the load turns out."""

from typing import NamedTuple

from gridplus.planner.battery import Battery


class Rule(NamedTuple):
    """How full the battery should get, or how empty, in one interval, whatever the load does.

    A charger that reads the home's meter follows it live: solar surplus is stored up to
    `sun_to_uwh`, energy from the grid only up to `grid_to_uwh`; the home's need is covered down
    to `home_to_uwh`, energy is exported down to `export_to_uwh`. A rule keeps
    grid <= sun <= export and grid <= home <= export.
    """

    grid_to_uwh: int
    sun_to_uwh: int
    home_to_uwh: int
    export_to_uwh: int


class Step(NamedTuple):
    """One interval on the alternating-current side; `stored_uwh` is at its end."""

    charge_wh: int
    discharge_wh: int
    stored_uwh: int
    import_wh: int
    export_wh: int


def respond(
    battery: Battery, rule: Rule, *, net_load_wh: int, stored_uwh: int, length_s: int
) -> Step:
    """What `rule` makes of an interval whose load less solar is `net_load_wh`.

    Whole Wh: a charge is rounded up and a discharge down, so that the store ends at its target or
    less than 1 Wh above it, never above its capacity.
    """
    charge_wh = discharge_wh = 0
    if stored_uwh < rule.grid_to_uwh or (net_load_wh < 0 and stored_uwh < rule.sun_to_uwh):
        from_sun_wh = min(-net_load_wh, battery.intake_wh(rule.sun_to_uwh - stored_uwh))
        from_grid_wh = battery.intake_wh(rule.grid_to_uwh - stored_uwh)
        limit_wh = min(battery.limit_wh(length_s), battery.room_wh(stored_uwh))
        charge_wh = min(max(from_sun_wh, from_grid_wh), limit_wh)
    elif stored_uwh > rule.export_to_uwh or (net_load_wh > 0 and stored_uwh > rule.home_to_uwh):
        to_home_wh = min(net_load_wh, battery.yield_wh(stored_uwh - rule.home_to_uwh))
        to_grid_wh = battery.yield_wh(stored_uwh - rule.export_to_uwh)
        discharge_wh = min(max(to_home_wh, to_grid_wh), battery.limit_wh(length_s))
    grid_wh = net_load_wh + charge_wh - discharge_wh
    return Step(
        charge_wh,
        discharge_wh,
        battery.after(stored_uwh, charge_wh=charge_wh, discharge_wh=discharge_wh),
        max(0, grid_wh),
        max(0, -grid_wh),
    )
