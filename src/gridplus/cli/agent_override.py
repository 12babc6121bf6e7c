"""`gridplus agent override`."""

from pathlib import Path

import click

from gridplus.cli.agent_folder import AGENT_FOLDER, at, now_s, said_in, say_in, seconds
from gridplus.cli.serving import FILE


@click.command(name="override")
@click.argument("folder", type=AGENT_FOLDER)
@click.argument("device", type=click.Choice(["battery", "car", "climate", "water"]))
@click.argument("hand", type=click.Choice(["run", "rest", "leave", "end"]))
@click.option("--for", "span", default="2h", show_default=True, help="How long: 90min, 2h, 1d.")
@click.option("--clock", type=FILE, help="A clock file, for a time that is not now.")
def command(folder: Path, device: str, hand: str, span: str, clock: Path | None) -> None:
    """Put your hand on a device. It stands above plans, preferences and whatever is asked.

    \b
      run    it runs, or charges, as hard as it can
      rest   it takes nothing
      leave  the agent keeps its hands off
      end    your hand is off again; the agent goes on

    \b
      gridplus agent override box car run --for 90min
    """
    from gridplus.control import Hand, Override

    consents, overrides = said_in(folder)
    time_s = now_s(clock)
    kept = tuple(o for o in overrides if o.device != device and time_s < o.until_s)
    if hand == "end":
        say_in(folder, consents, overrides=kept)
        click.echo(f"The agent plans the {device} again.")
        return
    override = Override(device, Hand(hand), time_s + seconds(span))
    say_in(folder, consents, overrides=(*kept, override))
    does = {"run": "runs", "rest": "rests", "leave": "is left alone"}[hand]
    click.echo(f"The {device} {does} until {at(override.until_s)}.")
