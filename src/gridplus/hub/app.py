"""The hub on HTTP: four requests for homes, three for the back office."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from typing import Any, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.chain import Standing as SenderStanding
from gridplus.hub.answers import (
    bytes_answer,
    channel_in_path,
    channel_in_query,
    drain,
    message_answer,
    require_no_shard,
    seconds_in_query,
    sequence_in_query,
    speaker_at,
    troubles,
)
from gridplus.hub.binding import Speaker, may_speak
from gridplus.hub.chores import Chore, Chores
from gridplus.hub.claim_desk import ClaimDesk
from gridplus.hub.description import openapi
from gridplus.hub.desk import Asked, Desk, status_of
from gridplus.hub.exposure import urgent_document
from gridplus.hub.hub import Hub
from gridplus.hub.line import HubLine
from gridplus.hub.metrics import CONTENT_TYPE, Metrics
from gridplus.hub.owed_desk import OwedDesk
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.hub.shard import WHOLE
from gridplus.hub.snapshot import KEEP_PAUSE_S
from gridplus.hub.standing import Standing
from gridplus.hub.stream import StreamListener
from gridplus.hub.supply import Supply
from gridplus.hub.trunk import TrunkEnds
from gridplus.journal.copying import parcel
from gridplus.serving import LOOPBACK, bound_listener, read_body, require_bearer
from gridplus.wire import (
    AskOrder,
    AskWord,
    Channels,
    FetchRestatement,
    JoinRequest,
    OpenChannel,
    OrderRestatement,
    StreamPlace,
    SubmitBatch,
    SubmitRead,
    SubmitVoucher,
)


class HubApp:
    """Routes over a hub. `admin_token` opens the back office's; without one they stay shut.
    Homes stay connected on `stream_port`; 0 takes a free one, which `/v1/stream` tells."""

    def __init__(
        self,
        hub: Hub,
        supply: Supply,
        *,
        admin_token: str,
        claims: ClaimDesk | OwedDesk | None = None,
        stream_port: int = 0,
    ) -> None:
        self._hub = hub
        self._supply = supply
        self._admin_token = admin_token
        self._claims = claims
        self._chores = Chores(broken=hub.aclose)
        self._line_chores: Mapping[str, Chore] = {}
        self._metrics = Metrics(self._standing, lambda: hub.waiting)
        self._desk = Desk(hub, supply, counts=self._metrics)
        self._trunks = TrunkEnds(self._desk, broken=hub.aclose)
        self._stream_port = stream_port
        self._stream = StreamListener(hub, self._desk, broken=hub.aclose)
        self._stream_host = LOOPBACK
        if isinstance(claims, ClaimDesk):
            claims.claimed = self._metrics.claimed
        supply.adopted = lambda event: self._stream.tell_all(event.to_bytes())

    def behind(self, line: HubLine, *, retailer: httpx.AsyncClient) -> Self:
        """Let streams come over the line alone, and keep it fresh while the app runs."""
        door = line.door()
        self._line_chores = line.chores(retailer)
        self._stream_host = door.host
        self._stream.tls = door.context
        return self

    def starlette(self) -> Starlette:
        """The app. While it runs it listens for streams, follows the chain and the retailer's
        prices, and claims what homes that are leaving have signed."""
        token = self._admin_token
        routes = [
            Route("/v1/vouchers", self._submit_voucher, methods=["POST"]),
            Route("/v1/reads", self._submit_read, methods=["POST"]),
            Route("/v1/batches", self._submit_batch, methods=["POST"]),
            Route("/health", self._health),
            Route("/openapi.json", self._description),
            Route("/v1/stream", self._stream_place),
            Route("/v1/channels", self._open_channel, methods=["POST"]),
            Route("/v1/channels/{channel}", self._status),
            Route("/v1/orders", self._sign_order, methods=["POST"]),
            Route("/v1/words", self._tell_word, methods=["POST"]),
            Route("/v1/restatements", self._restatement, methods=["POST"]),
            Route("/v1/joins", self._join, methods=["POST"]),
            Route("/metrics", require_bearer(token, self._show_metrics)),
            Route("/v1/admin/status", require_bearer(token, self._show_standing)),
            Route("/v1/admin/exposure", require_bearer(token, self._show_exposure)),
            Route("/v1/admin/channels", require_bearer(token, self._channels)),
            Route("/v1/admin/channels/{channel}/records", require_bearer(token, self._records)),
            Route("/v1/admin/restatements", require_bearer(token, self._restate), methods=["POST"]),
            Route("/v1/admin/journal", require_bearer(token, self._journal)),
            Route("/v1/admin/drain", require_bearer(token, drain), methods=["POST"]),
            *([] if self._claims is None else self._claims.routes(token)),
        ]
        return Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers=troubles(self._hub.aclose),
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        hub = self._hub
        await self._stream.open(bound_listener(self._stream_host, self._stream_port))
        self._chores.begin(
            {
                "chain": Chore(hub.follow_chain),
                "states": Chore(hub.keeper.keep, KEEP_PAUSE_S),
                "retailer": Chore(self._supply.refresh),
                **({} if self._claims is None else self._claims.chores()),
                **self._line_chores,
            }
        )
        try:
            switch = self._trunks.switch(self._admin_token)
            yield {} if hub.book.shard == WHOLE else {"switch": switch}
        finally:
            try:
                await self._chores.aclose()
            finally:
                await self._stream.aclose()
                await self._trunks.aclose()
                await hub.put_down()

    async def _health(self, _request: Request) -> Response:
        chain, credit = self._chain(), self._hub.credit
        return JSONResponse(
            {
                "ok": self._hub.trouble is None,
                "homes": len(self._hub.book.homes),
                "chain": chain and {"standing": chain.name, "sentence": chain.value},
                "credit": {
                    "unposted_ubolt": credit.unposted,
                    "payable_ubolt": credit.payable,
                },
                "faults": self._faults(),
            }
        )

    def _faults(self) -> dict[str, str]:
        told = {"credit": self._hub.credit.fault, "journal": self._hub.trouble}
        return self._chores.faults | {what: why for what, why in told.items() if why is not None}

    def _chain(self) -> SenderStanding | None:
        """How the claims stand, where they are made."""
        return None if self._claims is None else self._claims.standing

    def _standing(self) -> Standing:
        return self._hub.book.homes.figures.standing(payable=self._hub.credit.payable)

    async def _show_standing(self, _request: Request) -> Response:
        chain, now = self._chain(), asdict(self._standing())
        return JSONResponse({**now, "chain": chain and chain.value, "faults": self._faults()})

    async def _show_exposure(self, _request: Request) -> Response:
        homes = self._hub.book.homes
        return JSONResponse(urgent_document(homes.at(homes.figures.urgent)))

    async def _show_metrics(self, _request: Request) -> Response:
        return Response(self._metrics.text(), media_type=CONTENT_TYPE)

    async def _description(self, _request: Request) -> Response:
        return JSONResponse(openapi())

    async def _stream_place(self, request: Request) -> Response:
        channel = channel_in_query(request)
        if channel is not None and not self._hub.book.shard.owns(channel):
            return message_answer(self._desk.unserved(channel))
        return message_answer(StreamPlace(self._stream.port))

    async def _answer(self, request: Request, *, kind: type[Asked]) -> Response:
        message = kind.parse(await read_body(request, limit=kind.LIMIT))
        return message_answer(await self._desk.answer(message, peer=self._speaker(request)))

    def _speaker(self, request: Request) -> Speaker | None:
        return speaker_at(request, self._admin_token)

    async def _open_channel(self, request: Request) -> Response:
        return await self._answer(request, kind=OpenChannel)

    async def _status(self, request: Request) -> Response:
        channel = channel_in_path(request)
        home = self._hub.book.homes.get(channel)
        if home is None:
            return message_answer(self._desk.unserved(channel))
        if not may_speak(self._speaker(request), home.identity):
            return message_answer(self._desk.refusal(Refused(HubRefusal.OTHER_LINE)))
        return message_answer(status_of(home))

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
        return message_answer(self._desk.refusal(answer) if isinstance(answer, Refused) else answer)

    async def _tell_word(self, request: Request) -> Response:
        asked = AskWord.parse(await read_body(request, limit=AskWord.LIMIT))
        answer = self._hub.orders.word(asked)
        return message_answer(self._desk.refusal(answer) if isinstance(answer, Refused) else answer)

    async def _restatement(self, request: Request) -> Response:
        return await self._answer(request, kind=FetchRestatement)

    async def _join(self, request: Request) -> Response:
        return await self._answer(request, kind=JoinRequest)

    async def _restate(self, request: Request) -> Response:
        body = await read_body(request, limit=OrderRestatement.LIMIT)
        return message_answer(await self._desk.restate(OrderRestatement.parse(body)))

    async def _channels(self, _request: Request) -> Response:
        return message_answer(Channels(tuple(self._hub.identities())))

    async def _records(self, request: Request) -> Response:
        channel = channel_in_path(request)
        home = self._hub.book.homes.get(channel)
        if home is None:
            return message_answer(self._desk.unserved(channel))
        start_s, end_s = (seconds_in_query(request, name) for name in ("start_s", "end_s"))
        day = partial(self._hub.joiner.day, home, start_s=start_s, end_s=end_s)
        return message_answer(await asyncio.to_thread(day))

    async def _journal(self, request: Request) -> Response:
        require_no_shard(request)
        after = sequence_in_query(request)
        content = await asyncio.to_thread(lambda: parcel(self._hub.stored(after=after)))
        return bytes_answer(content)
