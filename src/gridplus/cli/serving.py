"""Options that every service's `serve` command has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def serving_options(command: F) -> F:
    """--port and --exit-with-parent."""
    command = click.option(
        "--exit-with-parent",
        is_flag=True,
        help="End when standard input ends, so that no service outlives who started it.",
    )(command)
    return click.option(
        "--port",
        default=0,
        show_default=True,
        type=click.IntRange(0, 65_535),
        help="Port on 127.0.0.1; 0 takes a free one. The first line printed names it, as JSON.",
    )(command)
