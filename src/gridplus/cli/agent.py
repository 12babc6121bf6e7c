"""`gridplus agent`: one module a subcommand, imported when it is called."""

import click

from gridplus.cli.lazy import LazyGroup

_COMMANDS = {
    "consent": "let a kind of signal move a device, or not any more; signed by your key",
    "enrol": "claim this box, be certified, and pay for the first interval",
    "log": "what your devices did, why, by which signal and by whose leave",
    "override": "your hand on a device, at once, for as long as you say",
    "prefer": "how you want to live: comfort, reserve, car, highest price, quiet hours",
    "run": "live: meter, hear, plan, pay, stay certified, until SIGTERM",
    "status": "what you have said, and what may move your devices now",
    "update": "signed releases of the software: check one, put one in force",
}


@click.group(name="agent", cls=LazyGroup, modules="gridplus.cli.agent_", told=_COMMANDS)
def command() -> None:
    """The Smart Agent: the box in a home."""
