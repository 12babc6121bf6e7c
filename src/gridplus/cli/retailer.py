"""`gridplus retailer`."""

from pathlib import Path

import click

from gridplus.cli.serving import FILE, serving_options


@click.group(name="retailer")
def command() -> None:
    """The back office."""


@command.command()
@click.option("--config", required=True, type=FILE, help="Configuration file (TOML).")
@serving_options
def serve(config: Path, port: int, exit_with_parent: bool) -> None:
    """Serve the retailer on loopback until SIGTERM."""
    from gridplus.retailer import RetailerConfig, serve_retailer

    serve_retailer(RetailerConfig.load(config), port=port, exit_with_parent=exit_with_parent)
