"""Where the hub gets plan and prices: from the retailer, over HTTP, each checked by its digest."""

import httpx

from gridplus.failures import RemoteError
from gridplus.hub.core import Hub
from gridplus.market import parse_price_version
from gridplus.tariff import parse_plan
from gridplus.wire import MESSAGE_LIMIT, PriceEvents

PLAN_LIMIT = 65_536


class Supply:
    """A connection to the retailer's public face. It remembers which event it saw last."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._last = 0

    async def fetch_plan(self, hub: Hub) -> None:
        """Adopt the plan that the retailer sells. Raises RemoteError when it does not answer."""
        data = await self._get("/v1/plan", limit=PLAN_LIMIT)
        await hub.adopt_plan(parse_plan(data, what="the retailer's plan"))

    async def fetch_prices(self, hub: Hub) -> None:
        """Adopt every price version that was published since the last time."""
        data = await self._get(f"/v1/price-events?after={self._last}", limit=PriceEvents.LIMIT)
        for event in PriceEvents.parse(data).events:
            document = await self._get(f"/v1/prices/{event.prices.hex()}", limit=MESSAGE_LIMIT)
            prices = parse_price_version(document)
            if prices.digest != event.prices:
                raise RemoteError("the retailer sent other prices than it published")
            await hub.adopt_prices(prices, document)
            self._last = max(self._last, event.sequence)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _get(self, path: str, *, limit: int) -> bytes:
        try:
            answer = await self._client.get(path)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise RemoteError(f"the retailer does not answer {path}: {error}") from None
        if len(answer.content) > limit:
            raise RemoteError(f"the retailer answers {path} with more than {limit} bytes")
        return answer.content
