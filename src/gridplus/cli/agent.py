"""`gridplus agent`: one module a subcommand, imported when it is called."""

from importlib import import_module

import click

_COMMANDS = {
    "consent": "let a kind of signal move a device, or not any more; signed by your key",
    "enrol": "claim this box, be certified, and pay for the first interval",
    "log": "what your devices did, why, by which signal and by whose leave",
    "override": "your hand on a device, at once, for as long as you say",
    "prefer": "how you want to live: comfort, reserve, car, highest price, quiet hours",
    "status": "what you have said, and what may move your devices now",
    "update": "signed releases of the software: check one, put one in force",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"gridplus.cli.agent_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(name="agent", cls=_Lazy)
def command() -> None:
    """The Smart Agent: the box in a home."""
