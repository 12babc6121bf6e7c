"""How a hub stands: what it risks, what it lends, what waits; for whoever operates it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gridplus.tariff import Fields

_SUMMED: Final = ("homes", "stopped", "leaving", "unsigned", "unclaimed", "unposted")


@dataclass(frozen=True, slots=True)
class Standing:
    """Money in µBOLT, over all homes.

    `unsigned`: billed, and no durable voucher yet; `largest_unsigned` is one home's. `unclaimed`:
    durable vouchers that the chain has not paid. `unposted`: credits that the chain does not know.
    `payable`: what the vault would pay of credits today, None until the chain was asked.
    `oldest_unclaimed_s`: when the oldest interval began that the chain has not paid in full.
    """

    homes: int
    stopped: int
    leaving: int
    unsigned: int
    largest_unsigned: int
    unclaimed: int
    oldest_unclaimed_s: int | None
    unposted: int
    payable: int | None


@dataclass(frozen=True, slots=True)
class CreditStanding:
    """µBOLT. `payable` is None until the chain was asked."""

    unposted: int
    payable: int | None

    @property
    def fault(self) -> str | None:
        """Why homes should not lend more, in one sentence; None while the vault would pay all."""
        if self.payable is None or self.unposted <= self.payable:
            return None
        return (
            f"homes are owed {self.unposted} µBOLT that are not on chain, the vault would pay "
            f"{self.payable} today; fund the pool"
        )


def standing_from(fields: Fields) -> Standing:
    """As a hub tells it over HTTP, whatever else it tells. Raises InputError."""
    known = {name: fields.integer(name) for name in _SUMMED}
    return Standing(
        **known,
        largest_unsigned=fields.integer("largest_unsigned"),
        oldest_unclaimed_s=fields.integer_or_none("oldest_unclaimed_s"),
        payable=fields.integer_or_none("payable"),
    )


def sum_of_standings(found: Iterable[Standing]) -> Standing:
    """Of shards, together: they have one vault, which pays what it pays once."""
    found = list(found)
    waiting = [s.oldest_unclaimed_s for s in found if s.oldest_unclaimed_s is not None]
    payable = [s.payable for s in found if s.payable is not None]
    return Standing(
        **{name: sum(getattr(each, name) for each in found) for name in _SUMMED},
        largest_unsigned=max((each.largest_unsigned for each in found), default=0),
        oldest_unclaimed_s=min(waiting, default=None),
        payable=min(payable, default=None),
    )
