"""Whole files, put in place durably."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from gridplus.failures import StorageError


def read_file(path: Path) -> bytes:
    """All of it. Raises StorageError that names the file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from None


def write_file(path: Path, content: bytes) -> None:
    """Put a whole file in place, durably; whoever reads meanwhile sees the old one or the new.

    Its mode is 0600: bills say how people live. Raises StorageError that names the file; the old
    one is untouched then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            os.replace(fresh, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(fresh)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None
