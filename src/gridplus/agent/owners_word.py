"""Where the owner's orders come from, and what the retailer asks: together a guidance for plans.

Orders lie in the agent's folder, written by the owner's commands and read anew each time, so that
they count at once. Orders that cannot be read, or that no owner signed, change nothing: the last
good ones go on, and `fault` says why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gridplus.control import (
    Ask,
    Consent,
    Consents,
    Guidance,
    Orders,
    Signal,
    guide,
    parse_orders,
    parse_preferences,
)
from gridplus.failures import InputError
from gridplus.files import read_file
from gridplus.planner import Home
from gridplus.tariff import ChannelIdentity, PaidRequest
from gridplus.units import DAY_S, Interval

AHEAD_S = 2 * DAY_S
PREFERENCES_FILE, ORDERS_FILE = "preferences.toml", "orders.json"


def read_orders(folder: Path, identity: ChannelIdentity) -> Orders:
    """What the owner has said in `folder`; what is absent is not said. Raises InputError."""
    return OrdersFolder(folder, identity)()


@dataclass
class OrdersFolder:
    """What the owner has said in `folder`, each time it is called; signatures are checked again
    when a file is another one. Raises InputError."""

    folder: Path
    identity: ChannelIdentity
    _read: tuple[bytes | None, bytes | None] | None = None
    _orders: Orders = field(default_factory=Orders)

    def __call__(self) -> Orders:
        wishes, said = self.folder / PREFERENCES_FILE, self.folder / ORDERS_FILE
        wished, ordered = (read_file(p) if p.exists() else None for p in (wishes, said))
        if (wished, ordered) != self._read:
            orders = Orders()
            if wished is not None:
                orders = Orders(parse_preferences(wished, what=str(wishes)))
            if ordered is not None:
                found, overrides = parse_orders(ordered, what=str(said))
                orders = Orders(orders.preferences, self._checked(found), overrides)
            self._read, self._orders = (wished, ordered), orders
        return self._orders

    def _checked(self, found: Sequence[Consent]) -> Consents:
        who = self.identity
        owner, domain = who.descriptor.owner, who.domain
        return Consents.checked(found, channel=who.channel, domain=domain, owner=owner)


@dataclass
class OwnersWord:
    """`orders` reads what holds now; `asks` what the retailer asks in [from_s, until_s); `promised`
    is a request whole and as its publisher signed it, None where it could not be settled."""

    orders: Callable[[], Orders]
    asks: Callable[[int, int], Sequence[Ask]]
    promised: Callable[[Ask], PaidRequest | None] = lambda _: None
    fault: str | None = None
    _last: Orders = field(default_factory=Orders)

    def guidance(
        self,
        home: Home,
        *,
        day: Sequence[Interval],
        now_s: int,
        seen: Callable[[Consents], None] = lambda _: None,
    ) -> Guidance:
        """What plans go by at `now_s` of `day`. `seen` hears of consents before they count, and
        raises InputError for older ones. Raises nothing: the last good orders go on."""
        asks = self.asks(day[0].start_s, day[-1].end_s)
        try:
            orders = self.orders()
            seen(orders.consents)
            found = guide(home, orders, asks=asks, now_s=now_s)
        except InputError as error:
            self.fault = str(error)
            return guide(home, self._last, asks=asks, now_s=now_s)
        self._last, self.fault = orders, None
        return found

    def joinable(self, home: Home, *, now_s: int) -> list[PaidRequest]:
        """The paid requests ahead that some device may follow, and for that pay."""
        asks = [ask for ask in self.asks(now_s, now_s + AHEAD_S) if ask.signal is Signal.REQUEST]
        followed = guide(home, self._last, asks=asks, now_s=now_s).followed
        found = [self.promised(each.ask) for each in followed]
        return [request for request in found if request is not None]
