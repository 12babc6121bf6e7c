"""Signed updates of the Smart Agent: looked at, put beside the old one, switched to in one step.

    ROOT/1.2.3/...        the files of a release, as its manifest names them
    ROOT/current          a link to the release in force
    ROOT/newest           the highest version that was ever in force here: nothing older is taken

Until the link is switched the old release is in force, whatever happens; what a crash left behind
is swept up by the next update.
"""

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from gridplus.failures import InputError, StorageError
from gridplus.files import read_file, write_file
from gridplus.wire.releases import Release, ReleasedFile, Version

MANIFEST: Final = "manifest.json"
CLOCK_SLACK_S: Final = 86_400
"""A device's clock may be behind the releaser's by so much."""
_STAGE = ".staged"


class UpdateRefused(Enum):
    """Why a device does not take a release, in the order of its checks."""

    FOREIGN_SIGNATURE = "the manifest is not signed by the release key that this device pins"
    NOT_YET = "the release is of a later day than this device's clock shows; set the clock"
    EXPIRED = "the release has expired; ask for a newer one, or set the clock"
    DOWNGRADE = "the release is older than what this device has had"
    FILE_MISSING = "a file that the manifest names is not there"
    WRONG_FILE = "a file is not the one that the manifest names"


@dataclass(frozen=True, slots=True)
class Device:
    """Where releases live on a device, and the release key it pins: 64 bytes x || y of P-256."""

    root: Path
    release_key: bytes

    @property
    def current(self) -> Version | None:
        """The release in force. Raises StorageError when the link is damaged."""
        try:
            return Version.parse(os.readlink(self.root / "current"))
        except FileNotFoundError:
            return None
        except (OSError, InputError) as error:
            raise StorageError(f"{self.root / 'current'} is damaged: {error}") from None

    @property
    def newest(self) -> Version | None:
        """The highest version that was ever in force here."""
        path = self.root / "newest"
        kept = Version.parse(read_file(path).decode().strip()) if path.exists() else None
        return max(filter(None, (kept, self.current)), default=None)

    def refusal(self, release: Release, folder: Path, *, now_s: int) -> UpdateRefused | None:
        """Why the release, whose files are in `folder`, is not taken."""
        if not release.is_signed_by(self.release_key):
            return UpdateRefused.FOREIGN_SIGNATURE
        if now_s < release.released_at_s - CLOCK_SLACK_S:
            return UpdateRefused.NOT_YET
        if now_s > release.expires_at_s:
            return UpdateRefused.EXPIRED
        if self.newest is not None and release.version < self.newest:
            return UpdateRefused.DOWNGRADE
        return next(filter(None, (_file_refusal(file, folder) for file in release.files)), None)

    def apply(self, release: Release, folder: Path, *, now_s: int) -> UpdateRefused | None:
        """Put the release in force, or say why not; then nothing has changed. The bytes that are
        put in place are the ones that were checked. Raises StorageError."""
        refused = self.refusal(release, folder, now_s=now_s)
        if refused is not None:
            return refused
        stage, home = self.root / _STAGE, self.root / str(release.version)
        try:
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir(parents=True)
            for file in release.files:
                shutil.copyfile(folder / file.name, stage / file.name, follow_symlinks=False)
                if _file_refusal(file, stage) is not None:
                    shutil.rmtree(stage)
                    return UpdateRefused.WRONG_FILE
                _sync(stage / file.name)
            write_file(stage / MANIFEST, release.to_bytes())
            _sync(stage)
            if self.current != release.version:
                shutil.rmtree(home, ignore_errors=True)
                os.rename(stage, home)
                write_file(self.root / "newest", f"{release.version}\n".encode())
                self._switch(release.version)
            else:
                shutil.rmtree(stage)
        except OSError as error:
            raise StorageError(f"{self.root} cannot be written: {error.strerror}") from None
        return None

    def _switch(self, version: Version) -> None:
        fresh = self.root / ".current"
        with suppress(FileNotFoundError):
            fresh.unlink()
        fresh.symlink_to(str(version))
        os.replace(fresh, self.root / "current")
        _sync(self.root)


def read_release(folder: Path) -> Release:
    """The manifest of a folder. Raises InputError that names the field, StorageError."""
    return Release.parse(read_file(folder / MANIFEST))


def describe_file(path: Path) -> ReleasedFile:
    """A file as a manifest names it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return ReleasedFile(path.name, path.stat().st_size, digest)


def _file_refusal(file: ReleasedFile, folder: Path) -> UpdateRefused | None:
    path = folder / file.name
    if path.is_symlink() or not path.is_file():
        return UpdateRefused.FILE_MISSING
    if path.stat().st_size != file.size or describe_file(path) != file:
        return UpdateRefused.WRONG_FILE
    return None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
