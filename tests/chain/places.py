"""The places a chain can be: in memory, on a file, behind our server, behind anvil."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridplus.chain import RpcChain
from gridplus.chain.client import JsonRpcClient
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.clock import set_clock
from gridplus.keystore import KeyStore, Secp256k1Key

CHAIN_ID = 31_337
URI_S = 1_613_368_800
ETHER = 10**18


@dataclass
class HandClock:
    """A clock that tests move by hand."""

    shown_s: int = URI_S

    def now_s(self) -> int:
        return self.shown_s


def new_key(directory: Path, name: str) -> Secp256k1Key:
    return KeyStore(directory / "keys").create(name, Secp256k1Key)


def genesis(*keys: Secp256k1Key) -> Genesis:
    return Genesis(CHAIN_ID, {key.address: 1_000 * ETHER for key in keys})


def embedded(path: Path | None, key: Secp256k1Key) -> EmbeddedChain:
    return EmbeddedChain(path, HandClock(), genesis=genesis(key))


@dataclass
class Served:
    """A serving process and where it listens."""

    process: "subprocess.Popen[str]"
    url: str


@contextmanager
def served(directory: Path, key: Secp256k1Key, *, port: int = 0) -> Iterator[Served]:
    """`serve_chain` in a process of its own, on the chain and the clock in `directory`."""
    if not (directory / "clock").exists():
        set_clock(directory / "clock", URI_S)
    arguments = [str(directory), key.address.hex(), str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chain.serving", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] == "chain"
        assert ready["chain_id"] == CHAIN_ID
        yield Served(process, ready["url"])
    finally:
        _end(process)


@dataclass
class Anvil:
    """A development node that mines, and changes its mind, when a test says so."""

    url: str
    chain: RpcChain
    client: JsonRpcClient
    process: "subprocess.Popen[str]"

    def ask(self, method: str, *params: Any) -> Any:
        return self.client.ask(method, list(params))

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.ask("evm_mine")

    def reorganise(self, depth: int, *mined: tuple[bytes, int]) -> None:
        """Other blocks instead of the last `depth`; their transactions are dropped. Of `mined`,
        signed transactions, each stands in the new block of its number, from 0 on."""
        self.ask("anvil_reorg", depth, [[f"0x{raw.hex()}", block] for raw, block in mined])

    def stop(self) -> None:
        """End it as a machine that shuts down does: with `--state` it writes what it mined."""
        self.process.terminate()
        self.process.wait()


@contextmanager
def anvil(
    binary: str, key: Secp256k1Key, *options: str, confirmations: int | None = None
) -> Iterator[Anvil]:
    process = subprocess.Popen(
        [binary, "--port", "0", "--hardfork", "osaka", "--accounts", "1", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        listening = next(line for line in process.stdout if line.startswith("Listening on "))
        threading.Thread(target=process.stdout.read, daemon=True).start()
        url = f"http://{listening.split()[-1]}"
        client = JsonRpcClient(url, timeout_s=10, max_answer_bytes=1_000_000)
        with closing(client), RpcChain(url, confirmations=confirmations) as chain:
            node = Anvil(url, chain, client, process)
            node.ask("anvil_setBalance", f"0x{key.address.hex()}", hex(1_000 * ETHER))
            yield node
    finally:
        _end(process)


def anvil_binary() -> str | None:
    return os.environ.get("GRIDPLUS_ANVIL")


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
