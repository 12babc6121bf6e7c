"""The coordinator of a hub's shards: the same HTTP API, where each request about a channel is
passed on to its shard, and what concerns all homes is asked of all shards and put together."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.failures import RemoteError
from gridplus.hub.answers import (
    bytes_answer,
    drain,
    message_answer,
    sequence_in_query,
    shard_in_query,
    troubles,
)
from gridplus.hub.chores import Chore, Chores
from gridplus.hub.claim_desk import ClaimDesk
from gridplus.hub.description import openapi
from gridplus.hub.exposure import merged_urgent
from gridplus.hub.forwarding import Forwarder
from gridplus.hub.metrics import CONTENT_TYPE, ShardMetrics
from gridplus.hub.placement import Placement
from gridplus.hub.places import ShardLink, Shards
from gridplus.hub.shard_payees import standing_at
from gridplus.hub.standing import CreditStanding, sum_of_standings
from gridplus.journal import Journal
from gridplus.journal.copying import parcel
from gridplus.serving import require_bearer
from gridplus.wire import Channels

PLACES_PAUSE_S = 2


class CoordinatorApp:
    """Over shards, with the claims of all of them. `journal` holds what was sent to the chain."""

    def __init__(
        self,
        shards: Shards,
        placement: Placement,
        *,
        claims: ClaimDesk,
        metrics: ShardMetrics,
        journal: Journal,
    ) -> None:
        self._shards = shards
        self._placement = placement
        self._claims = claims
        self._metrics = metrics
        self._journal = journal
        self._chores = Chores(broken=placement.aclose)
        self.more_chores: Mapping[str, Chore] = {}
        claims.claimed = metrics.claimed

    def starlette(self, token: str) -> Starlette:
        """The app. While it runs, so do the shards that are started here."""
        own = {
            "/metrics": self._show_metrics,
            "/v1/admin/status": self._show_standing,
            "/v1/admin/exposure": self._show_exposure,
            "/v1/admin/channels": self._channels,
            "/v1/admin/journal": self._show_journal,
        }
        routes = [
            Route("/health", self._health),
            Route("/openapi.json", self._description),
            *(Route(path, require_bearer(token, handle)) for path, handle in own.items()),
            Route("/v1/admin/drain", require_bearer(token, self._drain), methods=["POST"]),
            *Forwarder(self._shards).routes(token),
            *self._claims.routes(token),
        ]
        handlers = troubles(self._placement.aclose)
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        try:
            await self._placement.begin()
            self._chores.begin(
                {
                    "places": Chore(self._placement.refresh, PLACES_PAUSE_S),
                    **self._claims.chores(),
                    **self.more_chores,
                }
            )
            yield
        finally:
            try:
                await self._chores.aclose()
            finally:
                await self._placement.aclose()

    async def _health(self, _request: Request) -> Response:
        """Well when every shard is; the homes of those that are well are served all the same."""
        told = await asyncio.gather(*(self._health_of(link) for link in self._shards.links))
        chain, credit = self._claims.standing, _credit(told)
        return JSONResponse(
            {
                "ok": all(each["ok"] for each in told),
                "homes": sum(each.get("homes", 0) for each in told),
                "chain": {"standing": chain.name, "sentence": chain.value},
                "credit": {
                    "unposted_ubolt": credit.unposted,
                    "payable_ubolt": credit.payable,
                },
                "faults": self._faults(told),
                "shards": [
                    {"shard": link.index, "ok": each["ok"], "url": link.url}
                    for link, each in zip(self._shards.links, told, strict=True)
                ],
            }
        )

    async def _health_of(self, link: ShardLink) -> dict[str, Any]:
        """What it says, or why it says nothing."""
        try:
            told: dict[str, Any] = json.loads((await link.ask("GET", "/health")).content)
            return told
        except (RemoteError, ValueError) as error:
            return {"ok": False, "faults": {"": str(error)}}

    def _faults(self, told: list[dict[str, Any]]) -> dict[str, str]:
        """Our own, and those of each shard with its name."""
        found = self._chores.faults | self._shards.troubles
        for link, each in zip(self._shards.links, told, strict=True):
            for what, why in each["faults"].items():
                found.setdefault(f"{link}: {what}" if what else str(link), why)
        fault = _credit(told).fault
        return found if fault is None else {**found, "credit": fault}

    async def _show_standing(self, _request: Request) -> Response:
        told = await asyncio.gather(*(self._health_of(link) for link in self._shards.links))
        found = await self._shards.ask_present(standing_at)
        now, chain = asdict(sum_of_standings(found.values())), self._claims.standing.value
        return JSONResponse({**now, "chain": chain, "faults": self._faults(told)})

    async def _show_exposure(self, _request: Request) -> Response:
        async def ask(link: ShardLink) -> dict[str, Any]:
            told: dict[str, Any] = json.loads(await _told(link, "/v1/admin/exposure"))
            return told

        return JSONResponse(merged_urgent((await self._shards.ask_present(ask)).values()))

    async def _show_metrics(self, _request: Request) -> Response:
        pages = await self._shards.ask_present(lambda link: _told(link, "/metrics"))
        content = self._metrics.text(pages, len(self._shards.links))
        return Response(content, media_type=CONTENT_TYPE)

    async def _channels(self, _request: Request) -> Response:
        async def ask(link: ShardLink) -> Channels:
            return Channels.parse(await _told(link, "/v1/admin/channels"))

        found = await self._shards.ask_all(ask)
        return message_answer(Channels(tuple(one for each in found for one in each.identities)))

    async def _show_journal(self, request: Request) -> Response:
        after, index = sequence_in_query(request), shard_in_query(request)
        if index is None:
            stored = self._journal.replay(after=after)
            return bytes_answer(await asyncio.to_thread(parcel, stored))
        path = f"/v1/admin/journal?after={after}"
        return bytes_answer(await _told(self._shards.at(index), path))

    async def _drain(self, request: Request) -> Response:
        index = shard_in_query(request)
        if index is None:
            return await drain(request)
        await self._placement.drain(index)
        return JSONResponse({"drained": index})

    async def _description(self, _request: Request) -> Response:
        return JSONResponse(openapi())


def _credit(told: list[dict[str, Any]]) -> CreditStanding:
    """What all shards owe together, beside what their one vault pays."""
    owed = [each["credit"] for each in told if "credit" in each]
    payable = [each["payable_ubolt"] for each in owed if each["payable_ubolt"] is not None]
    return CreditStanding(sum(each["unposted_ubolt"] for each in owed), min(payable, default=None))


async def _told(link: ShardLink, path: str) -> bytes:
    return (await link.ask("GET", path)).require_ok(str(link))
