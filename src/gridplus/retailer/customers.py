"""Who the retailer sells to: a name, a channel, and the file of the home as its owner filed it."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gridplus.digest import parse_document
from gridplus.failures import InputError
from gridplus.files import read_file
from gridplus.planner import Home, parse_home
from gridplus.tariff import Fields
from gridplus.wallet import ChannelId

MOST_CUSTOMERS = 10_000
_LIMIT = 4_000_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Customer:
    """`name` also names the customer's files; `home_file` is what its owner filed of the home."""

    name: str
    channel: ChannelId
    home_file: Path

    def home(self) -> Home:
        """Raises InputError that names file, place and mend; StorageError for an absent file."""
        return parse_home(read_file(self.home_file), what=str(self.home_file))


def load_customers(path: Path) -> tuple[Customer, ...]:
    """The customers in `path`, a JSON list of {"name", "channel", "home"}; `home` is a path from
    there, read when it is asked for. Raises as `Customer.home`."""
    document = parse_document(read_file(path), limit=_LIMIT, what=str(path))
    items = Fields({"customers": document}, str(path)).objects("customers", limit=MOST_CUSTOMERS)
    customers = tuple(_customer(item, path.parent) for item in items)
    for what, values in (
        ("name", [customer.name for customer in customers]),
        ("channel", [f"0x{customer.channel.hex()}" for customer in customers]),
    ):
        twice = [value for value, count in Counter(values).items() if count > 1]
        if twice:
            raise InputError(f"{path}: the {what} {min(twice)} stands twice; each is somebody's")
    return customers


def _customer(fields: Fields, folder: Path) -> Customer:
    name = fields.text("name")
    if not _NAME.fullmatch(name):
        fields.fail("name", f"is {name!r}; use 1 to 64 of a-z, 0-9, _ and -")
    channel = ChannelId(fields.octets("channel", 32))
    home_file = folder / fields.text("home")
    fields.close()
    return Customer(name, channel, home_file)
