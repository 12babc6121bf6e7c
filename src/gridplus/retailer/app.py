"""The back office on HTTP: three questions for everybody, the rest for its administrator."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from gridplus.digest import canonical_json, parse_document
from gridplus.failures import GridPlusError, InputError, StorageError
from gridplus.retailer.announcing import EnrolmentRefusedError
from gridplus.retailer.asking import AskDesk, AskOrder
from gridplus.retailer.enrolment import DoorGuard, OpenLine
from gridplus.retailer.errors import OfficeError
from gridplus.retailer.indicating import IndicativePrices, indicate
from gridplus.retailer.invoices import ReceivedInvoice
from gridplus.retailer.office import BackOffice
from gridplus.retailer.restating import AskedRestatement
from gridplus.retailer.vtn.app import VtnApp
from gridplus.serving import BodyTooLargeError, explain, read_body, require_bearer
from gridplus.tariff import Fields
from gridplus.tls import peer_at
from gridplus.wire import VTN_PATH, EnrolVen, PriceEvents
from gridplus.wire.prices import EVENTS_A_PAGE

_JSON = "application/json"
_ORDER_LIMIT = 200
_INVOICE_LIMIT = 2_000
_ASK_LIMIT = 20_000
_RESTATEMENT_LIMIT = 500_000
_AFTER_DIGITS = 10


class RetailerApp:
    """Routes over an office. `admin_token` opens the administrator's; without one they stay shut.

    `closing` is entered when the app starts and left when it ends.
    """

    def __init__(
        self,
        office: BackOffice,
        vtn: VtnApp,
        *,
        admin_token: str | None,
        closing: AbstractAsyncContextManager[object],
        line: OpenLine | None = None,
    ) -> None:
        self._office = office
        self._vtn = vtn
        self._admin_token = admin_token
        self._closing = closing
        self._line = line

    def starlette(self) -> Starlette:
        token = self._admin_token
        routes = [
            Route("/health", self._health),
            Route("/v1/plan", self._plan),
            Route("/v1/prices/{digest}", self._prices),
            Route("/v1/price-events", self._price_events),
            Route("/v1/ven-clients", self._enrol, methods=["POST"]),
            Mount(VTN_PATH, app=self._vtn),
            Route("/v1/admin/day-ahead", require_bearer(token, self._open_day), methods=["POST"]),
            Route("/v1/admin/invoices", require_bearer(token, self._invoice), methods=["POST"]),
            Route("/v1/admin/indicative", require_bearer(token, self._indicate), methods=["POST"]),
            Route("/v1/admin/asks", require_bearer(token, self._asks), methods=["GET"]),
            Route("/v1/admin/asks", require_bearer(token, self._ask), methods=["POST"]),
            Route(
                "/v1/admin/asks/{event}", require_bearer(token, self._cancel), methods=["DELETE"]
            ),
            Route("/v1/admin/restatements", require_bearer(token, self._restate), methods=["POST"]),
            Route("/v1/admin/close", require_bearer(token, self._close_day), methods=["POST"]),
        ]
        return Starlette(
            routes=routes if self._line is None else [*routes, *self._line.routes(token)],
            middleware=[Middleware(DoorGuard)],
            lifespan=self._lifespan,
            exception_handlers={
                BodyTooLargeError: explain(413),
                InputError: explain(400),
                EnrolmentRefusedError: explain(403),
                OfficeError: explain(409),
                StorageError: explain(503),
                GridPlusError: explain(502),
            },
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with self._closing:
            yield

    async def _health(self, _request: Request) -> Response:
        book = self._office.book
        standing = self._office.standing
        return JSONResponse(
            {
                "ok": True,
                "opened": len(book.events),
                "closed": len(book.closed),
                "chain": {"standing": standing.name, "sentence": standing.value},
            }
        )

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

    async def _enrol(self, request: Request) -> Response:
        asked = EnrolVen.parse(await read_body(request, limit=EnrolVen.LIMIT))
        enrolled = await self._office.announcer.enrol(asked, peer=peer_at(request.scope))
        return Response(enrolled.to_bytes(), media_type=_JSON)

    async def _open_day(self, request: Request) -> Response:
        opened = await self._office.open_day(await _day(request))
        return Response(canonical_json(opened), media_type=_JSON)

    async def _close_day(self, request: Request) -> Response:
        result = await self._office.close_day(await _day(request))
        return Response(canonical_json(result), media_type=_JSON)

    async def _indicate(self, request: Request) -> Response:
        said = IndicativePrices.read(await _order(request, limit=_ASK_LIMIT))
        prices = await indicate(self._office.announcer, said, plan=self._office.plan)
        return JSONResponse({"version": prices.version, "prices": f"0x{prices.digest.hex()}"})

    @property
    def _desk(self) -> AskDesk:
        return AskDesk(self._office.announcer, self._office.plan.id)

    async def _ask(self, request: Request) -> Response:
        order = AskOrder.read(await _order(request, limit=_ASK_LIMIT))
        return JSONResponse({"event": await self._desk.ask(order)})

    async def _cancel(self, request: Request) -> Response:
        return JSONResponse({"event": await self._desk.cancel(request.path_params["event"])})

    async def _asks(self, _request: Request) -> Response:
        asks = [
            {
                "event": ask.event_id,
                "kind": ask.signal.name.lower(),
                "start_s": ask.span.start_s,
                "end_s": ask.span.end_s,
                "text": ask.text,
            }
            for ask in self._desk.asked()
        ]
        return JSONResponse({"asks": asks})

    async def _invoice(self, request: Request) -> Response:
        received = ReceivedInvoice.read(await _order(request, limit=_INVOICE_LIMIT))
        settled = await self._office.receive_invoice(received)
        return Response(canonical_json(settled), media_type=_JSON)

    async def _restate(self, request: Request) -> Response:
        asked = AskedRestatement.read(await _order(request, limit=_RESTATEMENT_LIMIT))
        return Response(canonical_json(await self._office.restate(asked)), media_type=_JSON)


async def _day(request: Request) -> date:
    fields = await _order(request, limit=_ORDER_LIMIT)
    day = fields.day("day")
    fields.close()
    return day


async def _order(request: Request, *, limit: int) -> Fields:
    body = await read_body(request, limit=limit)
    return Fields(parse_document(body, limit=limit, what="the order"), "the order")
