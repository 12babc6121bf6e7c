"""Run simulated worlds: python -m tests.sim --seed N [--seeds K] [--planted]

Exits 1 at the first world in which something does not hold, with its seed, its step, what happened
last, and the line that reproduces it.
"""

import argparse
import sys
import time

from tests.sim.planted import PLANTED, found_at
from tests.sim.world import Scale, World


def search() -> int:
    """Print at which seed each planted fault was found."""
    seeds = {name: found_at(name) for name in PLANTED}
    for name, seed in seeds.items():
        print(f"{'not found' if seed is None else f'seed {seed}':>10}  {name}")
    return int(None in seeds.values())


def main() -> int:
    parser = argparse.ArgumentParser(description="Deterministic worlds of hub, homes and chain.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seeds", type=int, default=1, help="so many worlds, from that seed on")
    parser.add_argument("--homes", type=int, default=Scale.homes)
    parser.add_argument("--intervals", type=int, default=Scale.intervals)
    parser.add_argument("--planted", action="store_true", help="look for planted faults instead")
    options = parser.parse_args()
    if options.planted:
        return search()
    scale = Scale(options.homes, options.intervals)
    began = time.process_time()
    failed = []
    for seed in range(options.seed, options.seed + options.seeds):
        world = World(seed, scale)
        world.run()
        setting = world.setting
        if setting.failure is not None:
            failed.append(seed)
            print("\n".join(setting.last))
            print(f"seed {seed}, step {setting.steps}: {setting.failure!r}")
            print(f"again: make sim SEED={seed}", flush=True)
            if options.seeds == 1 or len(failed) == 1:
                break
        elif options.seeds == 1 or seed % 50 == 0:
            checks = world.witness.checks
            print(f"seed {seed}: {setting.steps} steps, {checks} checks, {setting.digest}")
    spent = time.process_time() - began
    print(f"{options.seeds} worlds, {len(failed)} failed, {spent:.1f} s of CPU")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
