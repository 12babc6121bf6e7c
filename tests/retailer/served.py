"""The embedded chain on loopback, on a thread of this process that can be stopped."""

import socket
import threading
from pathlib import Path

import uvicorn

from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.chain.server import chain_app
from gridplus.clock import FileClock

CHAIN_ID = 31_337


class ServedChain:
    """Serves the chain file `state` at `url` until `stop`."""

    def __init__(self, state: Path, clock: Path) -> None:
        self._listener = socket.socket(proto=socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._server: uvicorn.Server | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, args=(state, clock))
        self._thread.start()

    def stop(self) -> None:
        while self._server is None and self._thread.is_alive():
            self._thread.join(0.01)
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join()

    def _run(self, state: Path, clock: Path) -> None:
        genesis = Genesis(CHAIN_ID, {})
        with EmbeddedChain(state, FileClock(clock), genesis=genesis) as chain:
            config = uvicorn.Config(chain_app(chain), log_level="error", lifespan="off")
            self._server = uvicorn.Server(config)
            self._server.run(sockets=[self._listener])
