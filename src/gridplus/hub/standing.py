"""How a hub stands: what it risks, what it lends, what waits; for whoever operates it."""

from dataclasses import dataclass


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
