"""`gridplus agent consent`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gridplus.cli.agent_folder import AGENT_FOLDER, identity_in, now_s, said_in, say_in, seconds
from gridplus.cli.serving import FILE
from gridplus.failures import InputError

_DEVICES = click.Choice(["battery", "car", "climate", "water", "appliances"])
_SIGNALS = click.Choice(["price", "alert", "limit", "request"])


@click.command(name="consent")
@click.argument("folder", type=AGENT_FOLDER)
@click.option("--device", "devices", required=True, multiple=True, type=_DEVICES)
@click.option("--signal", "signals", required=True, multiple=True, type=_SIGNALS)
@click.option("--key", required=True, metavar="STORE:NAME", help="The owner's key, which signs.")
@click.option("--for", "span", default="365d", show_default=True, help="How long: 90min, 2h, 30d.")
@click.option("--withdraw", is_flag=True, help="Not any more, from now on.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option("--clock", type=FILE, help="A clock file, for a time that is not now.")
def command(folder: Path, **asked: Any) -> None:
    """Let a kind of signal move a device, in words that your key signs.

    \b
      price    the agent plans the device by prices
      alert    it gives way in a grid emergency
      limit    it gives way when the home may take less from the grid
      request  it takes part in paid requests to use less

    Without a consent a device does what it does alone: the retailer can ask, never force. --device
    and --signal may be given several times. A consent ends by itself; --withdraw ends it at once.

    \b
      gridplus agent consent box --device car --signal price --signal request --key keys:owner
    """
    from gridplus.control import Consent, Consents, Signal, consent_digest
    from gridplus.keystore import KeyStore, Secp256k1Key

    identity = identity_in(folder)
    store, colon, name = asked["key"].rpartition(":")
    if not colon:
        raise InputError(f"{asked['key']!r} names no key; write STORE:NAME, like keys:owner")
    key = KeyStore(Path(store)).load(name, Secp256k1Key)
    if key.address != identity.descriptor.owner:
        raise InputError(f"{asked['key']} is not the owner's key of this home")
    found, overrides = said_in(folder)
    known = Consents(found)
    until_s = 0 if asked["withdraw"] else now_s(asked["clock"]) + seconds(asked["span"])
    new = []
    for device in asked["devices"]:
        for signal in (Signal[each.upper()] for each in asked["signals"]):
            number = known.next_number(device, signal)
            new.append(Consent(identity.channel, device, signal, number, until_s))
    for consent in new:
        click.echo(consent.words())
    if not asked["yes"]:
        click.confirm("Sign this?", abort=True)
    signed = [replace(c, signature=key.sign(consent_digest(identity.domain, c))) for c in new]
    replaced = {(each.device, each.signal) for each in signed}
    kept = [each for each in found if (each.device, each.signal) not in replaced]
    say_in(folder, (*kept, *signed), overrides=overrides)
    click.echo("Signed. It counts from the next quarter hour on.")
