"""`gridplus pki issue-codes` and `revoke-code`: what the maker of boxes says in the registry."""

import click

from gridplus.cli.wallet_desk import KEY, RPC, YES, address, confirm, key_named, registry_at
from gridplus.failures import InputError

_REGISTRY = click.option("--registry", required=True, help="The registry's address.")


@click.command(name="issue-codes")
@click.argument("claim_keys", nargs=-1, required=True)
@_REGISTRY
@RPC
@KEY
def issue_codes(claim_keys: tuple[str, ...], *, registry: str, rpc: str, key: str) -> None:
    """Issue CLAIM_KEYS, which `gridplus pki claim-code` printed; at most 200 at once."""
    from gridplus.contracts import registry as contract

    if len(claim_keys) > contract.MAX_ISSUED:
        raise InputError(f"at most {contract.MAX_ISSUED} are issued at once")
    found: list[bytes] = [address(each) for each in claim_keys]
    _as_maker(contract.issue(found), registry=registry, rpc=rpc, key=key)
    click.echo(f"issued {len(found)}; their codes enrol a device each")


@click.command(name="revoke-code")
@click.argument("claim_key")
@_REGISTRY
@RPC
@KEY
@YES
def revoke_code(claim_key: str, *, registry: str, rpc: str, key: str, yes: bool) -> None:
    """Revoke CLAIM_KEY for good: of a box that is broken or stolen. Its line ends within seconds;
    the box that replaces it has a code of its own."""
    from gridplus.contracts import registry as contract

    gone = address(claim_key)
    confirm(yes, f"Revoke the claim key 0x{gone.hex()}, and the box that it enrolled, for good.")
    _as_maker(contract.revoke(gone), registry=registry, rpc=rpc, key=key)
    click.echo("revoked")


def _as_maker(data: bytes, *, registry: str, rpc: str, key: str) -> None:
    from gridplus.chain import Account, Call
    from gridplus.chain.views import ask
    from gridplus.contracts import registry as contract

    maker = key_named(key)
    with registry_at(registry, rpc) as (chain, where):
        if ask(chain, where, view=contract.maker()) != maker.address:
            raise InputError(f"{key} is 0x{maker.address.hex()}, and not the maker's key")
        Account(maker, chain).transact(Call(where, data))
