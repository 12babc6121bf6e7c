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


@command.command()
@click.option("--config", required=True, type=FILE, help="The hub's configuration file (TOML).")
@click.option("--url", required=True, help="Where it serves, like http://127.0.0.1:8080.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def export(config: Path, url: str, out: Path) -> None:
    """Write OUT, from which `gridplus watch` acts when the hub is gone.

    Vouchers and credits that the chain does not hold yet, and claims of them signed ahead. Make a
    new one after each claim and as often as a loss matters; OUT is replaced as a whole.
    """
    import httpx

    from gridplus.chain.deployment import write_whole
    from gridplus.failures import RemoteError
    from gridplus.hub import HubConfig
    from gridplus.keystore import read_token
    from gridplus.wire import Promises

    token = read_token(HubConfig.load(config).admin_token)
    try:
        answer = httpx.get(
            f"{url}/v1/admin/promises",
            headers={"authorization": f"Bearer {token}"},
            timeout=600,
            trust_env=False,
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise RemoteError(f"the hub at {url} gives no promises: {error!r}") from None
    made = Promises.parse(answer.content, what="what the hub answers")
    write_whole(out, answer.content)
    click.echo(
        f"wrote {out}: {len(made.vouchers)} vouchers, {len(made.credits)} credits, "
        f"{len(made.claims)} claims signed ahead, {len(answer.content)} bytes"
    )
