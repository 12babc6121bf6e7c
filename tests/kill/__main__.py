"""Kill the hub at so many points, and count what was lost and what was doubled.

    python -m tests.kill --points 10000 --seed 1 [--store postgres]

Exits with 1 when anything was. With --lying-disk no sync is one, and much is.
"""

import argparse
import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from tests.journal.server import NoServerError, running_server
from tests.kill.lives import Day, PostgresDay, SqliteDay, Tally
from tests.kill.street import street

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a power cut is made by the harness, not waited for
NewDay: TypeAlias = Callable[[Tally, random.Random], Day]


@contextmanager
def new_days(store: str, *, lies: bool) -> Iterator[NewDay]:
    if store == "postgres":
        with running_server() as server:
            yield partial(PostgresDay, server=server)
        return
    where = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="gridplus-kill-", dir=where) as name:

        def new_day(tally: Tally, dice: random.Random) -> Day:
            folder = Path(tempfile.mkdtemp(dir=name))
            return SqliteDay(tally, dice, folder=folder, lies=lies)

        yield new_day


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the hub, and count.")
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--lying-disk", action="store_true", help="see that this finds losses")
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.points:,} points, {asked.store}", flush=True)
    street()
    gc.freeze()
    tally, begin_s, used, days = Tally(), time.monotonic(), 0, 0
    dice = random.Random(asked.seed)
    try:
        with new_days(asked.store, lies=asked.lying_disk) as new_day:
            while used < asked.points:
                used += new_day(tally, random.Random(dice.getrandbits(64))).run(asked.points - used)
                days += 1
    except NoServerError as error:
        print(f"not run: {error}")
        return 2
    for name, count in sorted(tally.points.items()):
        print(f"  {count:>7,}  {name}")
    print(
        f"  {used:>7,}  points in {days:,} days, {time.monotonic() - begin_s:,.0f} s: "
        f"{tally.acknowledged:,} acknowledgements, {tally.refused:,} refusals to go on, "
        f"{tally.unheard:,} durable but not heard of"
    )
    print(f"lost: {tally.lost}, doubled: {tally.doubled}, broken: {tally.broken}")
    return int(tally.lost + tally.doubled + tally.broken > 0)


if __name__ == "__main__":
    sys.exit(main())
