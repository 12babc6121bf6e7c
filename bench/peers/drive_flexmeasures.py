"""FlexMeasures on the same problems, in a virtual environment of its own (`peers/planners.py`).

Standard input and output as `drive_emhass.py`; a problem may have a car too. What is driven is its
`device_scheduler`, the function that plans, without its database and server, with its quickest
solver.
"""

import json
import sys
import time
from typing import Any

import pandas as pd
from flask import Flask
from flexmeasures.data.models.planning import FlowCommitment
from flexmeasures.data.models.planning.linear_optimization import device_scheduler
from flexmeasures.data.models.planning.utils import initialize_df

COLUMNS = [
    "equals", "max", "min", "efficiency", "derivative equals", "derivative max", "derivative min",
    "derivative down efficiency", "derivative up efficiency", "stock delta",
]  # fmt: skip
STEP = pd.Timedelta(minutes=15)
STEPS_PER_HOUR = 4
KW = 1_000.0


def frame(count: int) -> Any:
    start = pd.Timestamp("2021-01-01", tz="UTC")
    table = initialize_df(COLUMNS, start, start + count * STEP, STEP)
    table["stock delta"] = 0
    return table


def fixed(problem: dict[str, Any]) -> Any:
    """Load less solar, kW."""
    table = frame(len(problem["load_wh"]))
    net = zip(problem["load_wh"], problem["solar_wh"], strict=True)
    table["derivative equals"] = [(load - sun) * STEPS_PER_HOUR / KW for load, sun in net]
    return table


def store(battery: dict[str, Any], problem: dict[str, Any]) -> Any:
    """Stock above what it begins with, in kW x intervals, as its own scheduler passes it."""
    count, stored = len(problem["load_wh"]), battery["stored_wh"]
    table = frame(count)
    table["max"] = (battery["capacity_wh"] - stored) * STEPS_PER_HOUR / KW
    table["min"] = (min(stored, battery["reserve_wh"]) - stored) * STEPS_PER_HOUR / KW
    for at, wh in battery["wants"]:
        table.iloc[at, table.columns.get_loc("min")] = (wh - stored) * STEPS_PER_HOUR / KW
    there = battery.get("there") or [True] * count
    table["derivative max"] = [battery["power_w"] / KW * here for here in there]
    table["derivative min"] = [-battery["give_w"] / KW * here for here in there]
    table["derivative up efficiency"] = battery["charge"]
    table["derivative down efficiency"] = battery["discharge"]
    return table


def plan(problem: dict[str, Any]) -> list[list[float]]:
    """The Wh that each battery takes less what it gives."""
    devices = [fixed(problem), *(store(battery, problem) for battery in problem["batteries"])]
    index = devices[0].index
    money = [
        FlowCommitment(
            name="energy",
            index=index,
            quantity=0,
            upwards_deviation_price=pd.Series(problem["import_price"], index) / STEPS_PER_HOUR,
            downwards_deviation_price=pd.Series(problem["export_price"], index) / STEPS_PER_HOUR,
        )
    ]
    for at, battery in enumerate(problem["batteries"], start=1):
        money.append(
            FlowCommitment(
                name=f"wear {at}",
                index=index,
                device=pd.Series(at, index),
                quantity=0,
                upwards_deviation_price=0,
                downwards_deviation_price=-battery["wear_per_kwh"] / STEPS_PER_HOUR,
            )
        )
    site = initialize_df(["derivative max", "derivative min"], index[0], index[-1] + STEP, STEP)
    powers, _, _, _ = device_scheduler(devices, site, commitments=money, initial_stock=0)
    return [(power * KW / STEPS_PER_HOUR).tolist() for power in powers[1:]]


def main() -> None:
    app = Flask("driver")
    app.config |= {"FLEXMEASURES_LP_SOLVER": "highspy", "LOGGING_LEVEL": "INFO"}
    with app.app_context():
        for line in sys.stdin:
            problems, found = json.loads(line), []
            for problem in (problems[0], *problems):  # the first warms up and is not counted
                begin_s = time.process_time()
                moved = plan(problem)
                spent_ms = (time.process_time() - begin_s) * 1_000
                found.append({"moved_wh": moved, "ms": spent_ms})
            print(f"\n{json.dumps(found[1:])}", flush=True)


if __name__ == "__main__":
    main()
