"""How key files are closed: not at all, by a passphrase, or by a token.

A sealed store keeps `store.json` beside its keys, which says how it is sealed and holds an empty
text under seal, so that a wrong passphrase is told from a damaged key. Each key is sealed for its
own name and kind: files cannot change places.
"""

import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gridplus.digest import Document
from gridplus.failures import InputError, StorageError

FORMAT: Final = "gridplus.keystore/1"
NONCE_BYTES: Final = 12
MIN_PASSPHRASE_BYTES: Final = 8

_CHECK = b"gridplus.keystore/1\ncheck\n"
_SALT_BYTES = 16
_MOST_MEMORY_KIB = 1 << 20


class Sealing(Protocol):
    """Closes the bytes of a key for what they are about, and opens them again."""

    def seal(self, plain: bytes, *, about: bytes) -> bytes: ...

    def open(self, sealed: bytes, *, about: bytes) -> bytes:
        """Raises StorageError when it is damaged, or was sealed for another name."""


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """What a guess costs. The defaults are the second choice of RFC 9106, section 4, with a Smart
    Agent's memory in mind: 64 MiB, three passes, for a sixth of a second."""

    memory_kib: int = 64 << 10
    passes: int = 3
    lanes: int = 4


class PassphraseSealing:
    """AES-256-GCM under a key that argon2id derives from a passphrase."""

    def __init__(self, passphrase: bytes, *, salt: bytes, cost: Argon2Cost) -> None:
        derived = Argon2id(
            salt=salt,
            length=32,
            iterations=cost.passes,
            lanes=cost.lanes,
            memory_cost=cost.memory_kib,
        ).derive(passphrase)
        self._cipher = AESGCM(derived)
        self._salt = salt
        self._cost = cost

    @classmethod
    def new(cls, passphrase: bytes, *, cost: Argon2Cost | None = None) -> "PassphraseSealing":
        """Raises InputError for a passphrase that anybody would guess."""
        if len(passphrase) < MIN_PASSPHRASE_BYTES:
            raise InputError(f"a passphrase has {MIN_PASSPHRASE_BYTES} bytes or more")
        salt = secrets.token_bytes(_SALT_BYTES)
        return cls(passphrase, salt=salt, cost=cost or Argon2Cost())

    @classmethod
    def of(cls, document: Document, passphrase: bytes, *, what: str) -> "PassphraseSealing":
        """The sealing that `document` describes. Raises StorageError for a wrong passphrase."""
        try:
            if not isinstance(document, dict):
                raise ValueError
            memory, passes, lanes = (
                _number(document[name]) for name in ("memory_kib", "passes", "lanes")
            )
            if memory > _MOST_MEMORY_KIB:
                raise ValueError
            salt, check = (bytes.fromhex(str(document[name])) for name in ("salt", "check"))
            sealing = cls(passphrase, salt=salt, cost=Argon2Cost(memory, passes, lanes))
        except (KeyError, ValueError):
            raise StorageError(f"{what} is damaged; restore the store from its backup") from None
        try:
            sealing.open(check, about=_CHECK)
        except StorageError:
            raise StorageError(f"the passphrase does not open {what}") from None
        return sealing

    def document(self) -> Document:
        """What `of` needs, without the passphrase."""
        return {
            "format": FORMAT,
            "sealing": "argon2id",
            "memory_kib": self._cost.memory_kib,
            "passes": self._cost.passes,
            "lanes": self._cost.lanes,
            "salt": self._salt.hex(),
            "check": self.seal(b"", about=_CHECK).hex(),
        }

    def seal(self, plain: bytes, *, about: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about)

    def open(self, sealed: bytes, *, about: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
        except (InvalidTag, ValueError):
            raise StorageError("it is damaged, or was sealed for another name") from None


def _number(value: Document) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError
    return value
