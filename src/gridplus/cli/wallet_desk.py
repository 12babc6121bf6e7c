"""What the wallet's commands share: papers, keys, a desk at a node, orders in their files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from gridplus.cli.serving import FILE
from gridplus.cli.wallet_papers import stored
from gridplus.failures import InputError
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT

if TYPE_CHECKING:
    from gridplus.chain import Account, Chain
    from gridplus.keystore import DeviceKey, Secp256k1Key
    from gridplus.owner import Desk, Order
    from gridplus.wallet import Action, Address

K = TypeVar("K", "Secp256k1Key", "DeviceKey")
PAPERS = click.argument("papers", type=FILE)
RPC = click.option("--rpc", required=True, help="A node of the chain, like http://127.0.0.1:8545.")
KEY = click.option(
    "--key", required=True, metavar="STORE:NAME", help="The key that acts, and pays the fee."
)
OUT = click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where to put the order.",
)
YES = click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def write_order(out: Path, *, desk: "Desk", action: "Action") -> None:
    from gridplus.files import write_file
    from gridplus.owner import Order

    if out.exists():
        raise InputError(f"{out} exists; an order never overwrites a file")
    order = Order(desk.identity, action)
    say(order, desk)
    write_file(out, order.to_bytes())
    click.echo(f"wrote {out}; now it is signed: gridplus wallet sign {out}")


def say(order: "Order", desk: "Desk") -> None:
    from gridplus.owner import say_order

    now = desk.standing()
    for sentence in say_order(order, now.view):
        click.echo(sentence)
    if order.signatures:
        click.echo(f"Signed by: {', '.join(order.signatures)}.")


def role_in(order: "Order", signer: bytes, *, hub: "Address") -> str:
    from gridplus.owner import OrderRefused

    role = order.role_of(signer, hub=hub)
    if role is None:
        raise InputError(OrderRefused.NOT_OF_THIS_HOME.value)
    return role


def signer_named(key: str | None, device: str | None) -> "tuple[Secp256k1Key | DeviceKey, bytes]":
    from gridplus.keystore import DeviceKey, Secp256k1Key

    if device is not None:
        box = key_in(device, DeviceKey)
        return box, box.public
    account = key_in(key or "", Secp256k1Key)
    return account, account.address


def papers_in(path: Path) -> ChannelIdentity:
    from gridplus.owner import parse_papers

    return parse_papers(path.read_bytes(), what=str(path))


def order_in(path: Path) -> "Order":
    from gridplus.owner import parse_order

    return parse_order(path.read_bytes(), what=str(path))


@contextmanager
def desk_at(papers: Path, rpc: str) -> Iterator["Desk"]:
    with desk_of(papers_in(papers), rpc) as desk:
        yield desk


@contextmanager
def desk_of(identity: ChannelIdentity, rpc: str) -> Iterator["Desk"]:
    from gridplus.chain import RpcChain
    from gridplus.owner import Desk

    with RpcChain(rpc) as chain:
        yield Desk(chain, identity)


@contextmanager
def registry_at(registry: str, rpc: str) -> "Iterator[tuple[Chain, Address]]":
    """The registry of devices at a node. Raises InputError where there is none."""
    from gridplus.chain import RpcChain

    where = address(registry)
    with RpcChain(rpc) as chain:
        if not chain.code(where):
            raise InputError(f"there is no registry at {registry} on this chain")
        yield chain, where


def account_at(desk: "Desk", key: "Secp256k1Key") -> "Account":
    from gridplus.chain import Account

    return Account(key, desk.chain)


def key_named(named: str) -> "Secp256k1Key":
    from gridplus.keystore import Secp256k1Key

    return key_in(named, Secp256k1Key)


def key_in(named: str, kind: type[K]) -> K:
    store, name = stored(named)
    return store.load(name, kind)


def address(text: str) -> "Address":
    from gridplus.wallet import Address

    if not _ADDRESS.fullmatch(text):
        raise InputError(f"{text!r} is no address; it is 0x and 40 hexadecimal digits")
    return Address(bytes.fromhex(text[2:]))


def ubolt_of(text: str) -> int:
    try:
        ubolt = Decimal(text) * UBOLT_PER_BOLT
    except InvalidOperation:
        raise InputError(f"{text!r} is no amount; write BOLT, like 25 or 25.50") from None
    if not ubolt.is_finite() or ubolt <= 0 or ubolt != int(ubolt) or ubolt >= 1 << 48:
        raise InputError(f"{text!r} is no amount: more than 0, at most six digits after the point")
    return int(ubolt)


def confirm(yes: bool, sentence: str) -> None:
    click.echo(sentence)
    if not yes:
        click.confirm("Go on?", abort=True)
