"""`gridplus agent log`."""

import json
from collections import deque
from pathlib import Path
from typing import Any

import click

from gridplus.cli.agent_folder import AGENT_FOLDER, at
from gridplus.failures import InputError


@click.command(name="log")
@click.argument("folder", type=AGENT_FOLDER)
@click.option("--last", default=8, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--device", help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each quarter hour.")
def command(folder: Path, *, last: int, device: str | None, as_json: bool) -> None:
    """What your devices were told in the LAST quarter hours, and why.

    Each line names the signal behind it, with the time of its writing, and the consents (kind and
    number) that allowed it. Read from the agent's journal, which nobody can change; while the agent
    has it open, another copy of it is needed.
    """
    from gridplus.agent.memory import Kind
    from gridplus.journal import SqliteJournal

    path = folder / "agent.journal"
    if not path.exists():
        raise InputError(f"{path} is not there: this agent has done nothing yet")
    with SqliteJournal.open(path, now_s=lambda: 0) as journal:
        told = (s.fact.body for s in journal.replay() if s.fact.kind == Kind.DEVICES_TOLD)
        found = [json.loads(body) for body in deque(told, maxlen=last)]
    for entry in found:
        if as_json:
            click.echo(json.dumps(entry))
        else:
            _say(entry, device)


def _say(entry: dict[str, Any], device: str | None) -> None:
    click.echo(at(entry["start_s"]))
    for action in entry["actions"]:
        if device not in (None, action["device"]):
            continue
        click.echo(f"  {action['device']:8} {action['does']}: {action['why']}")
        if action["signals"]:
            click.echo(f"{'':11}signal: {'; '.join(action['signals'])}")
        if action["consents"]:
            click.echo(f"{'':11}by your consent: {', '.join(action['consents'])}")
    for declined in entry["declined"]:
        click.echo(f"  asked and not followed ({declined['signal']}): {declined['why']}")
