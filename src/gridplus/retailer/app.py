"""The back office on HTTP: three questions for everybody, two orders for its administrator."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.digest import canonical_json, parse_document
from gridplus.failures import GridPlusError, InputError, StorageError
from gridplus.retailer.errors import OfficeError
from gridplus.retailer.office import BackOffice
from gridplus.serving import BodyTooLargeError, read_body
from gridplus.tariff import Fields
from gridplus.wire import PriceEvents
from gridplus.wire.prices import EVENTS_A_PAGE

_JSON = "application/json"
_ORDER_LIMIT = 200
_AFTER_DIGITS = 10


class RetailerApp:
    """Routes over an office. `admin_token` opens the administrator's; without one they stay shut.

    `closing` is entered when the app starts and left when it ends.
    """

    def __init__(
        self,
        office: BackOffice,
        *,
        admin_token: str | None,
        closing: AbstractAsyncContextManager[object],
    ) -> None:
        self._office = office
        self._admin_token = admin_token
        self._closing = closing

    def starlette(self) -> Starlette:
        admin = self._admin
        routes = [
            Route("/health", self._health),
            Route("/v1/plan", self._plan),
            Route("/v1/prices/{digest}", self._prices),
            Route("/v1/price-events", self._price_events),
            Route("/v1/admin/day-ahead", admin(self._open_day), methods=["POST"]),
            Route("/v1/admin/close", admin(self._close_day), methods=["POST"]),
        ]
        return Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={
                BodyTooLargeError: _explain(413),
                InputError: _explain(400),
                OfficeError: _explain(409),
                StorageError: _explain(503),
                GridPlusError: _explain(502),
            },
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with self._closing:
            yield

    async def _health(self, _request: Request) -> Response:
        book = self._office.book
        return JSONResponse({"ok": True, "opened": len(book.events), "closed": len(book.closed)})

    async def _plan(self, _request: Request) -> Response:
        return Response(self._office.plan.canonical, media_type=_JSON)

    async def _prices(self, request: Request) -> Response:
        try:
            digest = bytes.fromhex(request.path_params["digest"])
        except ValueError:
            raise InputError("a price version is named by the hex digits of its digest") from None
        document = self._office.book.documents.get(digest)
        if document is None:
            return JSONResponse({"error": "no such prices are published"}, status_code=404)
        return Response(document, media_type=_JSON)

    async def _price_events(self, request: Request) -> Response:
        text = request.query_params.get("after", "0")
        if not (text.isascii() and text.isdigit() and len(text) <= _AFTER_DIGITS):
            raise InputError("after must be the sequence of an event, or 0")
        after = int(text)
        events = self._office.book.events[after : after + EVENTS_A_PAGE]
        return Response(PriceEvents(tuple(events)).to_bytes(), media_type=_JSON)

    async def _open_day(self, request: Request) -> Response:
        opened = await self._office.open_day(await _day(request))
        return Response(canonical_json(opened), media_type=_JSON)

    async def _close_day(self, request: Request) -> Response:
        result = await self._office.close_day(await _day(request))
        return Response(canonical_json(result), media_type=_JSON)

    def _admin(
        self, handle: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        expected = f"Bearer {self._admin_token}".encode()

        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "").encode()
            if not self._admin_token or not hmac.compare_digest(given, expected):
                return JSONResponse({"error": "this is for the administrator"}, status_code=401)
            return await handle(request)

        return guarded


async def _day(request: Request) -> date:
    body = await read_body(request, limit=_ORDER_LIMIT)
    fields = Fields(parse_document(body, limit=_ORDER_LIMIT, what="the order"), "the order")
    day = fields.day("day")
    fields.close()
    return day


def _explain(status: int) -> Callable[[Request, Exception], Response]:
    def answer(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status_code=status)

    return answer
