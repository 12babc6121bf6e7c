"""What owner and guardian ask of the retailer's hub: its signature under an order."""

import httpx

from gridplus.failures import InputError, RemoteError
from gridplus.owner.order import HUB, Order
from gridplus.tariff import ChannelIdentity
from gridplus.wallet import Close, Rotate, SetCap
from gridplus.wire import AskOrder, OrderAnswer, RefusalMessage
from gridplus.wire.orders import ROLES

_PATIENCE_S = 30
_ANSWER_BYTES = 16_384
_REFUSED = 409


def ask_hub(url: str, order: Order, *, successor: ChannelIdentity | None) -> OrderAnswer:
    """The hub's answer. Raises InputError with its sentence when it refuses, RemoteError when it
    does not answer; `successor` shows what a rotation leads to."""
    action = order.action
    if not isinstance(action, Close | Rotate | SetCap):
        raise InputError("the hub signs to close, to rotate and to change the cap, nothing else")
    signatures = {role: s for role, s in order.signatures.items() if role in ROLES}
    asked = AskOrder(action, signatures, successor)
    try:
        with httpx.Client(timeout=_PATIENCE_S, trust_env=False) as client:
            answer = client.post(f"{url.rstrip('/')}/v1/orders", content=asked.to_bytes())
    except httpx.HTTPError as error:
        raise RemoteError(f"the hub at {url} does not answer: {error!r}") from None
    if len(answer.content) > _ANSWER_BYTES or answer.status_code not in (200, _REFUSED):
        raise RemoteError(f"the hub at {url} answers {answer.status_code}, which is no answer")
    if answer.status_code == _REFUSED:
        refusal = RefusalMessage.parse(answer.content)
        newest = refusal.newest
        told = f"; it says {newest.spent_ubolt} and {newest.earned_ubolt} µBOLT" if newest else ""
        raise InputError(f"{refusal.name}: {refusal.sentence}{told}")
    return OrderAnswer.parse(answer.content)


def with_hub(order: Order, answer: OrderAnswer) -> Order:
    """The order with the hub's signature. Raises RemoteError for one that is for another."""
    if answer.signature is None or answer.channel != order.identity.channel:
        raise RemoteError("the hub did not sign this order")
    return order.signed(HUB, answer.signature)
