"""EMHASS on battery problems: runs in a virtual environment of its own (`peers/planners.py`).

Standard input: lines of JSON, each a list of problems. Standard output: a line for each, and in it
for each problem the battery's Wh in each interval (taken less given) and the CPU milliseconds of
its own `perform_optimization`, the model built before, as its own server does.
"""

import csv
import json
import logging
import sys
import time
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from emhass.optimization import Optimization

STEP_MIN = 15
STEPS_PER_HOUR = 60 // STEP_MIN
LISTS: dict[str, list[Any]] = {
    "nominal_power_of_deferrable_loads": [],
    "operating_hours_of_each_deferrable_load": [],
    "treat_deferrable_load_as_semi_cont": [],
    "set_deferrable_load_single_constant": [],
    "set_deferrable_startup_penalty": [],
    "start_timesteps_of_each_deferrable_load": [],
    "end_timesteps_of_each_deferrable_load": [],
}


def configuration(problem: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """EMHASS's own defaults, for this battery and for no deferrable load."""
    data = files("emhass") / "data"
    defaults = json.loads((data / "config_defaults.json").read_text()) | LISTS
    groups: dict[str, dict[str, Any]] = {}
    for row in csv.reader((data / "associations.csv").read_text().splitlines()[1:]):
        name = row[2]
        if name in defaults:
            groups.setdefault(row[0], {})[name] = defaults[name]
    battery = problem["batteries"][0]
    groups["retrieve_hass_conf"] |= {
        "optimization_time_step": pd.Timedelta(minutes=STEP_MIN),
        "time_zone": "UTC",
    }
    groups["optim_conf"] |= {
        "set_use_battery": True,
        "set_use_pv": True,
        "number_of_deferrable_loads": 0,
        "set_nocharge_from_grid": False,
        "set_nodischarge_to_grid": False,
        "set_battery_dynamic": False,
        "weight_battery_discharge": battery["wear_per_kwh"],
        "weight_battery_charge": 0.0,
        "num_threads": 1,
        "delta_forecast_daily": 1,
    }
    groups["plant_conf"] |= {
        "battery_discharge_power_max": battery["power_w"],
        "battery_charge_power_max": battery["power_w"],
        "battery_discharge_efficiency": battery["discharge"],
        "battery_charge_efficiency": battery["charge"],
        "battery_nominal_energy_capacity": battery["capacity_wh"],
        "battery_minimum_state_of_charge": battery["reserve_wh"] / battery["capacity_wh"],
        "battery_maximum_state_of_charge": 1.0,
        "battery_target_state_of_charge": problem["batteries"][0]["wants"][0][1]
        / battery["capacity_wh"],
        "inverter_is_hybrid": False,
        "compute_curtailment": False,
        "maximum_power_from_grid": 100_000,
        "maximum_power_to_grid": 100_000,
    }
    return groups


def main() -> None:
    logger = logging.getLogger("emhass")
    logger.setLevel(logging.CRITICAL)
    for line in sys.stdin:
        print(f"\n{json.dumps(plans(json.loads(line), logger))}", flush=True)


def plans(problems: list[dict[str, Any]], logger: logging.Logger) -> list[dict[str, Any]]:
    groups = configuration(problems[0])
    count = len(problems[0]["load_wh"])
    optimiser = Optimization(
        groups["retrieve_hass_conf"],
        groups["optim_conf"],
        groups["plant_conf"],
        "unit_load_cost",
        "unit_prod_price",
        "profit",
        {"root_path": files("emhass"), "data_path": files("emhass")},
        logger,
        num_timesteps=count,
    )
    index = pd.date_range("2021-01-01", periods=count, freq=f"{STEP_MIN}min", tz="UTC")
    found = []
    for problem in (problems[0], *problems):  # the first builds the model and is not counted
        battery = problem["batteries"][0]
        begin_s = time.process_time()
        result = optimiser.perform_optimization(
            pd.DataFrame(index=index),
            np.array(problem["solar_wh"]) * STEPS_PER_HOUR,
            np.array(problem["load_wh"]) * STEPS_PER_HOUR,
            np.array(problem["import_price"]),
            np.array(problem["export_price"]),
            soc_init=battery["stored_wh"] / battery["capacity_wh"],
            soc_final=battery["wants"][0][1] / battery["capacity_wh"],
        )
        spent_ms = (time.process_time() - begin_s) * 1_000
        moved = [0.0] * count
        if "P_batt" in result:
            moved = np.nan_to_num(-result["P_batt"] / STEPS_PER_HOUR).tolist()
        found.append({"moved_wh": [moved], "ms": spent_ms, "said": optimiser.optim_status})
    return found[1:]


if __name__ == "__main__":
    main()
