"""Who sends transactions that must happen once: over crashes, stuck transactions, reorganisations.

An order is a call with a name that the caller makes. It is signed and journaled before it is sent;
whoever asks again by that name, in this life or the next, gets the same transaction sent again,
never another beside it. All attempts at an order share its nonce, so at most one is ever mined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from gridplus.chain.account import gas_for, why_reverted
from gridplus.chain.outbox import Attempt, Order, Outbox
from gridplus.chain.patience import Patience, ask_until
from gridplus.chain.port import Call, Chain, ChainError, Fees, FeeTooHigh, Receipt, Rejected
from gridplus.chain.transaction import Signer, Terms, signed_transaction
from gridplus.failures import RemoteError, invariant
from gridplus.units import PPM, mul_div_up
from gridplus.wallet import Address

_BLANK_GAS = 21_000
_NODES_ASK_PPM = 100_000
"""What a node wants on top before it takes a replacement. Source: go-ethereum, txpool.pricebump."""


class Unsettled(RemoteError):  # noqa: N818 - says how it stands
    """An order is sent and not final yet. Ask again by its name; it is not sent twice."""


class Overtaken(ChainError):  # noqa: N818 - says what happened
    """A transaction from elsewhere took the order's nonce, and that is final: it will never be
    mined. The name is free again; let one process alone use a key."""


class GivenUp(ChainError):  # noqa: N818 - says what happened
    """The order was given up, and nothing was done for it."""


@dataclass(frozen=True, slots=True)
class FeeRules:
    """Never above `ceiling_wei` for a unit of gas; a transaction that is not mined within
    `replace_after_blocks` is replaced by one that offers `bump_ppm` more."""

    ceiling_wei: int = 500 * 10**9
    replace_after_blocks: int = 3
    bump_ppm: int = 250_000


USUAL_FEES = FeeRules()
USUAL_PATIENCE = Patience(45)


class Standing(Enum):
    """How a sender stands since it was asked last, for whoever watches a service."""

    SETTLED = "everything sent is final"
    WAITING = "sent, and not final yet"
    FEE_ABOVE_CEILING = "fee above ceiling, waiting"


class Sender:
    """Signs with `key`, which nobody else uses. One thread at a time; any may read `standing`.

    Waits with `patience` for what it sends to be final (`Chain.finalized`).
    """

    def __init__(
        self,
        key: Signer,
        chain: Chain,
        *,
        outbox: Outbox,
        rules: FeeRules = USUAL_FEES,
        patience: Patience = USUAL_PATIENCE,
    ) -> None:
        self._key = key
        self._chain = chain
        self._outbox = outbox
        self._rules = rules
        self._patience = patience
        self.standing = Standing.SETTLED
        self._look()

    @property
    def address(self) -> Address:
        return self._key.address

    def transact(self, name: str, call: Call) -> Receipt:
        """Make `call` once; its final receipt, the same for ever.

        Raises Reverted when the contract refuses (before or after sending), FeeTooHigh and
        TooMuchGas before anything is sent, Rejected, GivenUp, Overtaken, and Unsettled when it is
        not final in time.
        """
        self.submit(name, call)
        return self.wait(name)

    def submit(self, name: str, call: Call) -> None:
        """Sign, journal and send `call`, unless an order of this name exists. Raises as `transact`.

        What was submitted earlier and still waits is sent first.
        """
        if self._outbox.holds(name):
            known = self._outbox.order(name)
            invariant(not known.attempts or _same(known.call, call), f"{name} names one call")
            return
        for order in self._outbox.unsettled():
            self.poll(order.name)
        gas = gas_for(self._chain, call, sender=self.address)
        fees = self._chain.fees()
        self._require_cheap(fees.base_wei + fees.priority_wei)
        terms = Terms(
            self._chain.chain_id,
            nonce=max(self._chain.nonce(self.address), self._outbox.next_nonce),
            gas=gas,
            fees=fees,
            most_wei=min(2 * fees.base_wei + fees.priority_wei, self._rules.ceiling_wei),
        )
        attempt = self._sign(name, Call(call.to, call.data, call.value_wei, gas), terms=terms)
        self._chain.send([attempt.raw])

    def sign_ahead(self, calls: Sequence[Call]) -> tuple[tuple[int, bytes], ...]:
        """`calls` signed with the nonces that come next, each with its nonce; nothing is sent or
        journaled. Whoever holds them may send them while those nonces are the next; an order that
        they overtake is `Overtaken`. They offer ten times today's base fee, up to the ceiling, and
        name their gas."""
        fees = self._chain.fees()
        first = max(self._chain.nonce(self.address), self._outbox.next_nonce)
        most_wei = min(10 * fees.base_wei + fees.priority_wei, self._rules.ceiling_wei)
        tip = Fees(fees.base_wei, min(fees.priority_wei, most_wei))
        signed = []
        for nonce, call in enumerate(calls, first):
            terms = Terms(
                self._chain.chain_id, nonce, gas=call.gas or 0, fees=tip, most_wei=most_wei
            )
            signed.append((nonce, signed_transaction(self._key, call, terms=terms)))
        return tuple(signed)

    def wait(self, name: str) -> Receipt:
        """The final receipt of an order. Raises as `transact`."""
        receipt = ask_until(lambda: self.poll(name), patience=self._patience)
        if receipt is None:
            raise Unsettled(
                f"{name} is sent and not final after {self._patience.seconds} s; ask again"
            )
        return receipt

    def finish(self) -> None:
        """Wait until nothing is unsettled: what begins after a crash. How each order ended, the
        chain tells. Raises as `transact`, but for orders that came to nothing."""
        for order in self._outbox.unsettled():
            try:
                self.wait(order.name)
            except ChainError:
                if self._outbox.holds(order.name) and not self._outbox.order(order.name).settled:
                    raise

    def knows(self, name: str) -> bool:
        """Whether an order of this name was signed, and not overtaken."""
        return self._outbox.holds(name)

    def fresh_name(self, what: str) -> str:
        """A name that no order has."""
        return f"{what}/{self._outbox.entries}"

    def poll(self, name: str) -> Receipt | None:
        """Move an order on; None while it is not final."""
        order = self._outbox.order(name)
        if order.settled is not None:
            return self._concluded(order, self._required(order.settled))
        final = self._chain.finalized().number
        # Asked in this order: a transaction of ours in the count has its receipt by then.
        used = self._chain.nonce(self.address, block=final)
        receipt = self._find_receipt(order)
        if receipt is None and used > order.nonce:
            self._outbox.lose(order)
            self._look()
            raise Overtaken(f"{name}: nonce {order.nonce} was used from elsewhere")
        if receipt is None:
            self._push(order)
            return None
        if receipt.block_number > final or not self._stands(receipt):
            return None
        self._outbox.settle(order, receipt.transaction_hash, succeeded=receipt.succeeded)
        self._look()
        return self._concluded(self._outbox.order(name), receipt)

    def give_up(self, name: str) -> None:
        """Replace an order by one that does nothing; `wait` then says which of them was mined."""
        order = self._outbox.order(name)
        invariant(order.settled is None, f"{name} waits")
        self._chain.send([self._replace(order, blank=True).raw])

    def _push(self, order: Order) -> None:
        """See that a node has the newest attempt, or one that offers more when it is stuck."""
        newest = order.attempts[-1]
        waited = self._chain.head().number - newest.at_block
        dearer = self._chain.fees().base_wei > newest.max_fee_wei
        stuck = dearer or waited >= self._rules.replace_after_blocks
        self._look()
        try:
            self._chain.send([newest.raw])
        except Rejected:
            if not stuck and self._find_receipt(order) is None:
                raise
        if stuck:
            self._chain.send([self._replace(order, blank=newest.blank).raw])

    def _replace(self, order: Order, *, blank: bool) -> Attempt:
        last, fees, ceiling_wei = order.attempts[-1], self._chain.fees(), self._rules.ceiling_wei
        tip = max(_raised(last.priority_wei, self._rules.bump_ppm), fees.priority_wei)
        most = max(_raised(last.max_fee_wei, self._rules.bump_ppm), 2 * fees.base_wei + tip)
        least = max(_raised(last.max_fee_wei, _NODES_ASK_PPM), fees.base_wei + tip)
        self._require_cheap(least)
        terms = Terms(
            self._chain.chain_id,
            nonce=order.nonce,
            gas=_BLANK_GAS if blank else order.call.gas or 0,
            fees=Fees(fees.base_wei, tip),
            most_wei=min(most, ceiling_wei),
        )
        return self._sign(order.name, order.call, terms=terms, blank=blank)

    def _require_cheap(self, wei: int) -> None:
        if wei > self._rules.ceiling_wei:
            self.standing = Standing.FEE_ABOVE_CEILING
            raise FeeTooHigh(wei, self._rules.ceiling_wei)

    def _sign(self, name: str, call: Call, *, terms: Terms, blank: bool = False) -> Attempt:
        attempt = Attempt(
            raw=signed_transaction(self._key, Call(self.address) if blank else call, terms=terms),
            nonce=terms.nonce,
            priority_wei=terms.fees.priority_wei,
            max_fee_wei=terms.max_fee_wei,
            at_block=self._chain.head().number,
            blank=blank,
        )
        self._outbox.signed(name, call, attempt=attempt)
        self._look()
        return attempt

    def _look(self) -> None:
        self.standing = Standing.WAITING if self._outbox.unsettled() else Standing.SETTLED

    def _find_receipt(self, order: Order) -> Receipt | None:
        found = (self._chain.receipt(attempt.hash) for attempt in reversed(order.attempts))
        return next((receipt for receipt in found if receipt is not None), None)

    def _stands(self, receipt: Receipt) -> bool:
        return self._chain.block(receipt.block_number).hash == receipt.block_hash

    def _required(self, mined: bytes) -> Receipt:
        receipt = self._chain.receipt(mined)
        if receipt is None:
            raise RemoteError(f"the node has lost 0x{mined.hex()}, which was final")
        return receipt

    def _concluded(self, order: Order, receipt: Receipt) -> Receipt:
        if order.blanked:
            raise GivenUp(f"{order.name} was given up")
        if not receipt.succeeded:
            raise why_reverted(self._chain, order.call, receipt=receipt, sender=self.address)
        return receipt


def _raised(wei: int, by_ppm: int) -> int:
    return mul_div_up(wei, PPM + by_ppm, divisor=PPM) + 1


def _same(made: Call, asked: Call) -> bool:
    return (made.to, made.data, made.value_wei) == (asked.to, asked.data, asked.value_wei)
