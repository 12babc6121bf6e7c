"""`gridplus wallet`: what owner and guardian do, on their own computers."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from gridplus.cli.serving import FILE
from gridplus.cli.wallet_hub import command as ask_hub
from gridplus.cli.wallet_papers import receipt, require_receipts, salt, stored
from gridplus.failures import InputError
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT

if TYPE_CHECKING:
    from gridplus.chain import Account
    from gridplus.keystore import DeviceKey, Secp256k1Key
    from gridplus.owner import Desk, Order
    from gridplus.wallet import Action, Address

K = TypeVar("K", "Secp256k1Key", "DeviceKey")
OUT = click.Path(dir_okay=False, path_type=Path)
_PAPERS = click.argument("papers", type=FILE)
_RPC = click.option("--rpc", required=True, help="A node of the chain, like http://127.0.0.1:8545.")
_KEY = click.option(
    "--key", required=True, metavar="STORE:NAME", help="The key that acts, and pays the fee."
)
_OUT = click.option("--out", type=OUT, required=True, help="Where to put the order.")
_YES = click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@click.group(name="wallet")
def command() -> None:
    """Your account with the retailer: look, deposit, leave, move.

    PAPERS is the home's file of papers; keep copies. Two of your three keys (owner, guardian,
    device) decide anything; the owner alone can always leave, in 14 days:

    \b
      gridplus wallet status home.papers --rpc URL
      gridplus wallet rescue home.papers --rpc URL --key ~/.gridplus/keys:owner
      gridplus wallet exit home.papers --rpc URL --out exit.order
      gridplus wallet sign exit.order --rpc URL --key ~/.gridplus/keys:owner
      gridplus wallet send exit.order --rpc URL --key ~/.gridplus/keys:owner
    """


@command.command()
@_PAPERS
@_RPC
@click.option("--json", "as_json", is_flag=True, help="Print the channel as JSON.")
def status(papers: Path, rpc: str, *, as_json: bool) -> None:
    """What is yours, what may be paid, and whether an exit is under way."""
    from gridplus.owner import say_standing

    with _desk(papers, rpc) as desk:
        now = desk.standing()
    if as_json:
        word = now.view.word
        told = {name: int(getattr(word, name)) for name in word.__slots__}
        click.echo(json.dumps({"at_s": now.now_s, "headroom": word.headroom, **told}, indent=2))
        return
    for sentence in say_standing(now.view, now_s=now.now_s):
        click.echo(sentence)


@command.command()
@_PAPERS
@click.argument("amount")
@_RPC
@_KEY
@_YES
def deposit(papers: Path, amount: str, *, rpc: str, key: str, yes: bool) -> None:
    """Pay AMOUNT (in BOLT, like 25 or 25.50) into the account.

    The first time only when owner, guardian and device have all signed that they have PAPERS.
    """
    payer, ubolt = _key(key), _ubolt(amount)
    with _desk(papers, rpc) as desk:
        if not desk.standing().view.word.is_open:
            require_receipts(papers, desk.identity)
        _confirm(yes, f"Pay {amount} BOLT from 0x{payer.address.hex()} into the account.")
        desk.deposit(payer, ubolt, account=_account(desk, payer))
    click.echo("paid in")


@command.command()
@_PAPERS
@_RPC
@_OUT
@click.option("--to", help="To whom guardian and device have it paid; by default the owner.")
def exit(papers: Path, rpc: str, *, out: Path, to: str | None) -> None:  # noqa: A001 - its word
    """Write an order to leave, for two keys to sign."""
    from gridplus.wallet import StartExit

    with _desk(papers, rpc) as desk:
        receiver = desk.identity.descriptor.owner if to is None else _address(to)
        nonce, until_s = desk.terms()
        _write(out, desk=desk, action=StartExit(desk.identity.channel, receiver, nonce, until_s))


@command.command(name="cancel-exit")
@_PAPERS
@_RPC
@_OUT
def cancel_exit(papers: Path, rpc: str, *, out: Path) -> None:
    """Write an order to stay, for two keys to sign: it ends whatever exit is under way."""
    from gridplus.wallet import CancelExit

    with _desk(papers, rpc) as desk:
        _write(out, desk=desk, action=CancelExit(desk.identity.channel, *desk.terms()))


@command.command()
@_PAPERS
@_RPC
@_OUT
@click.option(
    "--spent", required=True, type=click.IntRange(0), help="µBOLT, as the last bill says."
)
@click.option(
    "--earned", required=True, type=click.IntRange(0), help="µBOLT, as the last bill says."
)
def close(papers: Path, rpc: str, *, out: Path, spent: int, earned: int) -> None:
    """Write an order to leave at once, for two keys and the retailer's hub to sign."""
    from gridplus.wallet import Close

    with _desk(papers, rpc) as desk:
        _write(out, desk=desk, action=Close(desk.identity.channel, spent, earned, *desk.terms()))


@command.command()
@_PAPERS
@click.argument("successor", type=FILE)
@_RPC
@_OUT
@click.option(
    "--spent", required=True, type=click.IntRange(0), help="µBOLT, as the last bill says."
)
@click.option(
    "--earned", required=True, type=click.IntRange(0), help="µBOLT, as the last bill says."
)
def rotate(papers: Path, successor: Path, *, rpc: str, out: Path, spent: int, earned: int) -> None:
    """Write an order to move the account to the keys in the papers SUCCESSOR."""
    from gridplus.wallet import Rotate

    new = _papers(successor)
    with _desk(papers, rpc) as desk:
        if (new.chain_id, new.vault) != (desk.identity.chain_id, desk.identity.vault):
            raise InputError(f"{successor} is of another vault; a rotation stays in one vault")
        channel, key = desk.identity.channel, new.voucher_key
        _write(out, desk=desk, action=Rotate(channel, key, new.cfg, spent, earned, *desk.terms()))


@command.command()
@_PAPERS
@click.argument("bolt_a_day", type=click.IntRange(0, 0xFFFE))
@_RPC
@_OUT
def cap(papers: Path, bolt_a_day: int, *, rpc: str, out: Path) -> None:
    """Write an order for another daily cap, for two keys and the retailer's hub to sign."""
    from gridplus.wallet import SetCap

    with _desk(papers, rpc) as desk:
        _write(out, desk=desk, action=SetCap(desk.identity.channel, bolt_a_day, *desk.terms()))


@command.command()
@click.argument("order", type=FILE)
@_RPC
@click.option("--key", metavar="STORE:NAME", help="The owner's, guardian's or hub's key.")
@click.option("--device", metavar="STORE:NAME", help="Or the device's key.")
@click.option(
    "--wallet", metavar="URL ADDRESS", nargs=2, help="Or a wallet that signs over JSON-RPC."
)
@_YES
def sign(
    order: Path,
    rpc: str,
    *,
    key: str | None,
    device: str | None,
    wallet: tuple[str, str] | None,
    yes: bool,
) -> None:
    """Read ORDER in words, and add a signature to its file."""
    from gridplus.files import write_file
    from gridplus.owner import ask_wallet

    if sum(way is not None for way in (key, device, wallet)) != 1:
        raise click.UsageError("name one of --key, --device and --wallet")
    found = _order(order)
    with _desk_of(found.identity, rpc) as desk:
        _say(found, desk)
        hub = desk.standing().hub
    if wallet is not None:
        url, address = wallet[0], _address(wallet[1])
        role = _role(found, address, hub=hub)
        signature = ask_wallet(url, found, address=address)
    else:
        signer, public = _signer(key, device)
        role = _role(found, public, hub=hub)
        _confirm(yes, f"Sign as the {role}.")
        signature = signer.sign(found.digest)
    write_file(order, found.signed(role, signature).to_bytes())
    click.echo(f"signed by the {role}")


@command.command()
@click.argument("order", type=FILE)
def show(order: Path) -> None:
    """Print ORDER as EIP-712 typed data, as any wallet takes it (eth_signTypedData_v4)."""
    from gridplus.owner import typed_data

    click.echo(json.dumps(typed_data(_order(order)), indent=2))


@command.command()
@click.argument("order", type=FILE)
@_RPC
@_KEY
def send(order: Path, rpc: str, *, key: str) -> None:
    """Post ORDER to the vault. Anybody may, and pays the fee."""
    found = _order(order)
    with _desk_of(found.identity, rpc) as desk:
        _say(found, desk)
        receipt = desk.send(found, _account(desk, _key(key)))
    click.echo(f"done in transaction 0x{receipt.transaction_hash.hex()}")


@command.command()
@_PAPERS
@_RPC
@_KEY
@click.option("--stay", is_flag=True, help="Take back an exit that you started alone.")
@_YES
def rescue(papers: Path, rpc: str, *, key: str, stay: bool, yes: bool) -> None:
    """Leave by the owner's key alone, with nothing but this program and a node.

    Call it once: it starts the exit. Call it again after 14 days: it pays you out. It always says
    what comes next, and by when.
    """
    from gridplus.owner import say_standing

    with _desk(papers, rpc) as desk:
        owner = _key(key)
        if owner.address != desk.identity.descriptor.owner:
            raise InputError(f"{key} is not the owner's key of these papers")
        now = desk.standing()
        account, word = _account(desk, owner), now.view.word
        if stay:
            desk.cancel_alone(account)
        elif word.exit_hour and word.is_armed(now.now_s):
            _confirm(yes, "The exit is ready: have it paid out now.")
            desk.finish_exit(account)
        elif word.has_exit(now.now_s):
            click.echo("There is nothing to do yet.")
        else:
            _confirm(yes, "Leave: in 14 days all that is left is paid to you.")
            desk.exit_alone(account)
        now = desk.standing()
    for sentence in say_standing(now.view, now_s=now.now_s):
        click.echo(sentence)


for part in (ask_hub, receipt, salt):
    command.add_command(part)


def _write(out: Path, *, desk: "Desk", action: "Action") -> None:
    from gridplus.files import write_file
    from gridplus.owner import Order

    if out.exists():
        raise InputError(f"{out} exists; an order never overwrites a file")
    order = Order(desk.identity, action)
    _say(order, desk)
    write_file(out, order.to_bytes())
    click.echo(f"wrote {out}; now it is signed: gridplus wallet sign {out}")


def _say(order: "Order", desk: "Desk") -> None:
    from gridplus.owner import say_order

    now = desk.standing()
    for sentence in say_order(order, now.view):
        click.echo(sentence)
    if order.signatures:
        click.echo(f"Signed by: {', '.join(order.signatures)}.")


def _role(order: "Order", signer: bytes, *, hub: "Address") -> str:
    from gridplus.owner import OrderRefused

    role = order.role_of(signer, hub=hub)
    if role is None:
        raise InputError(OrderRefused.NOT_OF_THIS_HOME.value)
    return role


def _signer(key: str | None, device: str | None) -> "tuple[Secp256k1Key | DeviceKey, bytes]":
    from gridplus.keystore import DeviceKey, Secp256k1Key

    if device is not None:
        box = _stored(device, DeviceKey)
        return box, box.public
    account = _stored(key or "", Secp256k1Key)
    return account, account.address


def _papers(path: Path) -> ChannelIdentity:
    from gridplus.owner import parse_papers

    return parse_papers(path.read_bytes(), what=str(path))


def _order(path: Path) -> "Order":
    from gridplus.owner import parse_order

    return parse_order(path.read_bytes(), what=str(path))


@contextmanager
def _desk(papers: Path, rpc: str) -> Iterator["Desk"]:
    with _desk_of(_papers(papers), rpc) as desk:
        yield desk


@contextmanager
def _desk_of(identity: ChannelIdentity, rpc: str) -> Iterator["Desk"]:
    from gridplus.chain import RpcChain
    from gridplus.owner import Desk

    with RpcChain(rpc) as chain:
        yield Desk(chain, identity)


def _account(desk: "Desk", key: "Secp256k1Key") -> "Account":
    from gridplus.chain import Account

    return Account(key, desk.chain)


def _key(named: str) -> "Secp256k1Key":
    from gridplus.keystore import Secp256k1Key

    return _stored(named, Secp256k1Key)


def _stored(named: str, kind: type[K]) -> K:
    store, name = stored(named)
    return store.load(name, kind)


def _address(text: str) -> "Address":
    from gridplus.wallet import Address

    if not _ADDRESS.fullmatch(text):
        raise InputError(f"{text!r} is no address; it is 0x and 40 hexadecimal digits")
    return Address(bytes.fromhex(text[2:]))


def _ubolt(text: str) -> int:
    try:
        ubolt = Decimal(text) * UBOLT_PER_BOLT
    except InvalidOperation:
        raise InputError(f"{text!r} is no amount; write BOLT, like 25 or 25.50") from None
    if not ubolt.is_finite() or ubolt <= 0 or ubolt != int(ubolt) or ubolt >= 1 << 48:
        raise InputError(f"{text!r} is no amount: more than 0, at most six digits after the point")
    return int(ubolt)


def _confirm(yes: bool, sentence: str) -> None:
    click.echo(sentence)
    if not yes:
        click.confirm("Go on?", abort=True)
