"""A Smart Agent's connections: everything it knows of the world outside comes in here as bytes."""

from dataclasses import dataclass
from typing import TypeVar

import httpx

from gridplus.failures import InputError, RemoteError
from gridplus.wire import MESSAGE_LIMIT, PriceEvent, PriceEvents, RefusalMessage
from gridplus.wire.message import Message

M = TypeVar("M", bound=Message)
_REFUSED = 409
TIMEOUT_S = 10


class Unreachable(RemoteError):  # noqa: N818 - says what happened
    """Nobody answers; whatever was asked may be asked again."""


class Link:
    """One persistent connection to one service. `async with` it, or `aclose`."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=url.startswith("https:"), trust_env=False),
            base_url=url,
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, *, limit: int = MESSAGE_LIMIT) -> bytes:
        """Raises Unreachable, or RemoteError for an answer that is not one."""
        return self._checked(await self._request("GET", path), limit=limit)

    async def ask(self, path: str, message: Message, answer: type[M]) -> M | RefusalMessage:
        """Send a message; the answer, parsed, or the refusal that came instead."""
        response = await self._request("POST", path, content=message.to_bytes())
        try:
            if response.status_code == _REFUSED:
                return RefusalMessage.parse(response.content)
            return answer.parse(self._checked(response, limit=answer.LIMIT))
        except InputError as error:
            raise RemoteError(
                f"the {self._name} answers what the protocol forbids: {error}"
            ) from None

    async def _request(self, method: str, path: str, *, content: bytes = b"") -> httpx.Response:
        try:
            return await self._client.request(method, path, content=content or None)
        except httpx.HTTPError as error:
            raise Unreachable(f"the {self._name} cannot be reached: {error!r}") from None

    def _checked(self, response: httpx.Response, *, limit: int) -> bytes:
        if response.status_code >= 500:
            raise Unreachable(f"the {self._name} is out of order: {response.text[:200]}")
        if response.status_code != 200:
            raise RemoteError(
                f"the {self._name} answers {response.status_code}: {response.text[:200]}"
            )
        if len(response.content) > limit:
            raise RemoteError(f"the {self._name} answers with more than {limit} bytes")
        return response.content


@dataclass
class PriceFeed:
    """The retailer's price events, read from where the last reading ended."""

    link: Link
    last: int = 0

    async def fetch(self) -> tuple[PriceEvent, ...]:
        """New events, in order."""
        data = await self.link.get(f"/v1/price-events?after={self.last}", limit=PriceEvents.LIMIT)
        try:
            events = PriceEvents.parse(data).events
        except InputError as error:
            raise RemoteError(f"the retailer sends what the protocol forbids: {error}") from None
        self.last = max([self.last, *(event.sequence for event in events)])
        return events
