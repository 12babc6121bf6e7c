"""Who sends transactions: one key on one chain, its nonce, its fees, and what became of them."""

import re
from collections.abc import Sequence

from gridplus.chain.patience import Patience, ask_until
from gridplus.chain.port import (
    MAX_TRANSACTION_GAS,
    Call,
    Chain,
    ChainError,
    Receipt,
    Reverted,
    TooMuchGas,
)
from gridplus.chain.transaction import Signer, Terms, signed_transaction
from gridplus.failures import RemoteError
from gridplus.wallet import Address

_OUT_OF_GAS = re.compile(r"out ?of ?gas|gas required exceeds", re.IGNORECASE)


class Account:
    """Signs with `key` and waits at most `patience_s` for each transaction to be mined.

    The key may be used elsewhere between two calls, not during one.
    """

    def __init__(self, key: Signer, chain: Chain, *, patience_s: int = 60) -> None:
        self._key = key
        self._chain = chain
        self._patience_s = patience_s

    @property
    def address(self) -> Address:
        return self._key.address

    def transact(self, call: Call) -> Receipt:
        """Mine `call`. Raises Reverted with the contract's reason, Rejected, or RemoteError when
        it is not mined in time."""
        return self.transact_many([call])[0]

    def transact_many(self, calls: Sequence[Call]) -> tuple[Receipt, ...]:
        """Mine `calls` in order, in one block where the chain allows.

        Gas that is not given is estimated before any of them is mined: give it where a call needs
        an earlier one. Raises as `transact` for the first that fails; the others are mined all
        the same.
        """
        first, fees = self._chain.nonce(self.address), self._chain.fees()
        raw = [
            signed_transaction(
                self._key,
                call,
                terms=Terms(self._chain.chain_id, nonce, gas=self._gas(call), fees=fees),
            )
            for nonce, call in enumerate(calls, first)
        ]
        receipts = tuple(self._mined(h) for h in self._chain.send(raw))
        for call, receipt in zip(calls, receipts, strict=True):
            if not receipt.succeeded:
                raise why_reverted(self._chain, call, receipt=receipt, sender=self.address)
        return receipts

    def deploy(self, creation_code: bytes) -> Address:
        """The address of a new contract, which the chain holds code for. Raises as `transact`."""
        created = self.transact(Call(to=None, data=creation_code)).created
        if created is None or not self._chain.code(created):
            raise ChainError("the creation code left no contract behind")
        return created

    def _gas(self, call: Call) -> int:
        return gas_for(self._chain, call, sender=self.address)

    def _mined(self, transaction_hash: bytes) -> Receipt:
        receipt = ask_until(
            lambda: self._chain.receipt(transaction_hash), patience=Patience(self._patience_s)
        )
        if receipt is None:
            raise RemoteError(
                f"transaction 0x{transaction_hash.hex()} is not mined after "
                f"{self._patience_s} s; it may still be"
            )
        return receipt


def gas_for(chain: Chain, call: Call, *, sender: Address) -> int:
    """As asked, or the estimate and a quarter: the state may move before the block.

    Raises Reverted when the call would fail, TooMuchGas when no block holds it.
    """
    limit = min(MAX_TRANSACTION_GAS, chain.head().gas_limit)
    gas = _estimate(chain, call, sender=sender) if call.gas is None else call.gas
    if gas is None or gas > limit:
        raise TooMuchGas(limit)
    return gas if call.gas is not None else min(limit, gas * 5 // 4)


def _estimate(chain: Chain, call: Call, *, sender: Address) -> int | None:
    """None when no gas suffices: the one reason of a node that has no code of its own."""
    try:
        return chain.estimate_gas(call, sender=sender)
    except ChainError as error:
        if _OUT_OF_GAS.search(str(error)):
            return None
        raise


def why_reverted(chain: Chain, call: Call, *, receipt: Receipt, sender: Address) -> Reverted:
    """A receipt carries no reason: ask again, on the state before its block."""
    if call.to is not None:
        try:
            chain.call(call.to, call.data, sender=sender, block=receipt.block_number - 1)
        except Reverted as reverted:
            return reverted
    return Reverted(f"no reason given, {receipt.gas_used} gas used")
