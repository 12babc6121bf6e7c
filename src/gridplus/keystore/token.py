"""Bearer tokens between a retailer's own services."""

from pathlib import Path

from gridplus.failures import InputError, StorageError

_CHARACTERS = 32


def read_token(path: Path) -> str:
    """A bearer token: one line in a file that nobody else may read.

    Raises StorageError when it cannot be read or others can, InputError when it is short.
    """
    try:
        mode = path.stat().st_mode
        token = path.read_text().strip()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise StorageError(f"{path} can be read by others; run: chmod 600 {path}")
    if len(token) < _CHARACTERS or not token.isascii() or not token.isprintable():
        raise InputError(f"{path}: a token is a line of {_CHARACTERS} or more characters")
    return token
