"""ABI encoding of calls and answers, over eth-abi, with addresses as 20 bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from gridplus.digest import keccak256
from gridplus.failures import RemoteError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View(Generic[T]):
    """A question to a contract: the calldata to send, and what makes a value of the answer."""

    calldata: bytes
    decode: Callable[[bytes], T]


def call_data(function: str, *values: Any) -> bytes:
    """Selector and arguments of a function spelled like 'transfer(address,uint256)'."""
    return selector(function) + encode(argument_types(function), values)


def selector(function: str) -> bytes:
    """The first 4 bytes of calldata."""
    return keccak256(function.encode())[:4]


def argument_types(spelling: str) -> list[str]:
    """The outermost types of a function or event: a tuple or an array counts as one."""
    types: list[str] = []
    depth = 0
    for character in spelling[spelling.index("(") + 1 : -1]:
        if character == "," and depth == 0:
            types.append("")
            continue
        depth += (character == "(") - (character == ")")
        types = types or [""]
        types[-1] += character
    return types


def decode_values(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Values of `types`; addresses as 20 bytes. Raises RemoteError when `data` is not that."""
    try:
        values = decode(types, data)
    except DecodingError as error:
        raise RemoteError(f"{len(data)} bytes from the chain are not {types}: {error}") from None
    return tuple(
        bytes.fromhex(value[2:]) if kind == "address" else value
        for kind, value in zip(types, values, strict=True)
    )


def view_of(function: str, answer: str, *values: Any) -> View[Any]:
    """A view that answers one value of type `answer`."""
    return View(call_data(function, *values), lambda data: decode_values([answer], data)[0])
