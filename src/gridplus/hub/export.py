"""What the hub leaves with a watchtower, in case it is gone when a home leaves."""

from collections.abc import Iterable

from gridplus.channel import Credit, Voucher
from gridplus.hub.home import Home


def unpaid_vouchers(homes: Iterable[Home]) -> tuple[Voucher, ...]:
    """The durable vouchers that the chain has not paid whole."""
    return tuple(
        home.paid.voucher
        for home in homes
        if home.paid is not None and not home.view.counters.covers(home.durable)
    )


def unposted_credits(homes: Iterable[Home]) -> tuple[Credit, ...]:
    """The newest credits that the chain does not hold."""
    given = ((home.machine.credit, home.view.word.earned) for home in homes)
    return tuple(
        credit for credit, posted in given if credit is not None and credit.earned > posted
    )
