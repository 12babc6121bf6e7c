"""Exact plans for a home battery, the rule it follows live, and forecasts from the past only."""

from gridplus.planner.battery import UWH_PER_WH, Battery
from gridplus.planner.explain import explain, format_cents
from gridplus.planner.forecast import PER_DAY, Energies, forecast_net_load
from gridplus.planner.home import Home, parse_home
from gridplus.planner.plan import Outlook, Plan, bill_abolt, plan_battery
from gridplus.planner.position import HomePast, forecast_street
from gridplus.planner.rule import Rule, Step, respond

__all__ = [
    "PER_DAY",
    "UWH_PER_WH",
    "Battery",
    "Energies",
    "Home",
    "HomePast",
    "Outlook",
    "Plan",
    "Rule",
    "Step",
    "bill_abolt",
    "explain",
    "forecast_net_load",
    "forecast_street",
    "format_cents",
    "parse_home",
    "plan_battery",
    "respond",
]
