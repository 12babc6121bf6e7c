"""Requests about one channel, passed on to its shard as they came; batches, in parts."""

import asyncio
from collections.abc import Sequence
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gridplus.failures import RemoteError
from gridplus.hub.answers import channel_in_path, channel_in_query, message_answer
from gridplus.hub.binding import ToldSpeaker
from gridplus.hub.desk import Asked
from gridplus.hub.pipes import Answer
from gridplus.hub.places import ShardLink, Shards
from gridplus.serving import read_body, require_bearer
from gridplus.tls import peer_at
from gridplus.wallet import ChannelId
from gridplus.wire import (
    AskOrder,
    AskWord,
    BatchAnswer,
    FetchRestatement,
    JoinRequest,
    OpenChannel,
    OrderRestatement,
    StreamPlace,
    SubmitBatch,
    SubmitRead,
    SubmitVoucher,
)
from gridplus.wire.message import Message

_OFTEN: dict[str, type[Asked]] = {"/v1/vouchers": SubmitVoucher, "/v1/reads": SubmitRead}
_OF_A_CHANNEL: dict[str, type[Message]] = {
    "/v1/orders": AskOrder,
    "/v1/words": AskWord,
    "/v1/restatements": FetchRestatement,
    "/v1/joins": JoinRequest,
}
_RESTATE = "/v1/admin/restatements"


class Forwarder:
    """What a message says is judged by its shard alone; here it is only looked for its channel. One
    that names none is a mistake, which any shard explains."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    def routes(self, token: str) -> list[Route]:
        """For homes, and for the back office with its token."""
        records, restate = self._path, partial(self._message, kind=OrderRestatement, path=_RESTATE)
        return [
            *(
                Route(path, partial(self._often, kind=kind), methods=["POST"])
                for path, kind in _OFTEN.items()
            ),
            Route("/v1/batches", self._batch, methods=["POST"]),
            Route("/v1/stream", self._stream),
            Route("/v1/channels", self._open, methods=["POST"]),
            Route("/v1/channels/{channel}", self._path),
            *(
                Route(path, partial(self._message, kind=kind, path=path), methods=["POST"])
                for path, kind in _OF_A_CHANNEL.items()
            ),
            Route("/v1/admin/channels/{channel}/records", require_bearer(token, records)),
            Route(_RESTATE, require_bearer(token, restate), methods=["POST"]),
        ]

    async def _stream(self, request: Request) -> Response:
        """Whoever names no channel is told that there is none: requests reach every shard."""
        channel = channel_in_query(request)
        if channel is None:
            return message_answer(StreamPlace(None))
        link = self._shards.of(channel)
        answer = await link.ask("GET", f"/v1/stream?channel=0x{channel.hex()}")
        place = StreamPlace.parse(answer.require_ok(str(link)))
        return message_answer(StreamPlace(place.port, link.stream_host))

    async def _open(self, request: Request) -> Response:
        body = await read_body(request, limit=OpenChannel.LIMIT)
        link = self._shards.of(OpenChannel.parse(body).identity.channel)
        return await _passed_on(request, link, body=body)

    async def _path(self, request: Request) -> Response:
        return await _passed_on(request, self._shards.of(channel_in_path(request)))

    async def _message(self, request: Request, *, kind: type[Message], path: str) -> Response:
        body = await read_body(request, limit=kind.LIMIT)
        return await _passed_on(request, self._shards.of(channel_named(body)), body=body, path=path)

    async def _often(self, request: Request, *, kind: type[Asked]) -> Response:
        body = await read_body(request, limit=kind.LIMIT)
        link = self._shards.of(channel_named(body))
        return _response(await link.say(kind, body, speaker=_speaker_at(request)))

    async def _batch(self, request: Request) -> Response:
        """Each shard's items in their order, all shards at once; none of a batch that is none."""
        body = await read_body(request, limit=SubmitBatch.LIMIT)
        places = dict[int, list[int]]()
        for place, item in enumerate(SubmitBatch.parse(body).items):
            places.setdefault(self._shards.of(item.channel).index, []).append(place)
        items, speaker = orjson.loads(body)["items"], _speaker_at(request)
        links = [self._shards.links[index] for index in places]
        parts = [_part([items[place] for place in own]) for own in places.values()]
        answers = await asyncio.gather(
            *(
                link.say(SubmitBatch, part, speaker=speaker)
                for link, part in zip(links, parts, strict=True)
            )
        )
        found = dict[int, object]()
        for link, own, answer in zip(links, places.values(), answers, strict=True):
            if answer.status != 200:
                return _response(answer)
            found.update(zip(own, _answers_in(answer, link, count=len(own)), strict=True))
        told = {"answers": [found[place] for place in range(len(items))], "kind": BatchAnswer.KIND}
        return Response(orjson.dumps(told), media_type="application/json")


def _part(items: Sequence[object]) -> bytes:
    return orjson.dumps({"items": items, "kind": SubmitBatch.KIND})


def _answers_in(answer: Answer, link: ShardLink, *, count: int) -> Sequence[object]:
    """As the shard spelled them. Raises RemoteError when they are not so many."""
    try:
        told: Sequence[object] = orjson.loads(answer.content)["answers"]
    except (ValueError, TypeError, KeyError):
        told = ()
    if len(told) != count:
        raise RemoteError(f"{link} does not answer each of {count}")
    return told


def channel_named(body: bytes) -> ChannelId:
    """The channel that a message names, as far as anything can be understood."""
    try:
        return ChannelId(bytes.fromhex(orjson.loads(body)["channel"][2:]))
    except (ValueError, TypeError, KeyError):
        return ChannelId(bytes(32))


async def _passed_on(
    request: Request, link: ShardLink, *, body: bytes | None = None, path: str | None = None
) -> Response:
    return _response(await _ask(request, link, body=body, path=path))


async def _ask(
    request: Request, link: ShardLink, *, body: bytes | None, path: str | None = None
) -> Answer:
    where = request.url.path if path is None else path
    query = f"?{request.url.query}" if request.url.query else ""
    return await link.ask(request.method, where + query, content=body, speaker=_speaker_at(request))


def _speaker_at(request: Request) -> ToldSpeaker | None:
    peer = peer_at(request.scope)
    if peer is None:
        return None
    device = peer.device()
    return ToldSpeaker(None if device is None else device.id)


def _response(answer: Answer) -> Response:
    return Response(answer.content, status_code=answer.status, media_type=answer.kind)
