"""`gridplus keys`: the private keys of one service or person."""

import json
import time
from pathlib import Path

import click

from gridplus.cli.serving import FILE
from gridplus.digest import keccak256
from gridplus.failures import InputError, StorageError
from gridplus.files import write_file
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.keystore.backup import KINDS, back_up, kind_name, restore
from gridplus.keystore.sealing import PassphraseSealing
from gridplus.keystore.secret import Secret, find_passphrase, find_secret

STORE = click.Path(file_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)


@click.group(name="keys")
def command() -> None:
    """Keys that sign, in a directory that only you can read.

    \b
      gridplus keys new ~/.gridplus/keys owner
      gridplus keys list ~/.gridplus/keys
      gridplus keys backup ~/.gridplus/keys keys.backup

    A new store is sealed by a passphrase. It is typed at the terminal, or comes as the systemd
    credential gridplus-passphrase, or from the file descriptor whose number is in
    GRIDPLUS_PASSPHRASE_FD; it is never an argument.
    """


@command.command()
@click.argument("store", type=STORE)
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice([*KINDS]),
    default="account",
    show_default=True,
    help="account: secp256k1, pays and owns. device: P-256, speaks for a meter.",
)
@click.option("--unsealed", is_flag=True, help="Found a store without a passphrase (tests only).")
def new(store: Path, name: str, *, kind: str, unsealed: bool) -> None:
    """Make the key NAME in STORE; found the store when there is none."""
    keys = KeyStore(store) if unsealed else _opened_or_founded(store)
    keys.create(name, KINDS[kind])
    click.echo(_line(keys, name))


@command.command(name="list")
@click.argument("store", type=STORE)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_keys(store: Path, *, as_json: bool) -> None:
    """Name the keys of STORE, with what others know them by."""
    keys = _existing(store)
    if as_json:
        rows = [
            dict(zip(("name", "kind", "public"), _row(keys, n), strict=True)) for n in keys.names()
        ]
        click.echo(json.dumps({"sealed": keys.is_sealed, "keys": rows}, indent=2))
        return
    for name in keys.names():
        click.echo(_line(keys, name))


@command.command()
@click.argument("store", type=STORE)
@click.argument("name")
def rotate(store: Path, name: str) -> None:
    """Make a new key NAME; the old one stays, under a name that says until when it was used.

    The channel knows the old key until a rotation is signed and posted.
    """
    keys = _existing(store)
    kept = keys.rotate(name, suffix=time.strftime("until-%Y%m%d-%H%M%S", time.gmtime()))
    click.echo(_line(keys, name))
    click.echo(f"the old key is kept as {kept}")


@command.command()
@click.argument("store", type=STORE)
@click.argument("out", type=OUT)
def backup(store: Path, out: Path) -> None:
    """Write all keys of STORE to the file OUT, sealed by a passphrase of its own."""
    if out.exists():
        raise InputError(f"{out} exists; a backup never overwrites a file")
    keys = _existing(store)
    content = back_up(keys, PassphraseSealing.new(find_secret(Secret.BACKUP)))
    write_file(out, content)
    click.echo(f"{len(keys.names())} keys in {out}; keep it apart from its passphrase")


@command.command(name="restore")
@click.argument("file", type=FILE)
@click.argument("store", type=STORE)
def restore_keys(file: Path, store: Path) -> None:
    """Put the keys of a backup FILE into STORE; all, or none when a name is taken."""
    fresh = not store.exists() or not any(store.iterdir())
    keys = (
        KeyStore.found(store, PassphraseSealing.new(find_passphrase()))
        if fresh
        else KeyStore(store)
    )
    passphrase = find_secret(Secret.BACKUP)
    for name in restore(keys, file.read_bytes(), passphrase=passphrase, what=str(file)):
        click.echo(_line(keys, name))


def _opened_or_founded(store: Path) -> KeyStore:
    if store.exists() and any(store.iterdir()):
        return KeyStore(store)
    return KeyStore.found(store, PassphraseSealing.new(find_passphrase()))


def _existing(store: Path) -> KeyStore:
    if not store.is_dir():
        raise StorageError(f"there is no key store {store}; make one: gridplus keys new")
    return KeyStore(store)


def _row(keys: KeyStore, name: str) -> tuple[str, str, str]:
    kind = keys.kind_of(name)
    if kind is Secp256k1Key:
        return name, kind_name(kind), f"0x{keys.load(name, Secp256k1Key).address.hex()}"
    return name, kind_name(kind), f"0x{keccak256(keys.load(name, DeviceKey).public).hex()}"


def _line(keys: KeyStore, name: str) -> str:
    found, kind, public = _row(keys, name)
    return f"{found:<24} {kind:<8} {public}"
