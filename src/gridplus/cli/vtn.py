"""`gridplus vtn`."""

from pathlib import Path

import click

from gridplus.cli.serving import FILE, serving_options


@click.group(name="vtn")
def command() -> None:
    """Market signals: an OpenADR 3.1.0 VTN."""


@command.command()
@click.option(
    "--state",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the VTN's journal; made, and empty, when it is absent.",
)
@click.option("--clients", type=FILE, help="Provisioned OAuth2 clients (TOML, [[client]] tables).")
@click.option("--mqtt", metavar="URI", help="Broker to publish to, like mqtt://127.0.0.1:1883.")
@click.option("--clock", type=FILE, help="A clock file instead of the system's.")
@click.option(
    "--test-mode",
    is_flag=True,
    help="Webhooks to this machine by plain HTTP, short secrets, VENs from the file.",
)
@serving_options
def serve(
    state: Path,
    clients: Path | None,
    mqtt: str | None,
    clock: Path | None,
    test_mode: bool,
    port: int,
    exit_with_parent: bool,
) -> None:
    """Serve a VTN alone, on loopback, until SIGTERM."""
    from gridplus.retailer.vtn import VtnTerms, serve_vtn

    terms = VtnTerms(state, clients, test_mode, mqtt, clock)
    serve_vtn(terms, port=port, exit_with_parent=exit_with_parent)
