"""Where a passphrase or a PIN comes from: a credential of the service manager, a file descriptor,
a person.

Never from the command line or the value of an environment variable, which others can read.
"""

import getpass
import os
import sys
from enum import Enum
from functools import lru_cache
from pathlib import Path

from gridplus.failures import InputError, StorageError

_LIMIT = 1_024


class Secret(Enum):
    """What can be asked for, and how it is called in front of a person."""

    PASSPHRASE = "passphrase of the key store"  # noqa: S105 - its name, not its value
    BACKUP = "passphrase of the backup"
    PIN = "PIN of the token"

    @property
    def credential(self) -> str:
        """The name of the service manager's credential (systemd: LoadCredential)."""
        return f"gridplus-{self.name.lower()}"

    @property
    def descriptor(self) -> str:
        """The environment variable that holds the *number* of an open file descriptor."""
        return f"GRIDPLUS_{self.name}_FD"


def find_secret(secret: Secret) -> bytes:
    """The first of: the credential, the file descriptor, what is typed at the terminal.

    Raises StorageError when there is none of them, InputError for one that cannot be read.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is not None and (path := Path(folder, secret.credential)).is_file():
        return _line(path.read_bytes())
    number = os.environ.get(secret.descriptor)
    if number is not None:
        return _from_descriptor(secret, number)
    if sys.stdin.isatty():
        return getpass.getpass(f"{secret.value.capitalize()}: ").encode()
    raise StorageError(
        f"the {secret.value} is needed and nobody is here to type it: give it as the credential "
        f"{secret.credential}, or by a file descriptor whose number is in {secret.descriptor}"
    )


def find_passphrase() -> bytes:
    """The passphrase of a key store, from where `find_secret` looks."""
    return find_secret(Secret.PASSPHRASE)


@lru_cache(maxsize=4)  # a pipe is read once, and a process may open more than one store
def _from_descriptor(secret: Secret, number: str) -> bytes:
    try:
        with open(int(number), "rb") as stream:
            return _line(stream.read(_LIMIT + 1))
    except (ValueError, OSError):
        raise InputError(f"{secret.descriptor}={number} is no open file descriptor") from None


def _line(content: bytes) -> bytes:
    if len(content) > _LIMIT:
        raise InputError(f"a passphrase has at most {_LIMIT} bytes")
    return content.rstrip(b"\r\n")
