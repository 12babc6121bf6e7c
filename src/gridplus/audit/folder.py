"""Where a retailer's journals and bills lie."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Protocol

from gridplus.audit.difference import Report
from gridplus.audit.hub_side import HubSide
from gridplus.audit.office_side import OfficeSide
from gridplus.clock import SystemClock
from gridplus.failures import InputError
from gridplus.files import read_file
from gridplus.journal import SqliteJournal, Stored
from gridplus.market import PriceVersion, parse_price_version
from gridplus.retailer.customers import load_customers
from gridplus.wallet import ChannelId


class _Reader(Protocol):
    def read(self, facts: "list[Stored]", report: Report) -> None: ...


@dataclass(frozen=True)
class DataFolder:
    """As `gridplus demo` leaves it: two journals, the bills as files, the market's postings, and
    the list of customers, from which only their names are taken. No service may be running."""

    path: Path

    @property
    def deployment(self) -> Path:
        return self.path / "deployment.json"

    @property
    def chain(self) -> Path:
        return self.path / "chain" / "chain.sqlite"

    def bill(self, home: str, day: date) -> Path:
        return self.path / "bills" / f"{home}-{day}.json"

    def bills(self, day: date) -> list[Path]:
        """Every bill of `day`, by name."""
        return sorted((self.path / "bills").glob(f"*-{day}.json"))

    @cached_property
    def names(self) -> dict[ChannelId, str]:
        """What the customers are called. Raises InputError or StorageError for a bad list."""
        customers = load_customers(self.path / "retailer" / "customers.json")
        return {customer.channel: customer.name for customer in customers}

    def hub(self, report: Report) -> HubSide:
        """Raises InputError when there is no journal, StorageError for one that is damaged."""
        side = HubSide()
        side.read(self._facts("hub/hub.journal"), report)
        return side

    def office(self, report: Report) -> OfficeSide:
        """Raises as `hub`."""
        side = OfficeSide()
        side.read(self._facts("retailer/retailer.journal"), report)
        return side

    def real_time(self, day: date) -> PriceVersion | None:
        """The market's real-time prices of `day`, if they were posted."""
        path = self.path / "retailer" / "market" / f"{day}-RTM.json"
        if not path.is_file():
            return None
        return parse_price_version(read_file(path), what=str(path))

    def _facts(self, name: str) -> list[Stored]:
        path = self.path / name
        if not path.is_file():
            raise InputError(f"there is no journal {path}; name the folder that holds it")
        with SqliteJournal.open(path, now_s=SystemClock().now_s) as journal:
            return list(journal.replay())
