"""`gridplus chain`."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gridplus.cli.serving import FILE, serving_options
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import InputError
from gridplus.wallet import Address

if TYPE_CHECKING:
    from gridplus.chain import Chain
    from gridplus.keystore import Secp256k1Key

_WEI = 10**18
_URL = click.option("--url", required=True, help="The node, like http://127.0.0.1:8545.")
_DEPLOYMENT = click.option(
    "--deployment", required=True, type=FILE, help="File that names the contracts."
)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(name="chain")
def command() -> None:
    """The embedded chain, and a retailer's contracts on any chain.

    Try it out, then talk to it with any wallet:

    \b
      gridplus chain serve --state chain.db --port 8545 --dev
      cast chain-id --rpc-url http://127.0.0.1:8545
      gridplus chain status --url http://127.0.0.1:8545 --deployment 1735551332.json
    """


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
@click.option(
    "--dev",
    is_flag=True,
    help="Deploy the contracts for keys that everybody knows, and name a holder with ether and "
    "BOLT. The deployment file is put beside the state.",
)
@click.option("--json", "only_json", is_flag=True, help="Say nothing but the ready line.")
@serving_options
def serve(
    state: Path,
    chain_id: int,
    fund: tuple[str, ...],
    clock: Path | None,
    dev: bool,
    only_json: bool,
    port: int,
    exit_with_parent: bool,
) -> None:
    """Serve a chain in one file as JSON-RPC on loopback, until SIGTERM.

    An EVM under Osaka rules with a block for each batch of transactions. Any wallet can talk to
    it; state survives a kill. The first line on standard output is JSON: url, chain id and, with
    --dev, contracts and the holder with its private key. Never use --dev for money.
    """
    from gridplus.chain.embedded import Genesis
    from gridplus.chain.server import ServedChain, serve_chain

    keys = _dev_keys() if dev else {}
    funded = [_address(text, "--fund") for text in fund] + [key.address for key in keys.values()]
    now: Clock = SystemClock() if clock is None else FileClock(clock)

    def found(chain: "Chain") -> dict[str, Any]:
        return _found_dev(chain, keys, folder=state.parent, quiet=only_json) if dev else {}

    serve_chain(
        ServedChain(state, now, Genesis(chain_id, dict.fromkeys(funded, 1_000 * _WEI))),
        port=port,
        exit_with_parent=exit_with_parent,
        found=found,
    )


@command.command()
@_URL
@click.option("--keys", required=True, type=_FOLDER, help="Key store of the deployer.")
@click.option("--key", default="deployer", show_default=True, help="Its key's name.")
@click.option("--issuer", required=True, metavar="ADDRESS", help="Rules the token's minters.")
@click.option("--attestor", required=True, metavar="ADDRESS", help="Attests the reserve.")
@click.option("--minter", required=True, metavar="ADDRESS", help="Mints, not the attestor.")
@click.option("--hub", required=True, metavar="ADDRESS", help="The hot key that claims.")
@click.option("--treasurer", required=True, metavar="ADDRESS", help="The cold key of the pool.")
@click.option("--publisher", required=True, metavar="ADDRESS", help="Anchors prices and bills.")
@click.option("--deployments", default="deployments", show_default=True, type=_FOLDER)
def deploy(url: str, keys: Path, key: str, deployments: Path, **roles: str) -> None:
    """Put token, vault and anchor on a chain and write deployments/CHAIN_ID.json.

    When that file is there already, nothing is deployed: its contracts are checked. What was
    interrupted is finished when it is asked again, with the same key and roles.
    """
    from gridplus.chain import Account, RpcChain
    from gridplus.chain.deployment import Deployment
    from gridplus.chain.founding import Roles, deploy_contracts, remove_notes
    from gridplus.keystore import KeyStore, Secp256k1Key

    named = Roles(**{role: _address(text, f"--{role}") for role, text in roles.items()})
    with RpcChain(url) as chain:
        path = deployments / f"{chain.chain_id}.json"
        notes = path.with_suffix(".started.json")
        if path.exists():
            Deployment.load(path).require_on(chain)
            click.echo(f"{path} names contracts that are in order; nothing was deployed")
            return
        account = Account(KeyStore(keys).load(key, Secp256k1Key), chain)
        deploy_contracts(account, chain, roles=named, notes=notes).save(path)
        remove_notes(notes)
    click.echo(f"wrote {path}")


@command.command()
@_URL
@_DEPLOYMENT
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(url: str, deployment: Path, as_json: bool) -> None:
    """Say how a chain stands, and a retailer's vault on it."""
    from gridplus.chain import RpcChain
    from gridplus.chain.deployment import Deployment
    from gridplus.chain.views import ask
    from gridplus.contracts import calls

    with RpcChain(url) as chain:
        named = Deployment.load(deployment)
        named.require_on(chain)
        head, hub = chain.head(), ask(chain, named.vault, view=calls.hub())
        told = {
            "chain_id": chain.chain_id,
            "block": head.number,
            "block_time_s": head.timestamp_s,
            "final_block": chain.finalized().number,
            "base_fee_wei": head.base_fee_wei,
            "pool_ubolt": ask(chain, named.vault, view=calls.pool()),
            "hub": f"0x{hub.hex()}",
            "hub_wei": chain.balance(Address(hub)),
            "publisher_wei": chain.balance(named.publisher),
        }
    rows = [f"{name:14} {value}" for name, value in told.items()]
    click.echo(json.dumps(told) if as_json else "\n".join(rows))


@command.command("verify-deployment")
@_URL
@_DEPLOYMENT
def verify_deployment(url: str, deployment: Path) -> None:
    """Compare the contracts on a chain with the file and with this version's code.

    Exits with 1 when something does not hold.
    """
    from gridplus.chain import RpcChain
    from gridplus.chain.deploy import findings
    from gridplus.chain.deployment import Deployment

    with RpcChain(url) as chain:
        found = findings(chain, Deployment.load(deployment))
    for what, holds in found:
        click.echo(f"{'holds ' if holds else 'FAILS '} {what}")
    if not all(holds for _, holds in found):
        raise InputError(f"{deployment} does not hold on {url}")


@command.command()
@click.argument("name")
@click.argument("arguments", nargs=-1)
def initcode(name: str, arguments: tuple[str, ...]) -> None:
    """Print the creation code of contract NAME with its constructor's ARGUMENTS: one line of hex.

    \b
      gridplus chain initcode anchor
      cast send --create $(gridplus chain initcode vault TOKEN HUB TREASURER)
    """
    from gridplus.chain.deploy import init_code

    click.echo(f"0x{init_code(name, arguments).hex()}")


def _dev_secret(role: str) -> bytes:
    return hashlib.sha256(f"gridplus dev {role}".encode()).digest()


def _dev_keys() -> "dict[str, Secp256k1Key]":
    import coincurve

    from gridplus.chain.deploy import DEV_ROLES
    from gridplus.keystore import Secp256k1Key

    return {role: Secp256k1Key(coincurve.PrivateKey(_dev_secret(role))) for role in DEV_ROLES}


def _found_dev(
    chain: "Chain", keys: "dict[str, Secp256k1Key]", *, folder: Path, quiet: bool
) -> dict[str, Any]:
    from gridplus.chain.deploy import found_dev
    from gridplus.chain.deployment import CONTRACTS

    deployment = found_dev(chain, keys)
    deployment.save(folder / f"{chain.chain_id}.json")
    addresses = {name: f"0x{getattr(deployment, name).hex()}" for name in CONTRACTS}
    holder = {
        "address": f"0x{keys['holder'].address.hex()}",
        "private_key": f"0x{_dev_secret('holder').hex()}",
    }
    if not quiet:
        rows = {**addresses, **{f"holder {name}": value for name, value in holder.items()}}
        click.echo("\n".join(f"{name:18} {value}" for name, value in rows.items()), err=True)
    return {"contracts": addresses, "holder": holder}


def _address(text: str, option: str) -> Address:
    digits = text.removeprefix("0x")
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        octets = b""
    if len(octets) != 20:
        raise InputError(f"{option} {text}: an address is 0x and 40 hex digits")
    return Address(octets)
