"""A Smart Agent's connections: everything it knows of the world outside comes in here as bytes."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import httpx

from gridplus.failures import InputError, RemoteError
from gridplus.market import PriceVersion
from gridplus.wire import MESSAGE_LIMIT, PriceEvent, PriceEvents, RefusalMessage
from gridplus.wire.message import Message

M = TypeVar("M", bound=Message)
_REFUSED = 409
TIMEOUT_S = 10


class Unreachable(RemoteError):  # noqa: N818 - says what happened
    """Nobody answers; whatever was asked may be asked again."""


class LineRefused(Unreachable):
    """This end is not believed there, or that end is not believed here. The names are those of
    TLS alerts, such as `certificate revoked`."""


class Link:
    """One persistent connection to one service; `transport` replaces the network, for an app in
    this process; `tls` says who is believed at an https URL, and who this end is. What takes longer
    than `TIMEOUT_S` is Unreachable, however it drips in."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._name = name
        # Without certificates to load, a client for plain HTTP is ready 20 ms sooner.
        verify = url.startswith("https:") if tls is None else tls
        network = httpx.AsyncHTTPTransport(verify=verify, trust_env=False)
        self._client = httpx.AsyncClient(
            transport=transport or network, base_url=url, timeout=TIMEOUT_S, trust_env=False
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, *, limit: int = MESSAGE_LIMIT) -> bytes:
        """Raises Unreachable, or RemoteError for an answer that is not one."""
        return self._checked(*await self._request("GET", path, limit=limit))

    async def ask(self, path: str, message: Message, *, answer: type[M]) -> M | RefusalMessage:
        """Send a message; the answer, parsed, or the refusal that came instead."""
        status, body = await self._request(
            "POST", path, limit=answer.LIMIT, content=message.to_bytes()
        )
        try:
            if status == _REFUSED:
                return RefusalMessage.parse(body)
            return answer.parse(self._checked(status, body))
        except InputError as error:
            raise RemoteError(
                f"the {self._name} answers what the protocol forbids: {error}"
            ) from None

    async def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None,
        headers: Mapping[str, str],
        limit: int,
    ) -> tuple[int, bytes]:
        """Any other request: status and body. Raises Unreachable, RemoteError."""
        return await self._request(method, path, limit=limit, content=content, headers=headers)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        limit: int,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body, of which never more than `limit` bytes and a chunk are held."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._client.stream(method, path, content=content, headers=headers) as response,
            ):
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > limit:
                        raise RemoteError(f"the {self._name} answers with more than {limit} bytes")
        except ssl.SSLError as error:  # an alert that comes after the handshake
            raise LineRefused(f"the {self._name} breaks off the line: {error.reason}") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unreachable(f"the {self._name} cannot be reached: {error!r}") from None
        return response.status_code, bytes(body)

    def _checked(self, status: int, body: bytes) -> bytes:
        said = body[:200].decode(errors="replace")
        if status >= 500:
            raise Unreachable(f"the {self._name} is out of order: {said!r}")
        if status != 200:
            raise RemoteError(f"the {self._name} answers {status}: {said!r}")
        return body


@dataclass
class PriceFeed:
    """The retailer's price events, read from the last one that was `taken`."""

    link: Link
    last: int = 0

    async def fetch(self) -> tuple[PriceEvent, ...]:
        """New events, in order."""
        data = await self.link.get(f"/v1/price-events?after={self.last}", limit=PriceEvents.LIMIT)
        try:
            return PriceEvents.parse(data).events
        except InputError as error:
            raise RemoteError(f"the retailer sends what the protocol forbids: {error}") from None

    async def document(self, event: PriceEvent) -> bytes:
        """The price version that `event` names, as the retailer sends it."""
        return await self.link.get(f"/v1/prices/{event.prices.hex()}")

    def taken(self, event: PriceEvent) -> None:
        """`event` needs not come again."""
        self.last = max(self.last, event.sequence)

    def expected_on(self, _day: date) -> PriceVersion | None:
        """None: this feed carries final prices only."""
        return None
