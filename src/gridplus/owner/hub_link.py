"""What owner and guardian ask of the retailer's hub, through the retailer's door for everybody: its
signature under an order, and at which pair the account could be closed now."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx

from gridplus.channel import Counters
from gridplus.failures import InputError, RemoteError
from gridplus.owner.order import HUB, Order
from gridplus.tariff import BillDocument, ChannelIdentity
from gridplus.units import format_ubolt
from gridplus.wallet import Close, Rotate, SetCap
from gridplus.wire import AskOrder, AskWord, FinalWord, OrderAnswer, RefusalMessage
from gridplus.wire.message import Message
from gridplus.wire.orders import ROLES

_PATIENCE_S = 30
_ANSWER_BYTES = 16_384
_REFUSED = 409


@dataclass(frozen=True, slots=True)
class HubDoor:
    """Where the hub is asked. `root` is the retailer's root in PEM, as the box has it; without one
    the machine's own authorities are believed."""

    url: str
    root: Path | None = None

    def ask(self, path: str, message: Message) -> bytes:
        """Raises InputError with the hub's sentence when it refuses, RemoteError when it does not
        answer."""
        try:
            believed = ssl.create_default_context(cafile=self.root)
            with httpx.Client(verify=believed, timeout=_PATIENCE_S, trust_env=False) as client:
                answer = client.post(self.url.rstrip("/") + path, content=message.to_bytes())
        except (OSError, httpx.HTTPError) as error:
            raise RemoteError(f"the hub at {self.url} does not answer: {error!r}") from None
        if len(answer.content) > _ANSWER_BYTES or answer.status_code not in (200, _REFUSED):
            raise RemoteError(f"the hub at {self.url} answers {answer.status_code}, no answer")
        if answer.status_code == 200:
            return answer.content
        refusal = RefusalMessage.parse(answer.content)
        newest = refusal.newest
        told = f"; it says {newest.spent_ubolt} and {newest.earned_ubolt} µBOLT" if newest else ""
        raise InputError(f"{refusal.name}: {refusal.sentence}{told}")


def ask_hub(door: HubDoor, order: Order, *, successor: ChannelIdentity | None) -> OrderAnswer:
    """The hub's answer; raises as `HubDoor.ask`. `successor` shows what a rotation leads to."""
    action = order.action
    if not isinstance(action, Close | Rotate | SetCap):
        raise InputError("the hub signs to close, to rotate and to change the cap, nothing else")
    signatures = {role: s for role, s in order.signatures.items() if role in ROLES}
    asked = AskOrder(action, signatures, successor)
    return OrderAnswer.parse(door.ask("/v1/orders", asked))


def ask_word(door: HubDoor, asked: AskWord) -> FinalWord:
    """At which pair the account could be closed now; raises as `HubDoor.ask`."""
    word = FinalWord.parse(door.ask("/v1/words", asked))
    if word.channel != asked.channel:
        raise RemoteError("the hub tells of another channel")
    return word


def check_word(word: FinalWord, bill: BillDocument, *, what: str) -> str:
    """What the hub's word means beside a bill that the owner holds. Raises InputError when it
    contradicts the bill: the newest link is the same and the pair is not, or a counter fell."""
    if bill.channel != word.channel:
        raise InputError(f"{what} is another home's")
    newest = bill.closing
    held, told = Counters(newest.spent_ubolt, newest.earned_ubolt), word.final
    same = word.head == bill.closing.head
    fell = told.spent_ubolt < held.spent_ubolt or told.earned_ubolt < held.earned_ubolt
    if fell or (same and told != held):
        raise InputError(
            f"the hub's word ({_pair(told)}) contradicts {what} ({_pair(held)}): do not sign"
        )
    if same:
        return f"That is what {what} says."
    more = format_ubolt(told.spent_ubolt - held.spent_ubolt)
    back = format_ubolt(told.earned_ubolt - held.earned_ubolt)
    return f"Since {what}: {more} BOLT more spent, {back} BOLT more earned."


def with_hub(order: Order, answer: OrderAnswer) -> Order:
    """The order with the hub's signature. Raises RemoteError for one that is for another."""
    if answer.signature is None or answer.channel != order.identity.channel:
        raise RemoteError("the hub did not sign this order")
    return order.signed(HUB, answer.signature)


def _pair(counters: Counters) -> str:
    spent, earned = format_ubolt(counters.spent_ubolt), format_ubolt(counters.earned_ubolt)
    return f"{spent} spent, {earned} earned"
