"""A directory of keys that only its owner may read: one PKCS#8 PEM file per key.

The files are not encrypted: whoever can read them can sign. Modes looser than 0700 and 0600 are
refused, like ssh does, so that a careless copy or umask is found before it costs money.
"""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.failures import InputError, StorageError
from gridplus.keystore.keys import Key

K = TypeVar("K", bound=Key)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MAX_FILE_BYTES = 4_096
_MIN_SEED_BYTES = 16


class KeyStore:
    """Keys by name. Makes the directory when it is absent.

    Raises StorageError when the directory or a key can be reached by others, is damaged, or
    cannot be written; InputError for a name that is not 1 to 64 of a-z, 0-9, _ and -.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = path.stat().st_mode
        except OSError as error:
            raise StorageError(f"the key store {path} cannot be made: {error}") from None
        _require_private(path, mode, wanted=0o700)

    def names(self) -> tuple[str, ...]:
        """All keys, in alphabetical order."""
        return tuple(sorted(p.stem for p in self._path.glob("*.pem")))

    def create(self, name: str, kind: type[K], *, seed: bytes | None = None) -> K:
        """A new key: from the system's randomness, or always the same one for a `seed` (16 bytes
        or more), its name and kind. Raises StorageError when the name is taken."""
        path = self._file(name)
        if seed is None:
            private = ec.generate_private_key(kind.CURVE)
        else:
            private = ec.derive_private_key(_derived(kind, name, seed=seed), kind.CURVE)
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _write_once(path, pem)
        return kind.from_private(private)

    def load(self, name: str, kind: type[K]) -> K:
        """The key `name`. Raises StorageError when it is absent or of another kind."""
        path = self._file(name)
        try:
            private = serialization.load_pem_private_key(_read_private(path), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise StorageError(f"the key file {path} is damaged or encrypted") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or (
            private.curve.name != kind.CURVE.name
        ):
            raise StorageError(f"the key in {path} is not a {kind.__name__}")
        return kind.from_private(private)

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} cannot name a key: use 1 to 64 of a-z, 0-9, _ and -")
        return self._path / f"{name}.pem"


def _derived(kind: type[Key], name: str, *, seed: bytes) -> int:
    """64 uniform bytes reduced to 1..order-1. Source: FIPS 186-5, A.2.1 (extra random bits)."""
    if len(seed) < _MIN_SEED_BYTES:
        raise InputError(f"a seed has {_MIN_SEED_BYTES} bytes or more, not {len(seed)}")
    label = f"gridplus.key/1\n{kind.CURVE.name}\n{name}\n".encode()
    wide = hashlib.blake2b(label, key=hashlib.sha512(seed).digest()).digest()
    return 1 + int.from_bytes(wide, "big") % (kind.CURVE.group_order - 1)


def _write_once(path: Path, content: bytes) -> None:
    """Put a whole file of mode 0600 in place, durably, unless one is there."""
    try:
        descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            os.link(fresh, path)
        finally:
            os.unlink(fresh)
        _sync_directory(path.parent)
    except FileExistsError:
        raise StorageError(f"the key file {path} exists; keys are never overwritten") from None
    except OSError as error:
        raise StorageError(f"the key file {path} cannot be written: {error}") from None


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_private(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise StorageError(f"the key file {path} cannot be read: {error.strerror}") from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(f"the key file {path} is not a file")
        _require_private(path, status.st_mode, wanted=0o600)
        return file.read(_MAX_FILE_BYTES)


def _require_private(path: Path, mode: int, *, wanted: int) -> None:
    if mode & 0o777 & ~wanted:
        raise StorageError(
            f"{path} has mode {mode & 0o777:04o} and others could use its keys; "
            f"run: chmod {wanted:04o} {path}"
        )
