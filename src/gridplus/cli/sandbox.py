"""`gridplus sandbox`."""

import signal
from pathlib import Path

import click


@click.command(name="sandbox")
@click.option("--seed", default=1, show_default=True, help="All keys are derived from it.")
@click.option("--out", default="sandbox-out", show_default=True, type=click.Path(path_type=Path))
def command(seed: int, out: Path) -> None:
    """A retailer with one home, for a client of your own; until Ctrl-C.

    Prints one JSON line: the URLs of hub, back office and chain, the folder of the home with its
    keys and its `open-channel.json`, and the start of the first interval that can be paid
    (2021-08-11). `examples/another_client.py` speaks to it; docs/protocol.md says how.
    """
    from gridplus.demo.sandbox import sandbox

    with sandbox(out, seed=seed) as founded:
        click.echo(founded.described())
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
