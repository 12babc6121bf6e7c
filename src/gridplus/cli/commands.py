"""The tree of commands. A command's own module is imported when it is called, not before."""

import click

from gridplus import __version__
from gridplus.cli.lazy import LazyGroup

_COMMANDS = {
    "agent": "the Smart Agent: claim a box, be certified, pay",
    "audit": "rebuild a period from the journals, compare bills, ledger and chain",
    "bill": "print a bill for people: HTML and PDF",
    "chain": "the embedded chain: serve it to wallets and services",
    "demo": "a street of real homes buys a real day of electricity",
    "hub": "the payment hub: bills, vouchers, claims",
    "journal": "what a service remembers: verify, copy, migrate",
    "keys": "private keys: make, list, rotate, back up",
    "meter": "meter files: check, import, export, edit; every version kept",
    "pki": "certificates of devices: issue, renew, revoke, verify",
    "ledger": "the retailer's books: export, statement, check, reconcile",
    "ramp": "payments by card or bank become deposits, once they are final",
    "plan": "a home's devices for a day, with reasons; plan files: check, label, compare",
    "rate": "what a plan makes of a meter file, line by line",
    "release": "sign a release of the Smart Agent's software",
    "restate": "what bills should have been, with corrected prices, reads or plan",
    "retailer": "the back office: prices, position, day close, ledger",
    "sandbox": "a retailer with one home, for a client of your own",
    "wallet": "the owner's and guardian's side: status, deposit, exit, rescue",
    "verify": "recompute bills and compare them with the chain",
    "watch": "a watchtower: redeem what was signed when the hub is gone",
    "vtn": "market signals: an OpenADR 3.1.0 VTN on its own",
}


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from gridplus.contracts import artifact

    click.echo(f"gridplus {__version__}")
    for name in ("bolt", "vault", "anchor"):
        click.echo(f"  {name:7} runtime code 0x{artifact(name).runtime_hash.hex()}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    modules="gridplus.cli.",
    told=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and the hashes of the contracts' code.",
)
def gridplus() -> None:
    """Sell electricity without a back office.

    Homes pay each quarter hour as it is metered; anyone can recompute a bill to the last µBOLT
    (1 BOLT = 1 dollar). Begin with:

    \b
      gridplus demo                 17 homes, one day, about half a minute
      gridplus verify demo-out/bills/*.json
    """
