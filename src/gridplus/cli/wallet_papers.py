"""`gridplus wallet receipt` and `salt`: that the papers are kept, and found again."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError
from gridplus.tariff import ChannelIdentity

if TYPE_CHECKING:
    from gridplus.keystore import KeyStore
    from gridplus.owner import Receipts

_VAULT = re.compile(r"0x[0-9a-fA-F]{40}")


@click.command()
@click.argument("papers", type=FILE)
@click.option("--key", metavar="STORE:NAME", help="The owner's or guardian's key.")
@click.option("--device", metavar="STORE:NAME", help="Or the device's key.")
def receipt(papers: Path, *, key: str | None, device: str | None) -> None:
    """Sign that you have a copy of PAPERS; the first deposit waits for all three receipts.

    They stand in PAPERS.receipts, which is passed on like an order.
    """
    from gridplus.files import write_file
    from gridplus.keystore import DeviceKey, Secp256k1Key
    from gridplus.owner import parse_papers

    if (key is None) == (device is None):
        raise click.UsageError("name one of --key and --device")
    identity = parse_papers(papers.read_bytes(), what=str(papers))
    kept = receipts_of(papers, identity)
    store, name = stored(device or key or "")
    if device is not None:
        box = store.load(name, DeviceKey)
        role, signature = kept.role_of(box.public), box.sign(kept.digest)
    else:
        account = store.load(name, Secp256k1Key)
        role, signature = kept.role_of(account.address), account.sign(kept.digest)
    kept = kept.signed(role, signature)
    write_file(receipts_path(papers), kept.to_bytes())
    click.echo(f"the {role} has these papers; missing: {', '.join(kept.missing) or 'nobody'}")


@click.command()
@click.option("--key", required=True, metavar="STORE:NAME", help="The owner's key.")
@click.option("--chain-id", required=True, type=click.IntRange(1, 1 << 48))
@click.option("--vault", required=True, help="The retailer's vault, 0x and 40 hex digits.")
@click.option("--number", default=0, show_default=True, help="Of the owner's homes there.")
def salt(key: str, chain_id: int, *, vault: str, number: int) -> None:
    """Print the salt of your home's papers: the same key finds the same salt, always.

    Give it to `gridplus agent enrol --salt`. With the keys of guardian and device it makes lost
    papers again.
    """
    from gridplus.keystore import Secp256k1Key
    from gridplus.owner import salt_digest, salt_of
    from gridplus.wallet import Address, vault_domain

    if not _VAULT.fullmatch(vault):
        raise InputError(f"{vault!r} is no address; it is 0x and 40 hexadecimal digits")
    store, name = stored(key)
    domain = vault_domain(chain_id, Address(bytes.fromhex(vault[2:])))
    signature = store.load(name, Secp256k1Key).sign(salt_digest(domain, number))
    click.echo(salt_of(signature).hex())


def require_receipts(papers: Path, identity: ChannelIdentity) -> None:
    """Raises InputError unless owner, guardian and device have all signed that they have PAPERS."""
    missing = receipts_of(papers, identity).missing
    if missing:
        raise InputError(
            f"no first deposit before {', '.join(missing)} signed for a copy of the papers: "
            f"gridplus wallet receipt {papers}"
        )


def receipts_path(papers: Path) -> Path:
    return papers.with_name(f"{papers.name}.receipts")


def receipts_of(papers: Path, identity: ChannelIdentity) -> "Receipts":
    from gridplus.owner import Receipts, parse_receipts

    path = receipts_path(papers)
    if not path.exists():
        return Receipts(identity)
    return parse_receipts(path.read_bytes(), identity, what=str(path))


def stored(named: str) -> "tuple[KeyStore, str]":
    """The store and the name of STORE:NAME. Raises InputError."""
    from gridplus.keystore import KeyStore

    store, separator, name = named.rpartition(":")
    folder = Path(store).expanduser()
    if not separator or not folder.is_dir():
        raise InputError(f"{named!r} names no key; write STORE:NAME, like ~/.gridplus/keys:owner")
    return KeyStore(folder), name
