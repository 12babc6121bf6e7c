"""A directory of keys that only its owner may read: one file per key.

Sealed, the files are useless without the passphrase (or the token) that `store.json` speaks of;
unsealed they are PKCS#8 PEM, and whoever can read them can sign. Modes looser than 0700 and 0600
are refused, like ssh does, so that a careless copy or umask is found before it costs money.
"""

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.digest import canonical_json, parse_document
from gridplus.failures import Bug, InputError, StorageError
from gridplus.keystore.keys import DeviceKey, Key, Secp256k1Key
from gridplus.keystore.sealing import PassphraseSealing, Sealing
from gridplus.keystore.secret import find_passphrase

K = TypeVar("K", bound=Key)

STORE_FILE = "store.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MAX_FILE_BYTES = 4_096
_MIN_SEED_BYTES = 16


class KeyStore:
    """Keys by name. Makes the directory when it is absent, unsealed.

    `passphrase` is asked for when the store is sealed. Raises StorageError when the directory or a
    key can be reached by others, is damaged, or cannot be written; InputError for a name that is
    not 1 to 64 of a-z, 0-9, _ and -.
    """

    def __init__(
        self,
        path: Path,
        *,
        passphrase: Callable[[], bytes] = find_passphrase,
        sealing: Sealing | None = None,
    ) -> None:
        self._path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = path.stat().st_mode
        except OSError as error:
            raise StorageError(f"the key store {path} cannot be made: {error}") from None
        _require_private(path, mode, wanted=0o700)
        self._sealing = sealing
        about = path / STORE_FILE
        if sealing is None and about.exists():
            document = parse_document(_read_private(about), limit=_MAX_FILE_BYTES, what=str(about))
            self._sealing = PassphraseSealing.of(document, passphrase(), what=str(about))
        self._suffix = ".pem" if self._sealing is None else ".key"

    @classmethod
    def found(cls, path: Path, sealing: PassphraseSealing) -> Self:
        """A sealed store in an empty directory. Raises StorageError when there is one already."""
        store = cls(path, sealing=sealing)
        if any(path.iterdir()):
            raise StorageError(f"{path} is not empty; a key store is founded in an empty directory")
        _write_once(path / STORE_FILE, canonical_json(sealing.document()))
        return store

    @property
    def is_sealed(self) -> bool:
        return self._sealing is not None

    def names(self) -> tuple[str, ...]:
        """All keys, in alphabetical order."""
        return tuple(sorted(p.stem for p in self._path.glob("*" + self._suffix)))

    def create(self, name: str, kind: type[K], *, seed: bytes | None = None) -> K:
        """A new key: from the system's randomness, or always the same one for a `seed` (16 bytes
        or more), its name and kind. Raises StorageError when the name is taken."""
        path = self._file(name)
        if seed is None:
            private = ec.generate_private_key(kind.CURVE)
        else:
            private = ec.derive_private_key(_derived(kind, name, seed=seed), kind.CURVE)
        _write_once(path, self._closed(private, about=_about(name, kind)))
        return kind.from_private(private)

    def load(self, name: str, kind: type[K]) -> K:
        """The key `name`. Raises StorageError when it is absent or of another kind."""
        return kind.from_private(self._private(name, kind))

    def kind_of(self, name: str) -> type[Key]:
        """What kind of key `name` is. Raises StorageError as `load` does."""
        for kind in (Secp256k1Key, DeviceKey):
            with suppress(StorageError):
                self.load(name, kind)
                return kind
        self.load(name, DeviceKey)
        raise Bug("a key that loads has a kind")

    def rotate(self, name: str, *, suffix: str) -> str:
        """A new key `name` of the same kind; the old one is kept as `name-suffix`, which is
        returned. At each instant there is a key `name`."""
        kept = f"{name}-{suffix}"
        path, kind = self._file(name), self.kind_of(name)
        old = self._closed(self._private(name, kind), about=_about(kept, kind))
        _write_once(self._file(kept), old)
        fresh = ec.generate_private_key(kind.CURVE)
        _replace(path, self._closed(fresh, about=_about(name, kind)))
        return kept

    def reseal(self, name: str, sealing: Sealing) -> tuple[type[Key], bytes]:
        """The key's kind, and the key closed by another sealing: what a backup holds."""
        kind = self.kind_of(name)
        plain = self._private(name, kind).private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return kind, sealing.seal(plain, about=_about(name, kind))

    def restore(self, keys: Mapping[str, tuple[type[Key], bytes]], *, sealing: Sealing) -> None:
        """The inverse of `reseal`. Raises StorageError, and has changed nothing, when a key does
        not open or a name is taken."""
        closed = {}
        for name, (kind, content) in keys.items():
            path, about = self._file(name), _about(name, kind)
            if path.exists():
                raise StorageError(f"the key file {path} exists; keys are never overwritten")
            private = serialization.load_der_private_key(
                sealing.open(content, about=about), password=None
            )
            closed[path] = self._closed(_curve_key(private, kind, path=path), about=about)
        for path, content in closed.items():
            _write_once(path, content)

    def _private(self, name: str, kind: type[Key]) -> ec.EllipticCurvePrivateKey:
        path = self._file(name)
        content = _read_private(path)
        try:
            private = self._opened(content, about=_about(name, kind))
        except StorageError as error:
            raise StorageError(f"the key file {path} cannot be opened: {error}") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise StorageError(f"the key file {path} is damaged or encrypted") from None
        return _curve_key(private, kind, path=path)

    def _closed(self, private: ec.EllipticCurvePrivateKey, *, about: bytes) -> bytes:
        sealed = self._sealing is not None
        plain = private.private_bytes(
            serialization.Encoding.DER if sealed else serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return plain if self._sealing is None else self._sealing.seal(plain, about=about)

    def _opened(self, content: bytes, *, about: bytes) -> object:
        if self._sealing is None:
            return serialization.load_pem_private_key(content, password=None)
        plain = self._sealing.open(content, about=about)
        return serialization.load_der_private_key(plain, password=None)

    def _file(self, name: str) -> Path:
        return self._path / f"{require_name(name)}{self._suffix}"


def _curve_key(private: object, kind: type[Key], *, path: Path) -> ec.EllipticCurvePrivateKey:
    if not isinstance(private, ec.EllipticCurvePrivateKey) or (
        private.curve.name != kind.CURVE.name
    ):
        raise StorageError(f"the key in {path} is not a {kind.__name__}")
    return private


def require_name(name: str) -> str:
    """`name`, if a key can bear it. Raises InputError else."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a key: use 1 to 64 of a-z, 0-9, _ and -")
    return name


def _about(name: str, kind: type[Key]) -> bytes:
    return f"gridplus.key/1\n{kind.CURVE.name}\n{name}\n".encode()


def _derived(kind: type[Key], name: str, *, seed: bytes) -> int:
    """64 uniform bytes reduced to 1..order-1. Source: FIPS 186-5, A.2.1 (extra random bits)."""
    if len(seed) < _MIN_SEED_BYTES:
        raise InputError(f"a seed has {_MIN_SEED_BYTES} bytes or more, not {len(seed)}")
    wide = hashlib.blake2b(_about(name, kind), key=hashlib.sha512(seed).digest()).digest()
    return 1 + int.from_bytes(wide, "big") % (kind.CURVE.group_order - 1)


def _write_once(path: Path, content: bytes) -> None:
    """Put a whole file of mode 0600 in place, durably, unless one is there."""
    try:
        with _written(path, content) as fresh:
            os.link(fresh, path)
        _sync_directory(path.parent)
    except FileExistsError:
        raise StorageError(f"the key file {path} exists; keys are never overwritten") from None
    except OSError as error:
        raise StorageError(f"the key file {path} cannot be written: {error}") from None


def _replace(path: Path, content: bytes) -> None:
    """Put a whole file of mode 0600 in the place of another, durably and at once."""
    try:
        with _written(path, content) as fresh:
            os.replace(fresh, path)
        _sync_directory(path.parent)
    except OSError as error:
        raise StorageError(f"the key file {path} cannot be written: {error}") from None


@contextmanager
def _written(path: Path, content: bytes) -> Iterator[str]:
    """A durable file beside `path`, gone afterwards unless it was moved."""
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        yield fresh
    finally:
        with suppress(FileNotFoundError):
            os.unlink(fresh)


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
