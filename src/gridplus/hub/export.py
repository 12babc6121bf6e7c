"""What the hub leaves with a watchtower, in case it is gone when a home leaves."""

from collections.abc import Iterable

from gridplus.channel import Credit, Voucher
from gridplus.hub.home import Home


def unpaid_vouchers(homes: Iterable[Home]) -> tuple[Voucher, ...]:
    """The durable vouchers that the chain has not paid whole."""
    return tuple(
        home.payee.durable
        for home in homes
        if home.payee.durable is not None and not home.payee.view.counters.covers(home.durable)
    )


def unposted_credits(homes: Iterable[Home]) -> tuple[Credit, ...]:
    """The newest credits that the chain does not hold."""
    return tuple(
        home.payee.credit
        for home in homes
        if home.payee.credit is not None and home.payee.credit.earned > home.payee.view.word.earned
    )
