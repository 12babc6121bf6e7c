"""What the hub's HTTP apps have in common: names in paths and queries, answers, troubles."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gridplus.failures import Bug, GridPlusError, InputError, StorageError
from gridplus.serving import BodyTooLargeError, explain
from gridplus.tariff import Fields
from gridplus.wallet import ChannelId
from gridplus.wire import RefusalMessage
from gridplus.wire.message import Message

_REFUSED = 409
_START_MAX = 1 << 33


def message_answer(message: Message) -> Response:
    """A message; a refusal is a conflict."""
    status = _REFUSED if isinstance(message, RefusalMessage) else 200
    return Response(message.to_bytes(), status_code=status, media_type="application/json")


def bytes_answer(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")


def channel_in_path(request: Request) -> ChannelId:
    """Named in a path as in a message: 0x and 64 hex digits."""
    return ChannelId(Fields({**request.path_params}, "the path").octets("channel", 32))


def seconds_in_query(request: Request, name: str) -> int:
    return whole_in_query(request, name, limit=_START_MAX, what="seconds since 1970")


def whole_in_query(request: Request, name: str, *, limit: int, what: str) -> int:
    """Raises InputError that says `what` it must be."""
    text = request.query_params.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > limit:
        raise InputError(f"{name} must be {what}")
    return int(text)


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
