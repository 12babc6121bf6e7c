"""Claims over HTTP, and those that a hub makes by itself."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.chain import Standing
from gridplus.hub.answers import bytes_answer
from gridplus.hub.chores import Chore
from gridplus.hub.claim_policy import USUAL_CLAIMS, ClaimPolicy
from gridplus.hub.claiming import Claimer
from gridplus.serving import require_bearer
from gridplus.tariff import format_octets

CLAIM_PAUSE_S = 30


class ClaimDesk:
    """Over a claimer. `claimed` hears why a claim did not wait for the day's end."""

    def __init__(self, claimer: Claimer, policy: ClaimPolicy = USUAL_CLAIMS) -> None:
        self.claimed: Callable[[str], None] = lambda _: None
        self._claimer = claimer
        self._policy = policy

    @property
    def standing(self) -> Standing:
        return self._claimer.standing

    def routes(self, token: str) -> list[Route]:
        return [
            Route("/v1/admin/promises", require_bearer(token, self._promises)),
            Route("/v1/admin/claims", require_bearer(token, self._claim), methods=["POST"]),
        ]

    def chores(self) -> Mapping[str, Chore]:
        return {
            "leaving homes": Chore(self._claimer.claim_leaving),
            "claims": Chore(self._claim_due, CLAIM_PAUSE_S),
        }

    async def _claim_due(self) -> None:
        due = await self._claimer.claim_due(self._policy)
        if due is not None:
            self.claimed(due.name)

    async def _promises(self, _request: Request) -> Response:
        return bytes_answer((await self._claimer.export()).to_bytes())

    async def _claim(self, _request: Request) -> Response:
        mined = await self._claimer.claim()
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
