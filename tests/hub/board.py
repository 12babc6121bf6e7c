"""A notice board: the retailer's public face with nothing behind it, to tell truth and lies."""

from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gridplus.digest import canonical_json
from gridplus.market import PriceVersion
from gridplus.wire import PriceEvent, PriceEvents
from tests.hub.town import PLAN


@dataclass
class Board:
    """What is pinned to it is what it answers; `asked` are the paths in order, `open` its door."""

    plan: bytes = PLAN.canonical
    events: list[PriceEvent] = field(default_factory=list)
    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    open: bool = True

    def publish(self, prices: PriceVersion, *, document: bytes | None = None) -> None:
        """An event for `prices`; `document` stands in for them, to lie."""
        name = prices.digest.hex()
        self.documents[name] = document or canonical_json(prices.document())
        number = len(self.events) + 1
        day = prices.operating_day
        self.events.append(PriceEvent(number, PLAN.id, day, prices.digest, prices.known_at_s))

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport(), base_url="http://retailer")

    def transport(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(app=self.app())

    def app(self) -> Starlette:
        async def answer(request: Request) -> Response:
            self.asked.append(request.url.path)
            if not self.open:
                return Response("closed", status_code=503)
            match request.url.path.split("/")[2:]:
                case ["plan"]:
                    return Response(self.plan)
                case ["price-events"]:
                    after = int(request.query_params["after"])
                    return Response(PriceEvents(tuple(self.events[after:])).to_bytes())
                case ["prices", name]:
                    return Response(self.documents[name])
            return Response("nothing here", status_code=404)

        return Starlette(routes=[Route("/{path:path}", answer)])
