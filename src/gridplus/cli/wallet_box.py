"""`gridplus wallet hand-over` and `give-up`: whose box it is, in the registry."""

from pathlib import Path

import click

from gridplus.cli.wallet_desk import (
    KEY,
    PAPERS,
    RPC,
    YES,
    address,
    confirm,
    key_named,
    papers_in,
    registry_at,
)
from gridplus.failures import InputError

_REGISTRY = click.option("--registry", required=True, help="The registry (box.toml names it).")


@click.command(name="hand-over")
@PAPERS
@click.argument("new_owner")
@_REGISTRY
@RPC
@KEY
@YES
def hand_over(
    papers: Path, new_owner: str, *, registry: str, rpc: str, key: str, yes: bool
) -> None:
    """Make NEW_OWNER the owner of the home's box. Its epoch and its line stay.

    The account is another matter: it is closed or rotated by two keys and the hub.
    """
    from gridplus.contracts import registry as contract
    from gridplus.wallet import ZERO_ADDRESS

    to = address(new_owner)
    if to == ZERO_ADDRESS:
        raise InputError("nobody is no owner; to give the box up: gridplus wallet give-up")
    device = contract.device_of(papers_in(papers).descriptor.device_key)
    confirm(yes, f"Hand the box 0x{device.hex()[:16]}… over to 0x{to.hex()}, for good.")
    _transact(device, contract.hand_over(device, to), registry=registry, rpc=rpc, key=key)
    click.echo(f"the box is 0x{to.hex()}'s")


@click.command(name="give-up")
@PAPERS
@_REGISTRY
@RPC
@KEY
@YES
def give_up(papers: Path, *, registry: str, rpc: str, key: str, yes: bool) -> None:
    """Un-enrol the home's box: its line ends within seconds, and its code enrols it again, for
    whoever holds the box. The account stays as it is."""
    from gridplus.contracts import registry as contract

    device = contract.device_of(papers_in(papers).descriptor.device_key)
    confirm(yes, f"Give up the box 0x{device.hex()[:16]}…: it speaks for this home no more.")
    _transact(device, contract.unenrol(device), registry=registry, rpc=rpc, key=key)
    click.echo("the box is nobody's; it is enrolled again with its code")


def _transact(device: bytes, data: bytes, *, registry: str, rpc: str, key: str) -> None:
    """By the owner's own transaction. Raises InputError for whoever is not the owner."""
    from gridplus.chain import Account, Call
    from gridplus.chain.views import ask
    from gridplus.contracts import registry as contract
    from gridplus.wallet import Address

    owner = key_named(key)
    with registry_at(registry, rpc) as (chain, where):
        known = ask(chain, where, view=contract.device(device))
        if known.owner != owner.address:
            whose = f"0x{Address(known.owner).hex()}'s" if any(known.owner) else "nobody's"
            raise InputError(f"the box is {whose}, and {key} is 0x{owner.address.hex()}")
        Account(owner, chain).transact(Call(where, data))
