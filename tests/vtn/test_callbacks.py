"""Webhooks reach who asked for them, and never the network that the VTN stands in."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from gridplus.retailer.vtn.callbacks import CallbackGuard, CallbackRefusedError
from tests.vtn.place import Place

LOCAL = [
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://a.localhost./x",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://172.16.0.9:8443/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://224.0.0.1/",
]


class Listener:
    """A webhook on loopback; what was posted to it lies in `heard`."""

    def __init__(self, status: int = 200) -> None:
        heard: Queue[tuple[str, str | None, Any]] = Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                heard.put((self.path, self.headers["authorization"], json.loads(body)))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.heard = heard
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def subscription(url: str) -> dict[str, Any]:
    operation = {
        "objects": ["EVENT"],
        "operations": ["CREATE"],
        "callbackUrl": url,
        "bearerToken": "tell",
    }
    return {"clientName": "me", "objectOperations": [operation]}


def test_in_test_mode_a_subscriber_on_this_machine_is_called(tmp_path: Path) -> None:
    listener = Listener()
    try:
        with Place(tmp_path) as place, place.client("bl") as bl, place.client("ven") as ven:
            assert ven.post("/subscriptions", json=subscription(listener.url)).status_code == 201
            program = bl.post("/programs", json={"programName": "p"}).json()["id"]
            event = bl.post("/events", json={"programID": program}).json()
            path, bearer, told = listener.heard.get(timeout=10)
            assert (path, bearer) == ("/hook", "Bearer tell")
            assert told == {"objectType": "EVENT", "operation": "CREATE", "object": event}
            bl.delete(f"/events/{event['id']}")
            assert listener.heard.empty()
    finally:
        listener.close()


async def _refusal(url: str, *, test_mode: bool = False) -> str | None:
    return await CallbackGuard(test_mode).refusal([url])


@pytest.mark.parametrize("url", LOCAL)
def test_a_webhook_into_the_local_network_is_refused(url: str) -> None:
    """I-SG-6."""
    why = asyncio.run(_refusal(url))
    assert why is not None
    assert "local network" in why


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://93.184.216.34/", "by https"),
        ("https://user:secret@93.184.216.34/", "no user name"),
        ("ftp://93.184.216.34/", "http or https"),
        ("https:///x", "http or https"),
        ("https://[::1", "http or https"),
    ],
)
def test_a_webhook_that_is_none_is_refused(url: str, why: str) -> None:
    found = asyncio.run(_refusal(url))
    assert found is not None
    assert why in found


def test_a_public_address_is_allowed_and_loopback_only_in_test_mode() -> None:
    assert asyncio.run(_refusal("https://93.184.216.34/x")) is None
    assert asyncio.run(_refusal("http://127.0.0.1:9/x", test_mode=True)) is None
    assert asyncio.run(_refusal("http://10.0.0.1/x", test_mode=True)) is not None


def test_the_call_goes_to_the_address_that_was_checked() -> None:
    """I-SG-6: a name is not looked up again between the check and the call."""
    guard = CallbackGuard(test_mode=True)
    address, split = asyncio.run(guard.target("http://localhost:81/x?y"))
    assert (address, split.hostname, split.port) == ("127.0.0.1", "localhost", 81)
    with pytest.raises(CallbackRefusedError):
        asyncio.run(CallbackGuard().target("https://localhost:81/x"))


def test_a_subscription_to_the_local_network_is_forbidden_over_http(tmp_path: Path) -> None:
    with Place(tmp_path) as place, place.client("ven") as ven:
        refused = ven.post("/subscriptions", json=subscription("http://10.1.2.3/x"))
        assert refused.status_code == 403
        assert "local network" in refused.json()["detail"]
        assert ven.get("/subscriptions").json() == []
