"""What a shard tells whoever claims for all shards; it claims nothing itself."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.failures import InputError
from gridplus.hub.answers import bytes_answer, in_query, message_answer, whole_in_query
from gridplus.hub.chores import Chore
from gridplus.hub.owing import OwnHomes, Which
from gridplus.keystore import Secp256k1Key
from gridplus.serving import read_body, require_bearer
from gridplus.wallet import Domain
from gridplus.wire import OWED_ITEMS, OwedVouchers, Promises


class OwedDesk:
    """Over the homes of a shard, whose hub signs with `key`."""

    standing = None

    def __init__(
        self, homes: OwnHomes, key: Secp256k1Key, *, domain: Domain, now_s: Callable[[], int]
    ) -> None:
        self._homes = homes
        self._key = key
        self._domain = domain
        self._now_s = now_s

    def routes(self, token: str) -> list[Route]:
        return [
            Route("/v1/admin/follow", require_bearer(token, self._follow), methods=["POST"]),
            Route("/v1/admin/owed", require_bearer(token, self._owed)),
            Route("/v1/admin/tried", require_bearer(token, self._tried), methods=["POST"]),
            Route("/v1/admin/promises", require_bearer(token, self._promises)),
        ]

    def chores(self) -> Mapping[str, Chore]:
        return {}

    async def _follow(self, _request: Request) -> Response:
        await self._homes.follow_chain()
        return JSONResponse({})

    async def _owed(self, request: Request) -> Response:
        asked = in_query(request, "which")
        which = next((each for each in Which if each.value == asked), None)
        if which is None:
            raise InputError(f"which must be one of {', '.join(each.value for each in Which)}")
        most = whole_in_query(request, "most", limit=OWED_ITEMS, what=f"at most {OWED_ITEMS}")
        return message_answer(await self._homes.owed(which, most=most))

    async def _tried(self, request: Request) -> Response:
        body = await read_body(request, limit=OwedVouchers.LIMIT)
        await self._homes.tried(OwedVouchers.parse(body).first)
        return JSONResponse({})

    async def _promises(self, _request: Request) -> Response:
        """Without claims signed ahead."""
        promised = await self._homes.promised()
        made = Promises(
            self._domain, self._key.address, self._now_s(), promised.vouchers, promised.credits
        )
        return bytes_answer(made.to_bytes())
