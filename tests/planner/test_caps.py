"""What the home may import in some intervals alone: planned for before they begin."""

from dataclasses import replace

from gridplus.planner import Home, Site, State, plan_home, usual_stays
from gridplus.planner.home_plan import Source
from tests.planner.street import CAR, CELL, START_S, ZONE, ahead

COUNT = 96
FLAT = ahead([(10, 2)] * COUNT)
STAYS = usual_stays(CAR, start_s=START_S, end_s=START_S + COUNT * 900, zone=ZONE)
STATE = State(640_000_000, STAYS)
HOME = Home(CELL, 640, solar=False, car=CAR)


def test_caps_in_every_interval_are_a_connection_of_that_size() -> None:
    capped = plan_home(HOME, replace(FLAT, caps_w=dict.fromkeys(range(COUNT), 3_000)), state=STATE)
    thin = plan_home(replace(HOME, site=Site(import_w=3_000)), FLAT, state=STATE)
    assert capped.source is Source.OPTIMAL
    assert (capped.flows, capped.cost_abolt) == (thin.flows, thin.cost_abolt)


def test_a_cap_moves_what_can_wait_and_only_that() -> None:
    caps = dict.fromkeys(range(20, 28), 0)
    free = plan_home(HOME, FLAT, state=STATE)
    capped = plan_home(HOME, replace(FLAT, caps_w=caps), state=STATE)
    assert max(flow.import_wh for flow in capped.flows[20:28]) == 0, "the battery was filled before"
    assert capped.unmet == free.unmet == ()
    assert capped.bound_abolt <= capped.cost_abolt
    assert capped.cost_abolt >= free.cost_abolt


def test_a_battery_alone_meets_a_cap_too() -> None:
    alone = Home(CELL, 640, solar=False)
    caps = dict.fromkeys(range(20, 28), 400)
    state = State(640_000_000)
    free, capped = (
        plan_home(alone, each, state=state) for each in (FLAT, replace(FLAT, caps_w=caps))
    )
    assert max(flow.import_wh for flow in free.flows[20:28]) == 300
    assert max(flow.import_wh for flow in capped.flows[20:28]) <= 100
