"""`gridplus wallet`: what owner and guardian do, on their own computers."""

import json
from pathlib import Path

import click

from gridplus.cli.serving import FILE
from gridplus.cli.wallet_box import give_up, hand_over
from gridplus.cli.wallet_desk import (
    KEY as _KEY,
)
from gridplus.cli.wallet_desk import (
    OUT as _OUT,
)
from gridplus.cli.wallet_desk import (
    PAPERS as _PAPERS,
)
from gridplus.cli.wallet_desk import (
    RPC as _RPC,
)
from gridplus.cli.wallet_desk import (
    YES as _YES,
)
from gridplus.cli.wallet_desk import (
    account_at,
    address,
    confirm,
    desk_at,
    desk_of,
    key_named,
    order_in,
    role_in,
    say,
    signer_named,
    ubolt_of,
    write_order,
)
from gridplus.cli.wallet_final import close, rotate
from gridplus.cli.wallet_hub import command as ask_hub
from gridplus.cli.wallet_papers import receipt, require_receipts, salt
from gridplus.failures import InputError


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

    with desk_at(papers, rpc) as desk:
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
    payer, ubolt = key_named(key), ubolt_of(amount)
    with desk_at(papers, rpc) as desk:
        if not desk.standing().view.word.is_open:
            require_receipts(papers, desk.identity)
        confirm(yes, f"Pay {amount} BOLT from 0x{payer.address.hex()} into the account.")
        desk.deposit(payer, ubolt, account=account_at(desk, payer))
    click.echo("paid in")


@command.command()
@_PAPERS
@_RPC
@_OUT
@click.option("--to", help="To whom guardian and device have it paid; by default the owner.")
def exit(papers: Path, rpc: str, *, out: Path, to: str | None) -> None:  # noqa: A001 - its word
    """Write an order to leave, for two keys to sign."""
    from gridplus.wallet import StartExit

    with desk_at(papers, rpc) as desk:
        receiver = desk.identity.descriptor.owner if to is None else address(to)
        nonce, until_s = desk.terms()
        write_order(
            out, desk=desk, action=StartExit(desk.identity.channel, receiver, nonce, until_s)
        )


@command.command(name="cancel-exit")
@_PAPERS
@_RPC
@_OUT
def cancel_exit(papers: Path, rpc: str, *, out: Path) -> None:
    """Write an order to stay, for two keys to sign: it ends whatever exit is under way."""
    from gridplus.wallet import CancelExit

    with desk_at(papers, rpc) as desk:
        write_order(out, desk=desk, action=CancelExit(desk.identity.channel, *desk.terms()))


@command.command()
@_PAPERS
@click.argument("bolt_a_day", type=click.IntRange(0, 0xFFFE))
@_RPC
@_OUT
def cap(papers: Path, bolt_a_day: int, *, rpc: str, out: Path) -> None:
    """Write an order for another daily cap, for two keys and the retailer's hub to sign."""
    from gridplus.wallet import SetCap

    with desk_at(papers, rpc) as desk:
        write_order(out, desk=desk, action=SetCap(desk.identity.channel, bolt_a_day, *desk.terms()))


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
    found = order_in(order)
    with desk_of(found.identity, rpc) as desk:
        say(found, desk)
        hub = desk.standing().hub
    if wallet is not None:
        url, who = wallet[0], address(wallet[1])
        role = role_in(found, who, hub=hub)
        signature = ask_wallet(url, found, address=who)
    else:
        signer, public = signer_named(key, device)
        role = role_in(found, public, hub=hub)
        confirm(yes, f"Sign as the {role}.")
        signature = signer.sign(found.digest)
    write_file(order, found.signed(role, signature).to_bytes())
    click.echo(f"signed by the {role}")


@command.command()
@click.argument("order", type=FILE)
def show(order: Path) -> None:
    """Print ORDER as EIP-712 typed data, as any wallet takes it (eth_signTypedData_v4)."""
    from gridplus.owner import typed_data

    click.echo(json.dumps(typed_data(order_in(order)), indent=2))


@command.command()
@click.argument("order", type=FILE)
@_RPC
@_KEY
def send(order: Path, rpc: str, *, key: str) -> None:
    """Post ORDER to the vault. Anybody may, and pays the fee."""
    found = order_in(order)
    with desk_of(found.identity, rpc) as desk:
        say(found, desk)
        receipt = desk.send(found, account_at(desk, key_named(key)))
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

    with desk_at(papers, rpc) as desk:
        owner = key_named(key)
        if owner.address != desk.identity.descriptor.owner:
            raise InputError(f"{key} is not the owner's key of these papers")
        now = desk.standing()
        account, word = account_at(desk, owner), now.view.word
        if stay:
            desk.cancel_alone(account)
        elif word.exit_hour and word.is_armed(now.now_s):
            confirm(yes, "The exit is ready: have it paid out now.")
            desk.finish_exit(account)
        elif word.has_exit(now.now_s):
            click.echo("There is nothing to do yet.")
        else:
            confirm(yes, "Leave: in 14 days all that is left is paid to you.")
            desk.exit_alone(account)
        now = desk.standing()
    for sentence in say_standing(now.view, now_s=now.now_s):
        click.echo(sentence)


for part in (ask_hub, close, give_up, hand_over, receipt, rotate, salt):
    command.add_command(part)
