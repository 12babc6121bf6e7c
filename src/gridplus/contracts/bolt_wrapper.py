"""Calls and logs of the wrapper, beyond the face that it shares with BOLT (`calls`).

What each call does is said in IBoltWrapper.vyi.
"""

from dataclasses import dataclass
from typing import TypeAlias

from eth_abi.abi import encode

from gridplus.contracts.abi import View, call_data, view_of
from gridplus.contracts.artifacts import artifact


@dataclass(frozen=True, slots=True)
class Wrapped:
    payer: bytes
    receiver: bytes
    amount_ubolt: int


@dataclass(frozen=True, slots=True)
class Unwrapped:
    holder: bytes
    receiver: bytes
    amount_ubolt: int


Log: TypeAlias = Wrapped | Unwrapped

LOGS: dict[str, type[Log]] = {
    "Wrapped(address,address,uint256)": Wrapped,
    "Unwrapped(address,address,uint256)": Unwrapped,
}


def init_code(underlying: bytes) -> bytes:
    """Deploys a wrapper of a dollar token with 6 to 24 decimals."""
    return artifact("bolt_wrapper").creation_code + encode(["address"], [underlying])


def wrap(receiver: bytes, amount: int) -> bytes:
    """The sender pays `amount` x unit of the underlying, with its allowance for the wrapper."""
    return call_data("wrap(address,uint256)", receiver, amount)


def unwrap(receiver: bytes, amount: int) -> bytes:
    return call_data("unwrap(address,uint256)", receiver, amount)


def underlying() -> View[bytes]:
    return view_of("underlying()", "address")


def unit() -> View[int]:
    """Of the underlying, for a µBOLT."""
    return view_of("unit()", "uint256")


def backing() -> View[int]:
    """µBOLT that the wrapper's holding would back."""
    return view_of("backing()", "uint256")
