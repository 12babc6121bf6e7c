"""Where the hub gets plan and prices: from the retailer, over HTTP, each checked by its digest."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import httpx

from gridplus.failures import InputError, RemoteError
from gridplus.hub.hub import Hub
from gridplus.market import parse_price_version
from gridplus.tariff import parse_plan
from gridplus.wire import MESSAGE_LIMIT, PriceEvent, PriceEvents

PLAN_LIMIT = 65_536
PATIENCE_S = 10
"""For a whole answer, however it drips in: reads of homes wait meanwhile."""
T = TypeVar("T")


class Supply:
    """What `hub` sells and at which prices, from the retailer that `client` reaches. `adopted` is
    called with each event whose prices the hub bills with from then on."""

    def __init__(self, client: httpx.AsyncClient, hub: Hub) -> None:
        self.adopted: Callable[[PriceEvent], None] = lambda _: None
        self._client = client
        self._hub = hub
        self._plan_known = False
        self._last_event = 0
        self._turn = asyncio.Lock()

    async def refresh(self) -> None:
        """Adopt the retailer's plan, once, and the price versions published since the last time.

        Raises RemoteError when the retailer does not answer, or talks nonsense.
        """
        async with self._turn:
            if not self._plan_known:
                data = await self._get("/v1/plan", limit=PLAN_LIMIT)
                await self._hub.adopt_plan(_parsed(data, partial(parse_plan, what="the plan")))
                self._plan_known = True
            path = f"/v1/price-events?after={self._last_event}"
            data = await self._get(path, limit=PriceEvents.LIMIT)
            for event in _parsed(data, PriceEvents.parse).events:
                await self._adopt(event)
                self._last_event = max(self._last_event, event.sequence)

    async def _adopt(self, event: PriceEvent) -> None:
        if event.prices in self._hub.book.prices:
            return
        document = await self._get(f"/v1/prices/{event.prices.hex()}", limit=MESSAGE_LIMIT)
        prices = _parsed(document, parse_price_version)
        if prices.digest != event.prices:
            raise RemoteError("the retailer sent other prices than it published")
        await self._hub.adopt_prices(prices, document)
        self.adopted(event)

    async def _get(self, path: str, *, limit: int) -> bytes:
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._client.get(path)
            answer.raise_for_status()
        except (httpx.HTTPError, TimeoutError) as error:
            raise RemoteError(f"the retailer does not answer {path}: {error!r}") from None
        if len(answer.content) > limit:
            raise RemoteError(f"the retailer answers {path} with more than {limit} bytes")
        return answer.content


def _parsed(data: bytes, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(data)
    except InputError as error:
        raise RemoteError(f"the retailer sends what the protocol forbids: {error}") from None
