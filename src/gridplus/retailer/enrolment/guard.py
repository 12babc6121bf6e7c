"""Who names no device may enrol, and ask as an owner; nothing else."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from starlette.responses import PlainTextResponse

from gridplus.retailer.enrolment.est import EST
from gridplus.retailer.enrolment.owners import OWNERS_WAYS

LINE_DOOR: Final = "line"
ENROL_DOOR: Final = "enrol"
_FOR_EVERYBODY: Final = (
    f"{EST}/cacerts",
    f"{EST}/simpleenroll",
    "/pki/",
    "/v1/retailer",
    "/health",
    *OWNERS_WAYS,
)

Scope: TypeAlias = Any
Asgi: TypeAlias = Callable[[Scope, Any, Any], Awaitable[None]]


class DoorGuard:
    """ASGI middleware."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        door = scope.get("state", {}).get("door") if scope["type"] == "http" else None
        if door == ENROL_DOOR and not scope["path"].startswith(_FOR_EVERYBODY):
            refused = PlainTextResponse("this is not for this door", status_code=403)
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)
