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
from gridplus.signals.requests import Edition
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
    _seen: Timeline | None = None
    _signed: Timeline | None = None

    def asks(self, from_s: int, until_s: int) -> tuple[Ask, ...]:
        """What is asked in [from_s, until_s), by what the VEN has heard; an `OwnersWord` takes it
        as its own."""
        heard = self.ven.timeline
        if heard is not self._seen or self._signed is None:
            self._seen, self._signed = heard, self._checked(heard)
        return asks_of(self._signed, from_s=from_s, until_s=until_s)

    def _checked(self, heard: Timeline) -> Timeline:
        """What of it asks and is signed, in the newest version that was ever heard."""
        asking = {each: self._edition(heard, each) for each in heard.events if _asks(heard, each)}
        editions = {event_id: found for event_id, found in asking.items() if found is not None}
        for each in editions.values():
            self._newest[each.name] = max(each.version, self._newest.get(each.name, 0))
        kept = {
            event_id: heard.events[event_id]
            for event_id, each in editions.items()
            if each.version == self._newest[each.name]
        }
        self.refused = len(asking) - len(kept)
        return Timeline(heard.ven, kept)

    def promised(self, ask: Ask) -> PaidRequest | None:
        """The whole of a request that this feed handed out, with the publisher's signature; None
        when it is gone, or could not be settled."""
        signed, event_id = self._signed, ask.event_id
        event = None if signed is None else signed.events.get(event_id)
        if signed is None or event is None or event.body is None:
            return None
        (whole,) = asks_of(signed.only(event_id), from_s=0, until_s=_FAR_S)
        return paid_request(whole, signature_of(event.body))

    def _edition(self, heard: Timeline, event_id: str) -> Edition | None:
        """Which ask an event is that its publisher signed, as a whole, whatever part of it holds
        beside others; None for any other."""
        whole = asks_of(heard.only(event_id), from_s=0, until_s=_FAR_S)
        body = heard.events[event_id].body
        if len(whole) != 1 or body is None:
            return None
        where, (ask,) = self.deployment, whole
        try:
            digest = ask_digest(anchor_domain(where.chain_id, where.anchor), ask)
        except InputError:
            return None
        signed = is_signed_by(where.publisher, digest, signature=signature_of(body))
        return ask.edition if signed else None


def _asks(heard: Timeline, event_id: str) -> bool:
    return bool(asks_of(heard.only(event_id), from_s=0, until_s=_FAR_S))
