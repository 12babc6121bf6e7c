"""The hub on HTTP: four requests for homes, three for the back office."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.failures import Bug, GridPlusError, InputError, StorageError
from gridplus.hub.binding import may_speak
from gridplus.hub.claim_policy import USUAL_CLAIMS, ClaimPolicy
from gridplus.hub.description import openapi
from gridplus.hub.desk import Asked, Desk, status_of
from gridplus.hub.exposure import ExposureStep, worst_first
from gridplus.hub.home import Record
from gridplus.hub.hub import Hub
from gridplus.hub.line import Chore, HubLine
from gridplus.hub.metrics import CONTENT_TYPE, Metrics
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.hub.standing import Standing, standing_of
from gridplus.hub.stream import StreamListener
from gridplus.hub.supply import Supply
from gridplus.journal.copying import parcel
from gridplus.serving import (
    LOOPBACK,
    BodyTooLargeError,
    bound_listener,
    explain,
    read_body,
    require_bearer,
)
from gridplus.tariff import Evidence, Fields, format_octets
from gridplus.tls import Peer, peer_at
from gridplus.wallet import ChannelId
from gridplus.wire import (
    AskOrder,
    BilledDay,
    BilledRecord,
    Channels,
    FetchRestatement,
    OpenChannel,
    OrderRestatement,
    RefusalMessage,
    StreamPlace,
    SubmitBatch,
    SubmitRead,
    SubmitVoucher,
)
from gridplus.wire.message import Message

CHAIN_PAUSE_S = 1
CLAIM_PAUSE_S = 30
MOST_EXPOSED = 200
_START_MAX = 1 << 33
_SEQUENCE_MAX = (1 << 48) - 1
_REFUSED = 409


class HubApp:
    """Routes over a hub. `admin_token` opens the back office's; without one they stay shut.
    Homes stay connected on `stream_port`; 0 takes a free one, which `/v1/stream` tells."""

    def __init__(
        self,
        hub: Hub,
        supply: Supply,
        *,
        admin_token: str,
        policy: ClaimPolicy = USUAL_CLAIMS,
        stream_port: int = 0,
    ) -> None:
        self._hub = hub
        self._policy = policy
        self._supply = supply
        self._admin_token = admin_token
        self._chores: Mapping[str, Chore] = {}
        self._faults: dict[str, str] = {}
        self._metrics = Metrics(self._standing, lambda: hub.waiting)
        self._desk = Desk(hub, supply, counts=self._metrics)
        self._stream_port = stream_port
        self._stream = StreamListener(hub, self._desk, broken=hub.aclose)
        self._stream_host = LOOPBACK
        supply.adopted = lambda event: self._stream.tell_all(event.to_bytes())

    def behind(self, line: HubLine, *, retailer: httpx.AsyncClient) -> Self:
        """Let streams come over the line alone, and keep it fresh while the app runs."""
        door = line.door()
        self._chores = line.chores(retailer)
        self._stream_host = door.host
        self._stream.tls = door.context
        return self

    def starlette(self) -> Starlette:
        """The app. While it runs it listens for streams, follows the chain and the retailer's
        prices, and claims what homes that are leaving have signed."""
        token = self._admin_token
        routes = [
            Route("/health", self._health),
            Route("/openapi.json", self._description),
            Route("/v1/stream", self._stream_place),
            Route("/v1/channels", self._open_channel, methods=["POST"]),
            Route("/v1/channels/{channel}", self._status),
            Route("/v1/reads", self._submit_read, methods=["POST"]),
            Route("/v1/vouchers", self._submit_voucher, methods=["POST"]),
            Route("/v1/batches", self._submit_batch, methods=["POST"]),
            Route("/v1/orders", self._sign_order, methods=["POST"]),
            Route("/v1/restatements", self._restatement, methods=["POST"]),
            Route("/metrics", require_bearer(token, self._show_metrics)),
            Route("/v1/admin/status", require_bearer(token, self._show_standing)),
            Route("/v1/admin/exposure", require_bearer(token, self._show_exposure)),
            Route("/v1/admin/channels", require_bearer(token, self._channels)),
            Route("/v1/admin/channels/{channel}/records", require_bearer(token, self._records)),
            Route("/v1/admin/restatements", require_bearer(token, self._restate), methods=["POST"]),
            Route("/v1/admin/promises", require_bearer(token, self._promises)),
            Route("/v1/admin/journal", require_bearer(token, self._journal)),
            Route("/v1/admin/claims", require_bearer(token, self._claim), methods=["POST"]),
        ]
        return Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={
                BodyTooLargeError: explain(413),
                InputError: explain(400),
                StorageError: explain(503),
                GridPlusError: explain(502),
                Bug: self._stop,
            },
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        hub = self._hub
        await self._stream.open(bound_listener(self._stream_host, self._stream_port))
        chores = [
            asyncio.create_task(self._repeat("chain", hub.follow_chain)),
            asyncio.create_task(self._repeat("retailer", self._supply.refresh)),
            asyncio.create_task(self._repeat("leaving homes", hub.claim_leaving)),
            asyncio.create_task(self._repeat("claims", self._claim_due, pause_s=CLAIM_PAUSE_S)),
            *(
                asyncio.create_task(self._repeat(name, chore.work, pause_s=chore.pause_s))
                for name, chore in self._chores.items()
            ),
        ]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            ended = await asyncio.gather(*chores, return_exceptions=True)
            await self._stream.aclose()
            await hub.aclose()
        for bug in (end for end in ended if isinstance(end, Bug)):
            raise bug

    async def _claim_due(self) -> None:
        due = await self._hub.claim_due(self._policy)
        if due is not None:
            self._metrics.claimed(due.name)

    async def _repeat(
        self, what: str, chore: Callable[[], Awaitable[object]], *, pause_s: int = CHAIN_PAUSE_S
    ) -> None:
        """What cannot be done now is tried again after a pause; until then it is a fault."""
        while True:
            try:
                await chore()
                self._faults.pop(what, None)
            except GridPlusError as error:
                self._faults[what] = str(error)
            except Bug:
                await self._hub.aclose()
                raise
            await asyncio.sleep(pause_s)

    async def _stop(self, _request: Request, error: Exception) -> Response:
        """After a bug memory may not be what the journal says: acknowledge nothing more."""
        await self._hub.aclose()
        raise error

    async def _health(self, _request: Request) -> Response:
        standing, credit = self._hub.standing, self._hub.credit
        return JSONResponse(
            {
                "ok": True,
                "homes": len(self._hub.book.homes),
                "chain": {"standing": standing.name, "sentence": standing.value},
                "credit": {
                    "unposted_ubolt": credit.unposted,
                    "payable_ubolt": credit.payable,
                },
                "faults": self._all_faults(),
            }
        )

    def _all_faults(self) -> dict[str, str]:
        fault = self._hub.credit.fault
        return self._faults if fault is None else {**self._faults, "credit": fault}

    def _standing(self) -> Standing:
        return standing_of(self._hub.book.homes.values())

    async def _show_standing(self, _request: Request) -> Response:
        chain, now = self._hub.standing, asdict(self._standing())
        return JSONResponse({**now, "chain": chain.value, "faults": self._all_faults()})

    async def _show_exposure(self, _request: Request) -> Response:
        """The homes that need somebody, the most urgent first."""
        found = worst_first(self._hub.book.homes.values())
        urgent = [each for each in found if each.step is not ExposureStep.GOOD]
        homes = [
            {
                "channel": format_octets(each.channel),
                "unsigned_ubolt": each.unsigned_ubolt,
                "left_ubolt": each.left_ubolt,
                "day_ubolt": each.day_ubolt,
                "step": each.step.name,
                "sentence": each.step.value,
            }
            for each in urgent[:MOST_EXPOSED]
        ]
        return JSONResponse({"count": len(urgent), "homes": homes})

    async def _show_metrics(self, _request: Request) -> Response:
        return Response(self._metrics.text(), media_type=CONTENT_TYPE)

    async def _description(self, _request: Request) -> Response:
        return JSONResponse(openapi())

    async def _stream_place(self, _request: Request) -> Response:
        return _message(StreamPlace(self._stream.port))

    async def _answer(self, request: Request, *, kind: type[Asked]) -> Response:
        message = kind.parse(await read_body(request, limit=kind.LIMIT))
        return _message(await self._desk.answer(message, peer=_peer(request)))

    async def _open_channel(self, request: Request) -> Response:
        return await self._answer(request, kind=OpenChannel)

    async def _status(self, request: Request) -> Response:
        home = self._hub.book.homes.get(_channel(request))
        if home is None:
            return _message(self._desk.refusal(Refused(HubRefusal.UNKNOWN_CHANNEL)))
        if not may_speak(_peer(request), home.identity):
            return _message(self._desk.refusal(Refused(HubRefusal.OTHER_LINE)))
        return _message(status_of(home))

    async def _submit_read(self, request: Request) -> Response:
        with self._metrics.timed("read"):
            return await self._answer(request, kind=SubmitRead)

    async def _submit_voucher(self, request: Request) -> Response:
        with self._metrics.timed("voucher"):
            return await self._answer(request, kind=SubmitVoucher)

    async def _submit_batch(self, request: Request) -> Response:
        with self._metrics.timed("batch"):
            return await self._answer(request, kind=SubmitBatch)

    async def _sign_order(self, request: Request) -> Response:
        asked = AskOrder.parse(await read_body(request, limit=AskOrder.LIMIT))
        answer = await self._hub.orders.sign(asked)
        return _message(self._desk.refusal(answer) if isinstance(answer, Refused) else answer)

    async def _restatement(self, request: Request) -> Response:
        return await self._answer(request, kind=FetchRestatement)

    async def _restate(self, request: Request) -> Response:
        body = await read_body(request, limit=OrderRestatement.LIMIT)
        return _message(await self._desk.restate(OrderRestatement.parse(body)))

    async def _channels(self, _request: Request) -> Response:
        return _message(Channels(tuple(self._hub.identities())))

    async def _records(self, request: Request) -> Response:
        channel = _channel(request)
        home = self._hub.book.homes.get(channel)
        if home is None:
            return _message(self._desk.refusal(Refused(HubRefusal.UNKNOWN_CHANNEL)))
        start_s, end_s = (_seconds(request, name) for name in ("start_s", "end_s"))
        found = self._hub.records(channel, start_s=start_s, end_s=end_s)
        records = tuple(_record_of(record) for record in found)
        restated = tuple(self._hub.restated(channel, found))
        return _message(BilledDay(home.identity, records, restated))

    async def _journal(self, request: Request) -> Response:
        after = _whole(request, "after", limit=_SEQUENCE_MAX, what="the number of a fact")
        content = await asyncio.to_thread(lambda: parcel(self._hub.stored(after=after)))
        return Response(content, media_type="application/octet-stream")

    async def _promises(self, _request: Request) -> Response:
        promises = await self._hub.export()
        return Response(promises.to_bytes(), media_type="application/octet-stream")

    async def _claim(self, _request: Request) -> Response:
        mined = await self._hub.claim()
        if mined is None:
            return JSONResponse({"homes": 0, "transaction": None, "gas_used": 0, "block": 0})
        return JSONResponse(
            {
                "homes": mined.homes,
                "transaction": format_octets(mined.transaction),
                "gas_used": mined.gas_used,
                "block": mined.block,
            }
        )


def _record_of(record: Record) -> BilledRecord:
    billed = record.billed
    evidence = Evidence(
        billed.read_signature, record.group, billed.credit_signature, record.voucher
    )
    return BilledRecord(billed.statement, evidence)


def _peer(request: Request) -> Peer | None:
    return peer_at(request.scope)


def _channel(request: Request) -> ChannelId:
    """Named in a path as in a message: 0x and 64 hex digits."""
    return ChannelId(Fields({**request.path_params}, "the path").octets("channel", 32))


def _seconds(request: Request, name: str) -> int:
    return _whole(request, name, limit=_START_MAX, what="seconds since 1970")


def _whole(request: Request, name: str, *, limit: int, what: str) -> int:
    text = request.query_params.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > limit:
        raise InputError(f"{name} must be {what}")
    return int(text)


def _message(message: Message) -> Response:
    status = _REFUSED if isinstance(message, RefusalMessage) else 200
    return Response(message.to_bytes(), status_code=status, media_type="application/json")
