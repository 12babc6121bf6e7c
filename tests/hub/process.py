"""A hub in a process of its own, on a folder that holds its keys, its files and its journal.

`python -m tests.hub.process BYTES ARGUMENTS` runs `gridplus ARGUMENTS` with a limit on file sizes.
"""

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridplus.cli import main
from gridplus.clock import set_clock
from gridplus.demo.founding import seed_of
from gridplus.keystore import KeyStore, Secp256k1Key
from tests.hub.town import SEED, START_S, UNSIGNED_LIMIT, Town

TOKEN = "0123456789abcdef" * 2
NOBODY = "http://127.0.0.1:9"


def make_hub_folder(town: Town, folder: Path, **changes: Any) -> Path:
    """Everything `gridplus hub serve` needs; returns the configuration's path."""
    folder.mkdir()
    KeyStore(folder / "keys").create("hub", Secp256k1Key, seed=seed_of(SEED, "hub"))
    set_clock(folder / "clock", START_S)
    (folder / "deployment.json").write_bytes(town.deployment.to_bytes())
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(TOKEN + "\n")
    values = {
        "journal": "hub.journal",
        "deployment": "deployment.json",
        "keys": "keys",
        "key_name": "hub",
        "clock": "clock",
        "admin_token": "token",
        "chain_url": town.chain_url,
        "retailer_url": NOBODY,
        "unsigned_limit_ubolt": UNSIGNED_LIMIT,
    } | changes
    path = folder / "hub.toml"
    path.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items()))
    return path


@dataclass
class LimitedHub:
    """A hub whose files may not grow past a limit."""

    process: "subprocess.Popen[bytes]"
    url: str

    def __enter__(self) -> "LimitedHub":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.communicate()


def start_limited(config: Path, *, file_bytes: int) -> LimitedHub:
    command = [sys.executable, "-m", "tests.hub.process", str(file_bytes)]
    command += ["hub", "serve", "--config", str(config), "--exit-with-parent"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    return LimitedHub(process, json.loads(process.stdout.readline())["url"])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
    main()
