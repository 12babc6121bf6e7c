"""A release of the Smart Agent's software: its version, its files, and until when it counts."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

from gridplus.digest import Document, canonical_json
from gridplus.failures import InputError
from gridplus.tariff import Fields, format_octets
from gridplus.wallet import verify_device
from gridplus.wire.message import Message

MAX_FILES: Final = 100
MAX_FILE_BYTES: Final = 1 << 30
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
_INSTANT_MAX = 1 << 40


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """major.minor.patch, in the order of their numbers."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InputError for what is not written like 1.2.3."""
        found = _VERSION.fullmatch(text)
        if found is None:
            raise InputError(f"{text!r} is no version; write three numbers, like 1.2.3")
        return cls(*map(int, found.groups()))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """A file beside the manifest: its name, its bytes, their SHA-256."""

    name: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Release(Message):
    """What the release key signs. A device takes it from `released_at_s` to `expires_at_s` (seconds
    since 1970), when it pins that key, and when it has no newer one."""

    version: Version
    released_at_s: int
    expires_at_s: int
    files: tuple[ReleasedFile, ...]
    signature: bytes
    KIND: ClassVar[str] = "gridplus.release/1"
    LIMIT: ClassVar[int] = 64_000

    @property
    def message(self) -> bytes:
        """What is signed: the release with no signature."""
        unsigned = {name: v for name, v in self.document().items() if name != "signature"}
        return canonical_json({"kind": self.KIND, **unsigned})

    def signed(self, signature: bytes) -> Self:
        return replace(self, signature=signature)

    def is_signed_by(self, release_key: bytes) -> bool:
        """Whether the P-256 key of 64 bytes x || y signed it."""
        return verify_device(release_key, self.message, signature=self.signature)

    def document(self) -> dict[str, Document]:
        return {
            "version": str(self.version),
            "released_at_s": self.released_at_s,
            "expires_at_s": self.expires_at_s,
            "files": [
                {"name": file.name, "size": file.size, "sha256": format_octets(file.sha256)}
                for file in self.files
            ],
            "signature": format_octets(self.signature),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        version = Version.parse(fields.text("version"))
        released_at_s = fields.integer("released_at_s", high=_INSTANT_MAX)
        expires_at_s = fields.integer("expires_at_s", high=_INSTANT_MAX)
        files = tuple(map(_file, fields.objects("files", limit=MAX_FILES)))
        if len({file.name for file in files}) != len(files):
            fields.fail("files", "names a file twice")
        signature = fields.octets("signature", 64)
        return cls(version, released_at_s, expires_at_s, files, signature)


def require_file_name(name: str) -> str:
    """`name`, if a file of a release can bear it: no path, no hidden file. Raises InputError."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a file of a release: letters, digits, . _ -")
    return name


def _file(fields: Fields) -> ReleasedFile:
    name = require_file_name(fields.text("name"))
    size = fields.integer("size", high=MAX_FILE_BYTES)
    found = ReleasedFile(name, size, fields.octets("sha256", 32))
    fields.close()
    return found
