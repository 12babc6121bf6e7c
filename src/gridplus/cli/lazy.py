"""Groups whose commands are modules, imported when they are called and not before."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """`modules` is the prefix of the modules' names; each has a `command`. `told` says in a line
    what each command is for."""

    def __init__(self, *, modules: str, told: Mapping[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self._modules = modules
        self._told = told

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._told)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._told:
            return None
        command: click.Command = import_module(self._modules + cmd_name).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(self._told.items()))
