"""A body that comes too slowly, or not at all."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from gridplus.failures import InputError
from gridplus.serving import read_body


def request_of(*parts: bytes, ends: bool) -> Request:
    """A request whose sender falls silent after `parts`, unless it ends there."""
    left = list(parts)

    async def receive() -> Message:
        if not left and not ends:
            await asyncio.Event().wait()
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left) or not ends}

    return Request({"type": "http", "headers": []}, receive)


def test_a_sender_that_falls_silent_is_not_waited_for() -> None:
    for parts in ((), (b"half a ",)):
        with pytest.raises(InputError, match="the body did not arrive within 0 s"):
            asyncio.run(read_body(request_of(*parts, ends=False), limit=99, within_s=0))


def test_a_sender_that_is_in_time_is_read_to_the_end() -> None:
    request = request_of(b"half a ", b"word", ends=True)
    assert asyncio.run(read_body(request, limit=11)) == b"half a word"
