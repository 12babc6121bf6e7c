"""Plans for a home's devices, rules to follow live, reasons, and forecasts from the past only."""

from gridplus.planner.ahead import Ahead, State, Stay, usual_stays
from gridplus.planner.battery import UWH_PER_WH, Battery
from gridplus.planner.billed import BilledPlan, Terms, plan_billed, priced
from gridplus.planner.course import Flow, Move, Track
from gridplus.planner.devices import (
    Appliance,
    Band,
    Building,
    Car,
    Climate,
    Habit,
    HotWater,
    Site,
    Wish,
)
from gridplus.planner.expected import Expected, Prospect, expected_rule
from gridplus.planner.explain import explain, format_cents
from gridplus.planner.fit import fit_building
from gridplus.planner.forecast import (
    PER_DAY,
    Energies,
    forecast_net_load,
    forecast_scenarios,
)
from gridplus.planner.home import Home
from gridplus.planner.home_file import parse_home
from gridplus.planner.home_plan import HomePlan, Source
from gridplus.planner.live import Hedged, Now, hedge
from gridplus.planner.optimum import plan_home, plan_safely
from gridplus.planner.plan import Outlook, Plan, bill_abolt, plan_battery
from gridplus.planner.position import HomePast, forecast_street
from gridplus.planner.reasons import reasons
from gridplus.planner.rule import Rule, Step, respond
from gridplus.planner.unmet import Unmet

__all__ = [
    "PER_DAY",
    "UWH_PER_WH",
    "Ahead",
    "Appliance",
    "Band",
    "Battery",
    "BilledPlan",
    "Building",
    "Car",
    "Climate",
    "Energies",
    "Expected",
    "Flow",
    "Habit",
    "Hedged",
    "Home",
    "HomePast",
    "HomePlan",
    "HotWater",
    "Move",
    "Now",
    "Outlook",
    "Plan",
    "Prospect",
    "Rule",
    "Site",
    "Source",
    "State",
    "Stay",
    "Step",
    "Terms",
    "Track",
    "Unmet",
    "Wish",
    "bill_abolt",
    "expected_rule",
    "explain",
    "fit_building",
    "forecast_net_load",
    "forecast_scenarios",
    "forecast_street",
    "format_cents",
    "hedge",
    "parse_home",
    "plan_battery",
    "plan_billed",
    "plan_home",
    "plan_safely",
    "priced",
    "reasons",
    "respond",
    "usual_stays",
]
