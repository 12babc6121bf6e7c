"""`gridplus agent prefer`."""

from pathlib import Path

import click

from gridplus.cli.agent_folder import AGENT_FOLDER, home_in
from gridplus.cli.serving import FILE


@click.command(name="prefer")
@click.argument("folder", type=AGENT_FOLDER)
@click.argument("file", type=FILE)
def command(folder: Path, file: Path) -> None:
    """Check the preferences in FILE and give them to the agent in FOLDER.

    They count from the next quarter hour on. Wishes that contradict each other are refused, with
    both lines. A whole file, every part of which may be left out:

    \b
      format = "gridplus.preferences/1"
      never_pay_more_than_cents = 40      # a kWh; dearer hours are waited out
      off_limits = ["water"]              # the agent never touches it
      [battery]
      reserve_wh = 2000                   # kept for an outage
      [car]
      ready_by = "07:00"
      ready_with_wh = 40_000
      [[comfort]]
      hours = "06:00-22:00"
      low_c = 20
      high_c = 24.5
      [[quiet]]
      hours = "22:00-06:00"
      devices = ["climate"]
      [requests]
      join = true                         # paid requests to use less
      least_reward_cents = 10
      [alerts]
      worth_cents = 100                   # of a kWh left out in an emergency
    """
    from gridplus.agent.owners_word import PREFERENCES_FILE
    from gridplus.control import Orders, guide, parse_preferences
    from gridplus.files import read_file, write_file

    data = read_file(file)
    preferences = parse_preferences(data, what=str(file))
    home = home_in(folder)
    if home is not None:
        guide(home, Orders(preferences), asks=(), now_s=0)
    write_file(folder / PREFERENCES_FILE, data)
    click.echo("Your preferences count from the next quarter hour on.")
