"""`gridplus agent update`: releases of the software, looked at and put in force."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError

if TYPE_CHECKING:
    from gridplus.agent.updates import Device

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_PUBLIC = re.compile(r"0x[0-9a-f]{128}")


def _where(command: F) -> F:
    """FOLDER, --root and --pin."""
    command = click.option(
        "--pin",
        required=True,
        type=FILE,
        help="File with the release key: 0x and 128 hexadecimal digits.",
    )(command)
    command = click.option(
        "--root",
        required=True,
        type=click.Path(file_okay=False, path_type=Path),
        help="Where releases live on this device.",
    )(command)
    return click.argument("folder", type=FOLDER)(command)


@click.group(name="update")
def command() -> None:
    """Signed updates: FOLDER holds a manifest and the files it names."""


@command.command()
@_where
def check(folder: Path, root: Path, *, pin: Path) -> None:
    """Say whether this device would take the release in FOLDER; exit status 1 if not."""
    from gridplus.agent.updates import read_release
    from gridplus.clock import SystemClock

    release = read_release(folder)
    refused = _device(root, pin).refusal(release, folder, now_s=SystemClock().now_s())
    if refused is not None:
        raise InputError(f"{refused.name}: {refused.value}")
    click.echo(f"{release.version} is signed and whole; this device would take it")


@command.command()
@_where
def apply(folder: Path, root: Path, *, pin: Path) -> None:
    """Put the release in FOLDER in force, or change nothing and say why."""
    from gridplus.agent.updates import read_release
    from gridplus.clock import SystemClock

    release = read_release(folder)
    refused = _device(root, pin).apply(release, folder, now_s=SystemClock().now_s())
    if refused is not None:
        raise InputError(f"{refused.name}: {refused.value}")
    click.echo(f"{release.version} is in force at {root / 'current'}; start the agent again")


def _device(root: Path, pin: Path) -> "Device":
    from gridplus.agent.updates import Device
    from gridplus.files import read_file

    text = read_file(pin).decode(errors="replace").strip()
    if not _PUBLIC.fullmatch(text):
        raise InputError(f"{pin} holds no release key: it is 0x and 128 hexadecimal digits")
    return Device(root, bytes.fromhex(text[2:]))
