"""What the hub's HTTP apps have in common: names in paths and queries, answers, troubles."""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gridplus.failures import Bug, GridPlusError, InputError, StorageError
from gridplus.hub.binding import DEVICE_HEADER, Speaker, ToldSpeaker
from gridplus.hub.shard import MOST_SHARDS
from gridplus.serving import BodyTooLargeError, explain, is_bearer
from gridplus.tariff import Fields
from gridplus.tls import peer_at
from gridplus.wallet import ChannelId
from gridplus.wire import RefusalMessage
from gridplus.wire.message import Message

_REFUSED = 409
_START_MAX = 1 << 33
_SEQUENCE_MAX = (1 << 48) - 1


def message_answer(message: Message) -> Response:
    """A message, with its status."""
    status = status_of_message(message)
    return Response(message.to_bytes(), status_code=status, media_type="application/json")


def status_of_message(message: Message) -> int:
    """A refusal is a conflict."""
    return _REFUSED if isinstance(message, RefusalMessage) else 200


def status_for(error: Exception) -> int:
    """Of an answer that is only a sentence."""
    if isinstance(error, InputError):
        return 400
    return 503 if isinstance(error, StorageError) else 502


def bytes_answer(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")


def channel_in_path(request: Request) -> ChannelId:
    """Named in a path as in a message: 0x and 64 hex digits."""
    return ChannelId(Fields({**request.path_params}, "the path").octets("channel", 32))


def channel_in_query(request: Request) -> ChannelId | None:
    """The same in a query; None when it is left out."""
    text = in_query(request, "channel")
    if text is None:
        return None
    return ChannelId(Fields({"channel": text}, "the query").octets("channel", 32))


def speaker_at(request: Request, token: str) -> Speaker | None:
    """Who is at the other end of the line, by its own proof or, to a shard, by the coordinator's
    word. Raises InputError for the word of anybody else."""
    told = request.headers.get(DEVICE_HEADER)
    if told is None or "door" in request.scope.get("state", {}):
        return peer_at(request.scope)
    if not is_bearer(request, token):
        raise InputError(f"{DEVICE_HEADER} is for the coordinator of this hub to say")
    return ToldSpeaker.parse(told)


async def drain(request: Request) -> Response:
    """End this process as its operator would: what is under way is finished first."""
    require_no_shard(request)
    os.kill(os.getpid(), signal.SIGTERM)
    return JSONResponse({"draining": True})


def sequence_in_query(request: Request) -> int:
    return whole_in_query(request, "after", limit=_SEQUENCE_MAX, what="the number of a fact")


def shard_in_query(request: Request) -> int | None:
    """Which shard is meant; None when it is left out."""
    if in_query(request, "shard") is None:
        return None
    return whole_in_query(request, "shard", limit=MOST_SHARDS - 1, what="the number of a shard")


def require_no_shard(request: Request) -> None:
    """Of one process nobody may ask for a shard. Raises InputError."""
    if shard_in_query(request) is not None:
        raise InputError("shard: this hub has none; leave it out")


def seconds_in_query(request: Request, name: str) -> int:
    return whole_in_query(request, name, limit=_START_MAX, what="seconds since 1970")


def whole_in_query(request: Request, name: str, *, limit: int, what: str) -> int:
    """Raises InputError that says `what` it must be."""
    text = in_query(request, name) or ""
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > limit:
        raise InputError(f"{name} must be {what}")
    return int(text)


def in_query(request: Request, name: str) -> str | None:
    """What stands in the query under `name`, if anything. Raises InputError for more than one."""
    found = request.query_params.getlist(name)
    if len(found) > 1:
        raise InputError(f"{name} stands {len(found)} times in the query; once is enough")
    return found[0] if found else None


def troubles(stop: Callable[[], Awaitable[None]]) -> dict[Any, Any]:
    """Exception handlers of an app: each error in its own sentence. After a bug memory may not be
    what the journal says: `stop` sees to it that nothing more is acknowledged."""

    async def stopped(_request: Request, error: Exception) -> Response:
        await stop()
        raise error

    return {
        BodyTooLargeError: explain(413),
        InputError: explain(400),
        StorageError: explain(503),
        GridPlusError: explain(502),
        Bug: stopped,
    }
