"""The command line: parses, wires, runs; no logic."""

import sys
from io import TextIOWrapper

import click

from gridplus.cli.commands import gridplus
from gridplus.cli.no_core import leave_no_core
from gridplus.failures import GridPlusError

__all__ = ["main"]


def main() -> None:
    """Run `gridplus`. Whatever the world does wrong is one sentence on stderr and exit status 1;
    whatever we do wrong leaves no core file."""
    leave_no_core()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no µ shows a ?
    try:
        gridplus.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except GridPlusError as error:
        click.echo(f"gridplus: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(141)
