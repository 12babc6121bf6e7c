"""What the owner's commands share: the agent's folder, its orders, and how they are said."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from gridplus.failures import InputError

if TYPE_CHECKING:
    from gridplus.control import Consent, Orders, Override
    from gridplus.planner import Home
    from gridplus.tariff import ChannelIdentity

AGENT_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SPAN = re.compile(r"(\d{1,6})(min|h|d)")
_SECONDS = {"min": 60, "h": 3_600, "d": 86_400}
ZONE = "America/Chicago"


def seconds(text: str) -> int:
    """'90min', '2h', '365d'. Raises InputError."""
    found = _SPAN.fullmatch(text)
    if found is None or not int(found[1]):
        raise InputError(f"{text!r} is no time; write it like 90min, 2h or 365d")
    return int(found[1]) * _SECONDS[found[2]]


def now_s(clock: Path | None) -> int:
    from gridplus.clock import FileClock, SystemClock

    return (SystemClock() if clock is None else FileClock(clock)).now_s()


def identity_in(folder: Path) -> "ChannelIdentity":
    """Raises InputError for a folder without a home's papers."""
    from gridplus.files import read_file
    from gridplus.owner import parse_papers

    path = folder / "home.papers"
    if not path.exists():
        raise InputError(f"{folder} has no home.papers: it is no folder of an enrolled agent")
    return parse_papers(read_file(path), what=str(path))


def home_in(folder: Path) -> "Home | None":
    """What stands in the home, where the folder says it."""
    from gridplus.files import read_file
    from gridplus.planner import parse_home

    path = folder / "home.toml"
    return parse_home(read_file(path), what=str(path)) if path.exists() else None


def orders_in(folder: Path) -> "Orders":
    from gridplus.agent import read_orders

    return read_orders(folder, identity_in(folder))


def said_in(folder: Path) -> "tuple[tuple[Consent, ...], tuple[Override, ...]]":
    from gridplus.agent.owners_word import ORDERS_FILE
    from gridplus.control import parse_orders
    from gridplus.files import read_file

    path = folder / ORDERS_FILE
    return parse_orders(read_file(path), what=str(path)) if path.exists() else ((), ())


def say_in(
    folder: Path, consents: "tuple[Consent, ...]", *, overrides: "tuple[Override, ...]"
) -> None:
    """Durable at once; the agent reads it before the next thing it does."""
    from gridplus.agent.owners_word import ORDERS_FILE
    from gridplus.control import write_orders
    from gridplus.files import write_file

    write_file(folder / ORDERS_FILE, write_orders(consents, overrides))


def at(instant_s: int, zone: str = ZONE) -> str:
    """'Tue 16 Feb 18:15', on the home's clock."""
    return f"{datetime.fromtimestamp(instant_s, ZoneInfo(zone)):%a %d %b %Y %H:%M}"
