"""Run the stateful machines at length from one seed.

python -m tests.fuzz --seed N [--steps 60] [--examples 100]
prints how often the vault accepted and refused each function; exits 1 when a machine finds a step
after which a promise does not hold, or when a function was never both accepted and refused
"""

import argparse
import sys

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from gridplus.contracts import artifact
from tests.channel.beside import OUTCOMES
from tests.channel.test_differential import VaultBesideModel
from tests.contracts.test_promises import Promises

MACHINES: tuple[type[RuleBasedStateMachine], ...] = (VaultBesideModel, Promises)


def is_covered() -> bool:
    """Print a row for each function that changes the vault; whether all were seen both ways."""
    names = sorted(
        str(entry["name"])
        for entry in artifact("vault").abi
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
    )
    print("| function | accepted | refused |\n|---|---|---|")
    for name in names:
        print(f"| {name} | {OUTCOMES[name, True]} | {OUTCOMES[name, False]} |")
    return all(OUTCOMES[name, ok] for name in names for ok in (True, False))


def main() -> int:
    parser = argparse.ArgumentParser(description="The stateful machines, at length.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=60, help="of one run of a machine")
    parser.add_argument("--examples", type=int, default=100, help="runs of each machine")
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.examples} runs of {options.steps} steps each", flush=True)
    long = settings(
        max_examples=options.examples,
        stateful_step_count=options.steps,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    for machine in MACHINES:
        run_state_machine_as_test(seed(options.seed)(machine), settings=long)
        print(f"{machine.__name__}: every promise held", flush=True)
    covered = is_covered()
    print("each accepted and refused" if covered else "NOT each accepted and refused")
    return int(not covered)


if __name__ == "__main__":
    sys.exit(main())
