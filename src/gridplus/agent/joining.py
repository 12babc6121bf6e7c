"""What a Smart Agent does about paid requests: it joins what its owner lets it follow, and knows by
itself what the bills of their intervals must be given.

The home's word is on the disk before it leaves the house, and the hub's receipt when it comes. A
word whose receipt was lost may have counted or not: the hub's bill says which, and holds either
way.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gridplus.agent.ground import Ground
from gridplus.agent.links import Unreachable
from gridplus.agent.stream import Asking
from gridplus.failures import RemoteError
from gridplus.keystore import DeviceKey
from gridplus.tariff import (
    JOIN_LEAD_S,
    NOTHING_GIVEN,
    Called,
    Given,
    PaidRequest,
    Plan,
    Statement,
    called_at,
    is_sealed,
    join_leaf,
    join_message,
)
from gridplus.wallet import Domain, anchor_domain
from gridplus.wire import JoinRequest, RefusalMessage, RequestJoined


@dataclass
class Joins:
    """Of one home. `refused` says of requests, by name, why the hub does not let it take part."""

    plan: Plan
    device: DeviceKey
    hub: Asking
    ground: Ground
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def domain(self) -> Domain:
        """In which requests are signed."""
        where = self.ground.deployment
        return anchor_domain(where.chain_id, where.anchor)

    async def take_part(self, requests: Iterable[PaidRequest], *, now_s: int) -> None:
        """Give this home's word for each of `requests` that has not begun and has no receipt yet.
        Raises RemoteError when the hub's receipt is none; while offline nothing happens."""
        memory = self.ground.memory
        for request in requests:
            digest = request.digest(self.domain)
            if digest in memory.receipts or now_s > request.start_s - JOIN_LEAD_S:
                continue
            channel = memory.tip.channel
            signature = self.device.sign(join_message(channel, digest))
            await memory.sign_join(JoinRequest(channel, request, signature), digest)
            try:
                await self._join(JoinRequest(channel, request, signature), digest)
            except Unreachable:
                return

    async def _join(self, asked: JoinRequest, digest: bytes) -> None:
        answer = await self.hub.ask("/v1/joins", asked, answer=RequestJoined)
        if isinstance(answer, RefusalMessage):
            self.refused[asked.request.name] = answer.sentence
            return
        terms = self.ground.memory.payer.terms
        leaf = join_leaf(asked.channel, digest)
        in_time = answer.group.closed_at_s < asked.request.start_s
        sealed = is_sealed(answer.group, leaf, domain=terms.domain, hub=terms.hub)
        if (answer.channel, answer.request) != (asked.channel, digest) or not (in_time and sealed):
            raise RemoteError("the hub did not sign that this home takes part in a request")
        self.refused.pop(asked.request.name, None)
        await self.ground.memory.keep_receipt(answer)

    def due(self, told: Statement) -> Given:
        """What the bill of an interval must be given."""
        memory = self.ground.memory
        sure = {
            request.name: request
            for digest, request in memory.joins.items()
            if digest in memory.receipts
        }
        called = self._called(told, sure.values())
        found = told.given.called
        if found is not None and found != called and found.request not in memory.receipts:
            unsure = memory.joins.get(found.request)
            called = called if unsure is None else self._called(told, [unsure])
        return NOTHING_GIVEN if called is None else Given(called)

    def _called(self, told: Statement, requests: Iterable[PaidRequest]) -> Called | None:
        place = (self.domain, self.plan.time_zone)
        return called_at(told.interval, requests, past=self.ground.memory.used.past, place=place)
