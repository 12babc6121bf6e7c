"""`gridplus ramp`."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gridplus.cli.serving import FILE, serving_options

_BOLT = click.IntRange(0, 100_000)


@click.group(name="ramp")
def command() -> None:
    """Payments by card or bank become deposits, once they are final."""


@command.command()
@click.option("--config", required=True, type=FILE, help="Configuration file (TOML).")
@serving_options
def serve(config: Path, port: int, exit_with_parent: bool) -> None:
    """Serve the ramp on loopback until SIGTERM; docs/ramp.md shows the file.

    Without `provider_url` it plays: every top-up is paid and final at once.
    """
    from gridplus.ramp import RampConfig, serve_ramp

    serve_ramp(RampConfig.load(config), port=port, exit_with_parent=exit_with_parent)


@command.command()
@click.option("--home", required=True, type=FILE, help="The home's open-channel.json.")
@click.option("--keys", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--key", default="owner", show_default=True, help="The owner's key in the store.")
@click.option("--url", required=True, help="Where the ramp serves.")
@click.option("--number", required=True, type=click.IntRange(1), help="Higher than the last one.")
@click.option("--below", required=True, type=_BOLT, help="Top up when less BOLT is left.")
@click.option("--amount", required=True, type=_BOLT, help="BOLT a time; 0 ends the order.")
@click.option("--daily", required=True, type=_BOLT, help="Ceiling of a UTC day, in BOLT.")
@click.option("--monthly", required=True, type=_BOLT, help="Ceiling of a UTC month, in BOLT.")
@click.option("--until", required=True, help="Last day, like 2027-12-31.")
@click.option("--yes", is_flag=True, help="Do not ask before signing.")
def mandate(home: Path, keys: Path, key: str, url: str, yes: bool, **terms: Any) -> None:
    """The owner's standing order: top up by itself, within ceilings of a day and a month.

    Says in words what is about to be signed, and asks.
    """
    from gridplus.digest import parse_document
    from gridplus.failures import InputError
    from gridplus.keystore import KeyStore, Secp256k1Key
    from gridplus.ramp.facts import SignedMandate
    from gridplus.units import UBOLT_PER_BOLT
    from gridplus.wallet import TopUpMandate, mandate_digest
    from gridplus.wire import OpenChannel

    identity = OpenChannel.parse(home.read_bytes()).identity
    try:
        until = datetime.fromisoformat(terms["until"] + "T23:59:59+00:00")
    except ValueError:
        raise InputError(f"--until {terms['until']}: write a day like 2027-12-31") from None
    made = TopUpMandate(
        identity.channel,
        below_ubolt=terms["below"] * UBOLT_PER_BOLT,
        amount_ubolt=terms["amount"] * UBOLT_PER_BOLT,
        daily_ubolt=terms["daily"] * UBOLT_PER_BOLT,
        monthly_ubolt=terms["monthly"] * UBOLT_PER_BOLT,
        number=terms["number"],
        valid_until_s=int(until.timestamp()),
    )
    click.echo(made.words())
    if not yes:
        click.confirm("Sign it?", abort=True)
    digest = mandate_digest(identity.domain, made)
    signed = SignedMandate(made, KeyStore(keys).load(key, Secp256k1Key).sign(digest))
    named = {
        "home": parse_document(home.read_bytes(), limit=OpenChannel.LIMIT, what=str(home)),
        "mandate": parse_document(signed.to_bytes(), limit=OpenChannel.LIMIT, what="it"),
    }
    _send(f"{url}/v1/mandates", named)
    click.echo("The ramp keeps it.")


def _send(url: str, document: dict[str, Any]) -> None:
    import httpx

    from gridplus.failures import RemoteError

    try:
        answer = httpx.post(url, json=document, timeout=60, trust_env=False)
    except httpx.HTTPError as error:
        raise RemoteError(f"{url} does not answer: {error!r}") from None
    if answer.status_code != 200:
        raise RemoteError(f"{url} refuses: {answer.text[:300]}")
