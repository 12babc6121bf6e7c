"""What the retailer asks of this home, by its VEN: only what its publisher signed.

The signature names the ask and its version. Of each ask the highest version that was ever heard
counts, so that nobody can put an older one back.
"""

from dataclasses import dataclass, field

from gridplus.agent.ven import Ven
from gridplus.chain.deployment import Deployment
from gridplus.control import Ask, asks_of
from gridplus.control.asks import ask_digest, paid_request, signature_of
from gridplus.failures import InputError
from gridplus.signals import Timeline
from gridplus.tariff import PaidRequest
from gridplus.wallet import anchor_domain, is_signed_by

_FAR_S = 1 << 39


@dataclass
class AskFeed:
    """`refused` counts the events that ask, and that the publisher did not sign as they are."""

    ven: Ven
    deployment: Deployment
    refused: int = 0
    _newest: dict[str, int] = field(default_factory=dict)

    def asks(self, from_s: int, until_s: int) -> tuple[Ask, ...]:
        """What is asked in [from_s, until_s), by what the VEN has heard; an `OwnersWord` takes it
        as its own."""
        heard = self.ven.timeline
        asking = {each.event_id for each in asks_of(heard, from_s=from_s, until_s=until_s)}
        signed = {event_id for event_id in asking if self._is_signed(heard, event_id)}
        self.refused = len(asking - signed)
        forged = asking - signed
        kept = {name: event for name, event in heard.events.items() if name not in forged}
        return asks_of(Timeline(heard.ven, kept), from_s=from_s, until_s=until_s)

    def promised(self, ask: Ask) -> PaidRequest | None:
        """The whole of a request that this feed handed out, with the publisher's signature; None
        when it is gone, or could not be settled."""
        heard, event_id = self.ven.timeline, ask.event_id
        event = heard.events.get(event_id)
        if event is None or event.body is None or not self._is_signed(heard, event_id):
            return None
        (whole,) = asks_of(heard.only(event_id), from_s=0, until_s=_FAR_S)
        return paid_request(whole, signature_of(event.body))

    def _is_signed(self, heard: Timeline, event_id: str) -> bool:
        """An event is signed as a whole, whatever part of it holds beside others."""
        whole = asks_of(heard.only(event_id), from_s=0, until_s=_FAR_S)
        body = heard.events[event_id].body
        if len(whole) != 1 or body is None:
            return False
        where, (ask,) = self.deployment, whole
        try:
            digest = ask_digest(anchor_domain(where.chain_id, where.anchor), ask)
        except InputError:
            return False
        if not is_signed_by(where.publisher, digest, signature=signature_of(body)):
            return False
        name, version = ask.edition.name, ask.edition.version
        self._newest[name] = max(version, self._newest.get(name, 0))
        return version == self._newest[name]
