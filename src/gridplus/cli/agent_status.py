"""`gridplus agent status`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gridplus.cli.agent_folder import AGENT_FOLDER, at, home_in, now_s, orders_in
from gridplus.cli.serving import FILE

if TYPE_CHECKING:
    from gridplus.control import Orders


@click.command(name="status")
@click.argument("folder", type=AGENT_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--clock", type=FILE, help="A clock file, for a time that is not now.")
def command(folder: Path, *, as_json: bool, clock: Path | None) -> None:
    """What you have said, and what may move your devices now.

    Every consent was checked against your key. A device that no line lets move does what it does
    alone.
    """
    from gridplus.control import DEVICES
    from gridplus.control.guidance import devices_of

    orders, time_s = orders_in(folder), now_s(clock)
    home = home_in(folder)
    devices = DEVICES if home is None else devices_of(home)
    if as_json:
        found = {device: _document(orders, device, now_s=time_s) for device in devices}
        click.echo(json.dumps({"now_s": time_s, "devices": found}))
        return
    for device in devices:
        click.echo(device)
        for line in _lines(orders, device, now_s=time_s):
            click.echo(f"  {line}")
    for line in _wishes(orders):
        click.echo(line)


def _document(orders: "Orders", device: str, *, now_s: int) -> dict[str, object]:
    from gridplus.control import Signal

    override = orders.override(device, now_s=now_s)
    consents = ((s, orders.consents.of(device, s, now_s=now_s)) for s in Signal)
    return {
        "off_limits": device in orders.preferences.off_limits,
        "override": override and {"hand": override.hand.value, "until_s": override.until_s},
        "follows": {s.name.lower(): c.valid_until_s for s, c in consents if c is not None},
    }


def _lines(orders: "Orders", device: str, *, now_s: int) -> Iterator[str]:
    from gridplus.control import Signal

    override = orders.override(device, now_s=now_s)
    if override is not None:
        yield f"your hand is on it ({override.hand.value}) until {at(override.until_s)}"
    if device in orders.preferences.off_limits:
        yield "off limits: the agent never touches it"
        return
    found = [c for s in Signal if (c := orders.consents.of(device, s, now_s=now_s)) is not None]
    for consent in found:
        yield f"follows {consent.signal.words} until {at(consent.valid_until_s)}"
    if not found:
        yield "follows nothing: you have consented to nothing"


def _wishes(orders: "Orders") -> Iterator[str]:
    from gridplus.planner import format_cents

    wishes = orders.preferences
    if wishes.most_abolt is not None:
        yield f"Nothing that can wait is bought above {format_cents(wishes.most_abolt)} a kWh."
    if wishes.reserve_wh is not None:
        yield f"The battery keeps {wishes.reserve_wh} Wh for an outage."
    if wishes.least_reward_abolt is not None:
        least = format_cents(wishes.least_reward_abolt)
        yield f"Paid requests to use less are joined from {least} a kWh on."
    else:
        yield "Paid requests to use less are not joined."
