"""`gridplus hub`."""

from pathlib import Path

import click

from gridplus.cli.serving import FILE, serving_options


@click.group(name="hub")
def command() -> None:
    """The payment hub."""


@command.command()
@click.option("--config", required=True, type=FILE, help="Configuration file (TOML).")
@serving_options
def serve(config: Path, port: int, exit_with_parent: bool) -> None:
    """Serve the hub on loopback until SIGTERM."""
    from gridplus.hub import HubConfig, serve_hub

    serve_hub(HubConfig.load(config), port=port, exit_with_parent=exit_with_parent)
