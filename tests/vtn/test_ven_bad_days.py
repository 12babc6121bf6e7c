"""A VEN on its bad days: foreign and expired tokens, bodies without end, a VTN that is away."""

import asyncio
import json

import httpx
import pytest

from gridplus.agent import Link, Unreachable, Ven, VenCredentials
from gridplus.failures import RemoteError

EVENT = {
    "id": "e1",
    "objectType": "EVENT",
    "modificationDateTime": "2026-01-01T00:00:00Z",
    "programID": "p",
    "intervalPeriod": {"start": "2026-01-01T00:00:00Z", "duration": "PT1H"},
    "intervals": [{"id": 0, "payloads": [{"type": "SIMPLE", "values": [1]}]}],
}


class Vtn(httpx.AsyncBaseTransport):
    """Gives token after token, each good for `good_for` questions."""

    def __init__(self, good_for: int = 1_000_000, body: bytes | None = None) -> None:
        self.good_for, self.body, self.tokens, self.left = good_for, body, 0, 0
        self.away = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("nobody listens")
        if request.url.path.endswith("/auth/token"):
            self.tokens, self.left = self.tokens + 1, self.good_for
            return httpx.Response(200, json={"access_token": f"t{self.tokens}"})
        if self.left == 0:
            return httpx.Response(401)
        self.left -= 1
        return httpx.Response(200, content=self.body or json.dumps([EVENT]).encode())


def ven_at(vtn: Vtn) -> Ven:
    return Ven(Link("vtn", "http://vtn", transport=vtn), VenCredentials("c", "s", "v"))


def test_an_expired_token_is_replaced_once_and_one_that_is_never_good_is_named() -> None:
    vtn = Vtn(good_for=1)
    ven = ven_at(vtn)

    async def thrice() -> None:
        for _ in range(3):
            await ven.poll()

    asyncio.run(thrice())
    assert vtn.tokens == 3
    foreign = ven_at(Vtn(good_for=0))
    with pytest.raises(RemoteError, match="401"):
        asyncio.run(foreign.poll())


def test_an_answer_of_10_mb_is_not_read_and_changes_nothing() -> None:
    vtn = Vtn()
    ven = ven_at(vtn)
    asyncio.run(ven.poll())
    known = ven.timeline
    vtn.body = b"[" + b" " * 10_000_000 + b"]"
    with pytest.raises(RemoteError):
        asyncio.run(ven.poll())
    assert ven.timeline == known
    ven.hear(b'{"objectType":"EVENT","object":{"id":"' + b"x" * 10_000_000 + b'"}}')
    assert (ven.timeline, ven.unreadable) == (known, 1)


def test_a_day_without_the_vtn_keeps_what_was_heard_and_the_next_poll_finds_the_rest() -> None:
    vtn = Vtn()
    ven = ven_at(vtn)
    asyncio.run(ven.poll())
    vtn.away = True
    for _ in range(96):
        with pytest.raises(Unreachable):
            asyncio.run(ven.poll())
    assert list(ven.timeline.events) == ["e1"]
    vtn.away, vtn.body = False, json.dumps([EVENT | {"id": "e2"}]).encode()
    asyncio.run(ven.poll())
    assert ven.timeline.events["e1"].body is None, "cancelled while the line was down"
    assert ven.timeline.events["e2"].body is not None
