"""`gridplus release`: what the makers of a release do."""

from pathlib import Path

import click

from gridplus.failures import InputError

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(name="release")
def command() -> None:
    """Signed releases of the Smart Agent's software."""


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--key", required=True, metavar="STORE:NAME", help="The release key (P-256).")
@click.option("--version", required=True, help="Three numbers, like 1.2.3.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 3_650))
def sign(folder: Path, *, key: str, version: str, days: int) -> None:
    """Write FOLDER/manifest.json, which names every other file of FOLDER by its hash.

    Devices take the release for so many DAYS. What they pin is printed.
    """
    from gridplus.agent.updates import MANIFEST, describe_file
    from gridplus.clock import SystemClock
    from gridplus.files import write_file
    from gridplus.keystore import DeviceKey, KeyStore
    from gridplus.wire.releases import Release, Version, require_file_name

    store, separator, name = key.rpartition(":")
    where = Path(store).expanduser()
    if not separator or not where.is_dir():
        raise InputError(f"{key!r} names no key; write STORE:NAME, like ~/.gridplus/keys:release")
    signer = KeyStore(where).load(name, DeviceKey)
    paths = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    for path in paths:
        require_file_name(path.name)
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path} is no plain file; a release has no folders and no links")
    now_s = SystemClock().now_s()
    files = tuple(map(describe_file, paths))
    unsigned = Release(Version.parse(version), now_s, now_s + days * 86_400, files, bytes(64))
    signed = unsigned.signed(signer.sign(unsigned.message))
    write_file(folder / MANIFEST, signed.to_bytes())
    click.echo(f"signed {version} with {len(files)} files; devices pin 0x{signer.public.hex()}")
