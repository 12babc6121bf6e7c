"""Take every pair of keys, and put what it cost into the tables of the page.

python -m tests.drill docs/theft.md
"""

import argparse
import re
from pathlib import Path

from tests.drill.runs import APART_DAYS, table, taken
from tests.drill.scene import KEYS

TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
BOX, PHONE = ("device", "voucher"), ("owner",)


def box_and_phone() -> str:
    """What the two things in a home that hold keys come to."""
    both = (*BOX, *PHONE)
    runs = {
        "the box: device and voucher key": taken((0, BOX)),
        "box and phone at once, no copy of the owner's key": taken((0, both)),
        "box and phone at once, a copy of it is left": taken((0, both), copies=PHONE),
        "the box, and then the phone": taken((0, BOX), (APART_DAYS, PHONE)),
        "the phone, and then the box": taken((0, PHONE), (APART_DAYS, BOX)),
    }
    rows = (f"| {what} | {loss} |" for what, loss in runs.items())
    return "\n".join(("| taken | comes to |", "|---|---|", *rows))


def main() -> None:
    parser = argparse.ArgumentParser(description="The theft drill.")
    parser.add_argument("page", type=Path, help="whose three tables are made anew")
    page = parser.parse_args().page
    fresh = iter(
        (
            table(KEYS, KEYS, at_once=False),
            table(KEYS[:-1], KEYS[1:], at_once=True),
            box_and_phone(),
        )
    )
    page.write_text(TABLE.sub(lambda _: next(fresh) + "\n", page.read_text()))


if __name__ == "__main__":
    main()
