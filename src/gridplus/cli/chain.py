"""`gridplus chain`."""

from pathlib import Path

import click

from gridplus.cli.serving import FILE, serving_options
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import InputError
from gridplus.wallet import Address

_WEI = 10**18


@click.group(name="chain")
def command() -> None:
    """The embedded chain."""


@command.command()
@click.option(
    "--state",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that holds the chain; made when it is absent.",
)
@click.option("--chain-id", default=1_735_551_332, show_default=True, type=click.IntRange(1))
@click.option(
    "--fund",
    multiple=True,
    metavar="ADDRESS",
    help="Give this account 1,000 ether when the chain is made. May be repeated.",
)
@click.option("--clock", type=FILE, help="Clock file that says the time; default: the system's.")
@serving_options
def serve(
    state: Path,
    chain_id: int,
    fund: tuple[str, ...],
    clock: Path | None,
    port: int,
    exit_with_parent: bool,
) -> None:
    """Serve a chain in one file as JSON-RPC on loopback, until SIGTERM.

    An EVM under Osaka rules with a block for each batch of transactions. Any wallet can talk to
    it; state survives a kill.
    """
    from gridplus.chain.embedded import Genesis
    from gridplus.chain.server import serve_chain

    now: Clock = SystemClock() if clock is None else FileClock(clock)
    serve_chain(
        state=state,
        clock=now,
        genesis=Genesis(chain_id, {_address(text): 1_000 * _WEI for text in fund}),
        port=port,
        exit_with_parent=exit_with_parent,
    )


def _address(text: str) -> Address:
    digits = text.removeprefix("0x")
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        octets = b""
    if len(octets) != 20:
        raise InputError(f"--fund {text}: an address is 0x and 40 hex digits")
    return Address(octets)
