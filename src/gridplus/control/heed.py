"""Which asks a home follows, with which devices, by which consent; and why not the others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gridplus.control.asks import Ask, Signal
from gridplus.control.consents import Consent
from gridplus.control.orders import Orders
from gridplus.planner import format_cents


@dataclass(frozen=True, slots=True)
class Heed:
    """`consents` by the devices that follow; nobody does where `why_not` says why."""

    ask: Ask
    consents: Mapping[str, Consent]
    why_not: str = ""


def heed(
    asks: Iterable[Ask], orders: Orders, *, devices: Sequence[str], now_s: int
) -> tuple[Heed, ...]:
    """A verdict on each ask. `devices` are those that the agent may move at all."""
    return tuple(_heed(ask, orders, devices=devices, now_s=now_s) for ask in asks)


def _heed(ask: Ask, orders: Orders, *, devices: Sequence[str], now_s: int) -> Heed:
    least = orders.preferences.least_reward_abolt
    if ask.signal is Signal.REQUEST and least is None:
        return Heed(ask, {}, "your preferences join no requests")
    if ask.signal is Signal.REQUEST and least is not None and ask.reward_abolt < least:
        offered, wanted = format_cents(ask.reward_abolt), format_cents(least)
        return Heed(ask, {}, f"it pays {offered} a kWh, and you want {wanted} at least")
    found = {
        device: consent
        for device in devices
        if (consent := orders.consents.of(device, ask.signal, now_s=now_s)) is not None
    }
    return Heed(ask, found, "" if found else f"no device may follow {ask.signal.words}")
