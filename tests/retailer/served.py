"""The embedded chain on loopback, on a thread of this process that can be stopped."""

import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import uvicorn

from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.chain.server import chain_app
from gridplus.clock import Clock
from gridplus.wallet import Address

CHAIN_ID = 31_337
NOBODY: Mapping[Address, int] = MappingProxyType({})


class ServedChain:
    """Serves the chain file `state` at `url` until `stop`."""

    def __init__(
        self, state: Path, clock: Clock, *, funded: Mapping[Address, int] = NOBODY
    ) -> None:
        self._listener = socket.socket(proto=socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._server: uvicorn.Server | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._genesis = Genesis(CHAIN_ID, dict(funded))
        self._thread = threading.Thread(target=self._run, args=(state, clock))
        self._thread.start()

    def stop(self) -> None:
        while self._server is None and self._thread.is_alive():
            self._thread.join(0.01)
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join()

    def _run(self, state: Path, clock: Clock) -> None:
        with EmbeddedChain(state, clock, genesis=self._genesis) as chain:
            config = uvicorn.Config(chain_app(chain), log_level="error", lifespan="off")
            self._server = uvicorn.Server(config)
            self._server.run(sockets=[self._listener])
