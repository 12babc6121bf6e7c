"""EIP-1559 transactions: what is signed, and the bytes that go to the chain.

`rlp` takes 0.15 s to load, so it is loaded by whoever signs, not by whoever only reads a chain.
"""

from dataclasses import dataclass
from typing import Protocol

from gridplus.chain.port import Call, Fees
from gridplus.digest import keccak256
from gridplus.wallet import Address

_TYPE = b"\x02"
_S_MASK = (1 << 255) - 1


class Signer(Protocol):
    """Whatever holds a secp256k1 key; the key itself never leaves it."""

    @property
    def address(self) -> Address: ...

    def sign(self, digest: bytes) -> bytes:
        """64 bytes, EIP-2098, low s, over a digest of 32 bytes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a transaction needs beside its call: where it counts, its place, what it may cost."""

    chain_id: int
    nonce: int
    gas: int
    fees: Fees
    most_wei: int | None = None

    @property
    def max_fee_wei(self) -> int:
        """`most_wei`, or room for the base fee to double before the transaction is mined."""
        if self.most_wei is not None:
            return self.most_wei
        return 2 * self.fees.base_wei + self.fees.priority_wei


def signed_transaction(signer: Signer, call: Call, *, terms: Terms) -> bytes:
    """The raw transaction of `call`, signed. Source: EIP-1559, "Specification"."""
    fields: list[object] = [
        terms.chain_id,
        terms.nonce,
        terms.fees.priority_wei,
        terms.max_fee_wei,
        terms.gas,
        call.to or b"",
        call.value_wei,
        call.data,
        [],
    ]
    signature = signer.sign(keccak256(_TYPE + _rlp(fields)))
    parity_and_s = int.from_bytes(signature[32:], "big")
    parity, s = parity_and_s >> 255, parity_and_s & _S_MASK
    signed = [*fields, parity, int.from_bytes(signature[:32], "big"), s]
    return _TYPE + _rlp(signed)


def created_address(creator: Address, nonce: int) -> Address:
    """Where a contract lands that `creator` deploys with its transaction `nonce`."""
    return Address(keccak256(_rlp([creator, nonce]))[12:])


def _rlp(fields: list[object]) -> bytes:
    import rlp

    return bytes(rlp.encode(fields))
