"""What the back office asks of the hub, over HTTP, as its administrator."""

import asyncio
import json
from dataclasses import dataclass
from typing import TypeVar

import httpx

from gridplus.failures import InputError, RemoteError
from gridplus.tariff import format_octets
from gridplus.wallet import ChannelId
from gridplus.wire import (
    BilledDay,
    Channels,
    OrderRestatement,
    RefusalMessage,
    RestatementOffer,
)
from gridplus.wire.message import Message

MessageT = TypeVar("MessageT", bound=Message)
_CLAIM_LIMIT = 10_000
_ERROR_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class HubLink:
    """`client` knows the hub's URL. Raises RemoteError when the hub does not answer, refuses, or
    talks nonsense."""

    client: httpx.AsyncClient
    token: str

    async def claim(self) -> None:
        """Have every durable voucher redeemed that the chain has not paid yet."""
        await self._ask("POST", "/v1/admin/claims", limit=_CLAIM_LIMIT)

    async def fetch_channels(self) -> Channels:
        """The channels that the hub has bills of."""
        data = await self._ask("GET", "/v1/admin/channels", limit=Channels.LIMIT)
        return await asyncio.to_thread(_parse, Channels, data)

    async def fetch_day(self, channel: ChannelId, *, start_s: int, end_s: int) -> BilledDay:
        """What the hub billed a channel for intervals that begin in [start_s, end_s)."""
        named, when = format_octets(channel), f"start_s={start_s}&end_s={end_s}"
        path = f"/v1/admin/channels/{named}/records?{when}"
        data = await self._ask("GET", path, limit=BilledDay.LIMIT)
        return await asyncio.to_thread(_parse, BilledDay, data)

    async def restate(self, order: OrderRestatement) -> RestatementOffer | RefusalMessage:
        """What the hub made of an order, or why it could not."""
        path, limit = "/v1/admin/restatements", RestatementOffer.LIMIT
        status, data = await self._send("POST", path, limit=limit, content=order.to_bytes())
        if status == httpx.codes.CONFLICT:
            return _parse(RefusalMessage, data)
        if status != httpx.codes.OK:
            raise RemoteError(f"the hub answers {path} with {status}: {_why(data)}")
        return await asyncio.to_thread(_parse, RestatementOffer, data)

    async def _ask(self, method: str, path: str, *, limit: int) -> bytes:
        status, data = await self._send(method, path, limit=limit)
        if status != httpx.codes.OK:
            raise RemoteError(f"the hub answers {path} with {status}: {_why(data)}")
        return data

    async def _send(
        self, method: str, path: str, *, limit: int, content: bytes | None = None
    ) -> tuple[int, bytes]:
        headers = {"authorization": f"Bearer {self.token}"}
        body = bytearray()
        try:
            async with self.client.stream(
                method, path, headers=headers, content=content
            ) as response:
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > limit:
                        raise RemoteError(f"the hub answers {path} with more than {limit} bytes")
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise RemoteError(f"the hub does not answer {path}: {reason}") from None
        return response.status_code, bytes(body)


def _parse(kind: type[MessageT], data: bytes) -> MessageT:
    try:
        return kind.parse(data)
    except InputError as error:
        raise RemoteError(f"the hub does not keep to the protocol: {error}") from None


def _why(body: bytes) -> str:
    try:
        refusal = RefusalMessage.parse(body)
        return f"{refusal.name}: {refusal.sentence}"
    except InputError:
        pass
    try:
        return str(json.loads(body)["error"])[:_ERROR_CHARACTERS]
    except (ValueError, KeyError, TypeError):
        return body[:_ERROR_CHARACTERS].decode(errors="replace")
