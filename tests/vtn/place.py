"""A VTN on loopback, on a thread of this process that can be stopped and started again."""

import socket
import threading
from pathlib import Path

import httpx
import uvicorn

from gridplus.clock import set_clock
from gridplus.retailer.vtn import VtnTerms, vtn_app

NOW_S = 1_769_882_400  # 2026-01-31T18:00:00Z
CLIENTS = """
[[client]]
id = "bl"
secret = "bl-secret"
role = "BL"

[[client]]
id = "ven"
secret = "ven-secret"
role = "VEN"
"""


class Place:
    """`url` answers while inside the `with`; the state stays in `folder`."""

    def __init__(self, folder: Path, *, test_mode: bool = True, mqtt: str | None = None) -> None:
        self.folder, self._test_mode, self._mqtt = folder, test_mode, mqtt
        self.clock = folder / "clock"
        if not self.clock.exists():
            set_clock(self.clock, NOW_S)
        (folder / "clients.toml").write_text(CLIENTS if test_mode else "")
        (folder / "clients.toml").chmod(0o600)

    def __enter__(self) -> "Place":
        self._listener = socket.socket(proto=socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ready = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *error: object) -> None:
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        terms = VtnTerms(
            self.folder / "state",
            self.folder / "clients.toml",
            self._test_mode,
            self._mqtt,
            self.clock,
        )
        try:
            config = uvicorn.Config(vtn_app(terms), log_level="error")
            self._server = uvicorn.Server(config)
        finally:
            self._ready.set()
        self._server.run(sockets=[self._listener])

    def token(self, client: str) -> str:
        answer = httpx.post(
            f"{self.url}/auth/token",
            data={"grant_type": "client_credentials"},
            auth=(client, f"{client}-secret"),
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def client(self, name: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token(name)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=10)
