"""The ramp on HTTP: notices of the provider, standing orders of owners, top-ups by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.agreement import TopUp, TopUpRefusal
from gridplus.digest import parse_document
from gridplus.failures import GridPlusError, InputError, StorageError
from gridplus.ramp.facts import SignedMandate
from gridplus.ramp.provider import NOTICE_LIMIT, SIGNATURE_HEADER, NoticeRefusedError
from gridplus.ramp.ramp import Ramp
from gridplus.serving import BodyTooLargeError, explain, read_body, require_bearer
from gridplus.tariff import ChannelIdentity, Fields, format_octets, identity_from

PAUSE_S = 15
_LIMIT = 8_192


class RampApp:
    """Routes over a ramp. `admin_token` opens top-ups by hand; without one they stay shut."""

    def __init__(self, ramp: Ramp, *, admin_token: str) -> None:
        self._ramp = ramp
        self._admin_token = admin_token
        self._faults: dict[str, str] = {}
        self._due = asyncio.Event()

    def starlette(self) -> Starlette:
        """The app. While it runs it tops up, charges and deposits what is due."""
        token = self._admin_token
        routes = [
            Route("/health", self._health),
            Route("/v1/notices", self._hear, methods=["POST"]),
            Route("/v1/mandates", self._order, methods=["POST"]),
            Route("/v1/top-ups", require_bearer(token, self._request), methods=["POST"]),
            Route("/v1/top-ups", require_bearer(token, self._list)),
        ]
        return Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={
                BodyTooLargeError: explain(413),
                NoticeRefusedError: explain(401),
                InputError: explain(400),
                StorageError: explain(503),
                GridPlusError: explain(502),
            },
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        rounds = asyncio.create_task(self._rounds())
        try:
            yield
        finally:
            rounds.cancel()
            await asyncio.gather(rounds, return_exceptions=True)

    async def _rounds(self) -> None:
        """One after the other; at once when something was heard or asked."""
        while True:
            self._faults = await self._ramp.round()
            self._due.clear()
            try:
                await asyncio.wait_for(self._due.wait(), PAUSE_S)
            except TimeoutError:
                continue

    async def _health(self, _request: Request) -> Response:
        under_way = sum(each.is_under_way for each in self._ramp.top_ups.values())
        return JSONResponse({"ok": True, "under_way": under_way, "faults": self._faults})

    async def _hear(self, request: Request) -> Response:
        body = await read_body(request, limit=NOTICE_LIMIT)
        answer = await self._ramp.hear(body, header=request.headers.get(SIGNATURE_HEADER, ""))
        self._due.set()
        if isinstance(answer, TopUpRefusal):
            refusal = {"name": answer.name, "sentence": answer.value}
            return JSONResponse(refusal, status_code=409)
        return JSONResponse(_document(answer))

    async def _order(self, request: Request) -> Response:
        identity, order = await _with_home(request, "mandate")
        signed = SignedMandate.read(order)
        order.close()
        await self._ramp.order(identity, signed)
        self._due.set()
        return JSONResponse({"channel": format_octets(identity.channel), "kept": True})

    async def _request(self, request: Request) -> Response:
        identity, order = await _with_home(request, "top_up")
        amount_ubolt = order.integer("amount_ubolt")
        order.close()
        top_up = await self._ramp.request(identity, amount_ubolt=amount_ubolt)
        self._due.set()
        return JSONResponse(_document(top_up))

    async def _list(self, _request: Request) -> Response:
        return JSONResponse({"top_ups": [_document(each) for each in self._ramp.top_ups.values()]})


async def _with_home(request: Request, what: str) -> tuple[ChannelIdentity, Fields]:
    """The home of a request, and the object of it that is named `what`."""
    body = await read_body(request, limit=_LIMIT)
    fields = Fields(parse_document(body, limit=_LIMIT, what="the request"), "the request")
    home, order = fields.object("home"), fields.object(what)
    fields.close()
    home.choice("kind", ["gridplus.open-channel/1"])
    identity = identity_from(home)
    home.close()
    return identity, order


def _document(top_up: TopUp) -> dict[str, object]:
    return {
        "number": top_up.number,
        "channel": format_octets(top_up.channel),
        "amount_ubolt": top_up.amount_ubolt,
        "requested_at_s": top_up.requested_at_s,
        "automatic": top_up.automatic,
        "stage": top_up.stage.name,
        "sentence": top_up.stage.value,
    }
