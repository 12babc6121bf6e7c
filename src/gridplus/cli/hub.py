"""`gridplus hub`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gridplus.cli.serving import FILE, serving_options

F = TypeVar("F", bound=Callable[..., Any])
_LIMIT_S = 600
_OF_SHARD = click.option(
    "--shard",
    type=click.IntRange(0),
    help="The journal of this shard; without it that of the claims, of a hub that has shards.",
)


def _running(command: F) -> F:
    """--config and --url of a hub that serves."""
    command = click.option(
        "--url", required=True, help="Where it serves, like http://127.0.0.1:8080."
    )(command)
    return click.option(
        "--config", required=True, type=FILE, help="The hub's configuration file (TOML)."
    )(command)


@click.group(name="hub")
def command() -> None:
    """The payment hub."""


@command.command()
@click.option("--config", required=True, type=FILE, help="Configuration file (TOML).")
@click.option("--shard", type=click.IntRange(0), help="Serve this shard alone, from 0.")
@serving_options
def serve(config: Path, port: int, exit_with_parent: bool, shard: int | None) -> None:
    """Serve the hub on loopback until SIGTERM.

    Of a hub that has shards this is the coordinator, which starts those that are not elsewhere.

    GET /health says how it stands, GET /openapi.json what it answers, GET /metrics (with the
    administrator's token) what Prometheus wants to know.
    """
    from gridplus.hub import HubConfig, serve_hub

    loaded = HubConfig.load(config)
    serve_hub(loaded, port=port, exit_with_parent=exit_with_parent, index=shard)


@command.command()
@_running
@click.option("--shard", type=click.IntRange(0), help="This shard alone, from 0.")
def drain(config: Path, url: str, shard: int | None) -> None:
    """End the hub, or one shard of it, once it has finished what is under way.

    A shard that is drained is not started again: its journal can be moved, and it with it.
    """
    query = "" if shard is None else f"?shard={shard}"
    _ask(config, url, path=f"/v1/admin/drain{query}", method="POST")
    click.echo("the hub ends" if shard is None else f"shard {shard} has ended")


@command.command()
@click.option("--config", required=True, type=FILE, help="The hub's configuration file (TOML).")
def split(config: Path) -> None:
    """Make the journals of all shards from the one of a hub that had none, while it is stopped.

    Each is a copy of it; of the homes in it a shard serves its own. The hub without shards is not
    served from it any more.
    """
    from gridplus.hub import HubConfig, split_hub

    for place, copied in split_hub(HubConfig.load(config)):
        click.echo(f"{place}: {copied}")


@command.command()
@_running
@click.option("--json", "as_json", is_flag=True, help="The same as JSON, in µBOLT.")
def status(config: Path, url: str, as_json: bool) -> None:
    """What the hub risks and lends, what waits for the chain, which homes need somebody.

    Exit status 1 while something is not well.
    """
    from gridplus.failures import RemoteError
    from gridplus.units import counted, format_ubolt, format_utc, utc_from_s

    now = json.loads(_ask(config, url, path="/v1/admin/status"))
    exposed = json.loads(_ask(config, url, path="/v1/admin/exposure"))
    if as_json:
        click.echo(json.dumps({**now, "exposed": exposed}, indent=1))
    else:
        oldest = now["oldest_unclaimed_s"]
        since = "" if oldest is None else f", the oldest of {format_utc(utc_from_s(oldest))}"
        click.echo(
            f"{counted(now['homes'], 'home')}, {now['leaving']} leaving, "
            f"{now['stopped']} get nothing more\n"
            f"{format_ubolt(now['unsigned'])} BOLT billed and not signed yet, "
            f"{format_ubolt(now['largest_unsigned'])} by one home\n"
            f"{format_ubolt(now['unclaimed'])} BOLT signed and not on chain yet{since}\n"
            f"{format_ubolt(now['unposted'])} BOLT credited and not on chain yet\n"
            f"chain: {now['chain']}"
        )
        for home in exposed["homes"]:
            left = format_ubolt(max(0, home["left_ubolt"]))
            click.echo(f"  {home['channel']} {home['step']}, {left} BOLT left: {home['sentence']}")
        if exposed["count"] > len(exposed["homes"]):
            click.echo(f"  and {exposed['count'] - len(exposed['homes'])} more")
    if now["faults"]:
        told = "; ".join(f"{what}: {why}" for what, why in now["faults"].items())
        raise RemoteError(f"not all is well with the hub: {told}")


@command.command()
@_running
def claim(config: Path, url: str) -> None:
    """Redeem on chain what homes have signed, in one transaction.

    The back office does so at the end of a day; this is for in between. What a block does not hold
    is left for the next claim.
    """
    from gridplus.units import mul_div_up

    mined = json.loads(_ask(config, url, path="/v1/admin/claims", method="POST"))
    if mined["transaction"] is None:
        click.echo("nothing is due: the chain has paid every durable voucher it can pay")
        return
    gas = mul_div_up(mined["gas_used"], 1, divisor=mined["homes"])
    click.echo(
        f"claimed the vouchers of {mined['homes']} homes in block {mined['block']}, "
        f"{gas:,} gas a home, transaction {mined['transaction']}"
    )


@command.command()
@_running
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def export(config: Path, url: str, out: Path) -> None:
    """Write OUT, from which `gridplus watch` acts when the hub is gone.

    Vouchers and credits that the chain does not hold yet, and claims of them signed ahead. Make a
    new one after each claim and as often as a loss matters; OUT is replaced as a whole.
    """
    from gridplus.chain.deployment import write_whole
    from gridplus.wire import Promises

    content = _ask(config, url, path="/v1/admin/promises")
    made = Promises.parse(content, what="what the hub answers")
    write_whole(out, content)
    click.echo(
        f"wrote {out}: {len(made.vouchers)} vouchers, {len(made.credits)} credits, "
        f"{len(made.claims)} claims signed ahead, {len(content)} bytes"
    )


@command.command()
@_running
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@_OF_SHARD
def backup(config: Path, url: str, out: Path, shard: int | None) -> None:
    """Bring OUT, new or an older copy, up to the running hub's journal.

    OUT is a journal in a file. Only what it lacks is fetched; each fact is checked as it comes, and
    at the end OUT is read as a whole. `gridplus hub restore` brings it back.
    """
    from gridplus.journal import open_journal
    from gridplus.journal.copying import extend, sum_of, unpack

    with open_journal(out, now_s=lambda: 0) as journal:
        while True:
            after = max(0, journal.last_sequence - 1)
            of_shard = "" if shard is None else f"&shard={shard}"
            facts = unpack(_ask(config, url, path=f"/v1/admin/journal?after={after}{of_shard}"))
            if not extend(journal, facts):
                break
        click.echo(f"{out}: {sum_of(journal.replay())}")


@command.command()
@click.option("--config", required=True, type=FILE, help="The hub's configuration file (TOML).")
@click.argument("copy", type=FILE)
@_OF_SHARD
def restore(config: Path, copy: Path, shard: int | None) -> None:
    """Bring the configured journal, new or an older one, up to COPY, while the hub is stopped.

    Both are read and compared, and the hub's state is rebuilt from the result.
    """
    from gridplus.hub import HubConfig, restore_hub
    from gridplus.units import counted

    loaded = HubConfig.load(config)
    if shard is not None:
        loaded = loaded.of_shard(loaded.shard(shard))
    restored = restore_hub(loaded, copy)
    click.echo(f"restored {restored.sum}: {counted(restored.homes, 'home')}")


def _ask(config: Path, url: str, *, path: str, method: str = "GET") -> bytes:
    """The hub's answer to its administrator. Raises RemoteError when there is none."""
    import httpx

    from gridplus.failures import RemoteError
    from gridplus.hub import HubConfig
    from gridplus.keystore import read_token

    token = read_token(HubConfig.load(config).admin_token)
    try:
        answer = httpx.request(
            method,
            f"{url}{path}",
            headers={"authorization": f"Bearer {token}"},
            timeout=_LIMIT_S,
            trust_env=False,
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise RemoteError(f"the hub at {url} does not answer {path}: {error!r}") from None
    return answer.content
