"""What owners ask of the hub, who have no device to name themselves by.

The door for everybody passes it on to the hub's loopback port. Each question is signed by a key of
the home; the hub judges it.
"""

from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gridplus.failures import RemoteError
from gridplus.serving import read_body

OWNERS_WAYS: Final = ("/v1/orders", "/v1/words")
_LIMIT: Final = 16_384
_TIMEOUT_S: Final = 10


class OwnersWay:
    """`hub` reaches the hub's loopback port."""

    def __init__(self, hub: httpx.AsyncClient) -> None:
        self._hub = hub

    def routes(self) -> list[Route]:
        return [Route(path, self._pass_on, methods=["POST"]) for path in OWNERS_WAYS]

    async def _pass_on(self, request: Request) -> Response:
        body = await read_body(request, limit=_LIMIT)
        try:
            answer = await self._hub.post(request.url.path, content=body, timeout=_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise RemoteError(f"the hub does not answer: {error!r}") from None
        return Response(
            answer.content, status_code=answer.status_code, media_type="application/json"
        )
