"""What one key has signed to send, and what became of it: rebuilt from what was journaled.

The outbox keeps no file. `write` makes an entry durable before it returns, and `entries` are those
of an earlier life in their order; the service that owns the key journals them among its facts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gridplus.chain import jsonrpc
from gridplus.chain.jsonrpc import data, parse_data, parse_quantity, quantity
from gridplus.chain.port import Call
from gridplus.digest import Document, canonical_json, keccak256, parse_document
from gridplus.failures import InputError, StorageError, invariant
from gridplus.wallet import Address

_LIMIT = 2_000_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """A signed transaction, and the head when it was signed. A blank one does nothing: it takes
    the place of an order that was given up."""

    raw: bytes
    nonce: int
    priority_wei: int
    max_fee_wei: int
    at_block: int
    blank: bool = False

    @property
    def hash(self) -> bytes:
        return keccak256(self.raw)


@dataclass(frozen=True, slots=True)
class Order:
    """A call to be made once. All its attempts have one nonce, so that one of them is mined.

    `settled` is the transaction that was mined and is final; an order that succeeded has forgotten
    its call and attempts.
    """

    name: str
    call: Call
    attempts: tuple[Attempt, ...]
    settled: bytes | None = None
    blanked: bool = False

    @property
    def nonce(self) -> int:
        return self.attempts[-1].nonce


class Outbox:
    """Raises StorageError for an entry that this version did not write, and whatever `write`
    raises: then the entry is not in the outbox either."""

    def __init__(self, entries: Iterable[bytes], *, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._orders: dict[str, Order] = {}
        self.entries = 0
        self.next_nonce = 0
        """One above every nonce that was signed for."""
        for entry in entries:
            self._apply(entry)

    def holds(self, name: str) -> bool:
        return name in self._orders

    def order(self, name: str) -> Order:
        invariant(name in self._orders, f"{name} was submitted")
        return self._orders[name]

    def unsettled(self) -> list[Order]:
        """In the order of their nonces."""
        waiting = (order for order in self._orders.values() if order.settled is None)
        return sorted(waiting, key=lambda order: order.nonce)

    def signed(self, name: str, call: Call, *, attempt: Attempt) -> None:
        """Write that `attempt` is about to be sent for `call`."""
        self._append(
            {
                "entry": "signed",
                "name": name,
                "call": jsonrpc.call_document(call, Address(bytes(20))),
                "raw": data(attempt.raw),
                "nonce": attempt.nonce,
                "priority_wei": quantity(attempt.priority_wei),
                "max_fee_wei": quantity(attempt.max_fee_wei),
                "at_block": attempt.at_block,
                "blank": attempt.blank,
            }
        )

    def settle(self, order: Order, mined: bytes, *, succeeded: bool) -> None:
        """Write that the attempt with hash `mined` is final."""
        self._append(
            {"entry": "settled", "name": order.name, "mined": data(mined), "succeeded": succeeded}
        )

    def lose(self, order: Order) -> None:
        """Write that another transaction took the nonce: no attempt can ever be mined."""
        self._append({"entry": "lost", "name": order.name})

    def _append(self, document: Document) -> None:
        entry = canonical_json(document)
        self._write(entry)
        self._apply(entry)

    def _apply(self, entry: bytes) -> None:
        self.entries += 1
        what = f"entry {self.entries} of the outbox"
        try:
            self._learn(jsonrpc.fields(parse_document(entry, limit=_LIMIT, what=what)))
        except (InputError, KeyError) as error:
            raise StorageError(f"{what} is not what this version writes: {error}") from None

    def _learn(self, found: dict[str, Document]) -> None:
        name = str(found["name"])
        match found["entry"]:
            case "signed":
                call, _ = jsonrpc.parse_call(found["call"])
                attempt = _attempt(found)
                before = self._orders.get(name, Order(name, call, ()))
                invariant(before.call == call, f"{name} names one call for ever")
                self._orders[name] = replace(before, attempts=(*before.attempts, attempt))
                self.next_nonce = max(self.next_nonce, attempt.nonce + 1)
            case "settled":
                order, mined = self._orders[name], parse_data(found["mined"], 32)
                blanked = any(one.hash == mined and one.blank for one in order.attempts)
                order = replace(order, settled=mined, blanked=blanked)
                forgotten = replace(order, call=Call(to=None), attempts=())
                self._orders[name] = forgotten if found["succeeded"] is True else order
            case "lost":
                del self._orders[name]
            case unknown:
                raise InputError(f"an entry is not {unknown!r}")


def _attempt(found: dict[str, Document]) -> Attempt:
    nonce, at_block = found["nonce"], found["at_block"]
    if not isinstance(nonce, int) or not isinstance(at_block, int):
        raise InputError("nonce and block are integers")
    return Attempt(
        raw=parse_data(found["raw"]),
        nonce=nonce,
        priority_wei=parse_quantity(found["priority_wei"]),
        max_fee_wei=parse_quantity(found["max_fee_wei"]),
        at_block=at_block,
        blank=found["blank"] is True,
    )
