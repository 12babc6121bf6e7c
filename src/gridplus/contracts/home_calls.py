"""Calldata of what a home's owner, guardian and device decide: exit, close, rotate, set_cap.

Addresses are 20 bytes, hashes 32, money µBOLT, instants seconds since 1970. What each does is said
in IVault.vyi; what is signed for it, in `wallet.actions`.
"""

from dataclasses import dataclass
from typing import TypeAlias

from gridplus.contracts.abi import View, call_data, view_of
from gridplus.contracts.calls import halves
from gridplus.failures import invariant

MAX_SIGNATURE_BYTES = 1024
_HOME = "(address,uint16,address,address,bytes32,bytes32,bytes32)"
_PAIR = "(uint256,bytes,bytes)"
_FINAL = "(uint48,uint48,uint64,bytes32,bytes32)"
_HomeWords: TypeAlias = tuple[bytes, int, bytes, bytes, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Home:
    """Who is behind a channel; `descriptor` is its encoding of 160 bytes."""

    voucher_key: bytes
    cfg: bytes
    descriptor: bytes

    def words(self) -> _HomeWords:
        """(voucher key, opening cap, owner, guardian, device x, device y, salt)."""
        invariant(len(self.descriptor) == 160, "a descriptor is five words")
        owner, guardian, x, y, salt = (self.descriptor[i : i + 32] for i in range(0, 160, 32))
        cap = int.from_bytes(self.cfg[30:], "big")
        return self.voucher_key, cap, owner[12:], guardian[12:], x, y, salt


@dataclass(frozen=True, slots=True)
class Pair:
    """Two signatures, in the order owner, guardian, device; `roles` is the sum of 1, 2, 4.

    A key's has 64 bytes; that of an owner or guardian that is a contract is what it takes itself.
    """

    roles: int
    first: bytes
    second: bytes

    def words(self) -> tuple[int, bytes, bytes]:
        """(roles, first, second)."""
        longest = max(len(self.first), len(self.second))
        invariant(longest <= MAX_SIGNATURE_BYTES, "a signature has at most 1,024 bytes")
        return self.roles, self.first, self.second


@dataclass(frozen=True, slots=True)
class Final:
    """The last counters of a channel (µBOLT), with the hub's signature of the whole action."""

    spent_ubolt: int
    earned_ubolt: int
    valid_until_s: int
    signature: bytes

    def words(self) -> tuple[int, int, int, bytes, bytes]:
        """(spent, earned, valid_until, r, vs)."""
        return self.spent_ubolt, self.earned_ubolt, self.valid_until_s, *halves(self.signature)


def start_exit(home: Home) -> bytes:
    return call_data(f"start_exit({_HOME})", home.words())


def start_exit_by_two(home: Home, to: bytes, *, valid_until_s: int, by: Pair) -> bytes:
    """`to` is the owner, unless guardian and device sign."""
    function = f"start_exit_by_two({_HOME},address,uint64,{_PAIR})"
    return call_data(function, home.words(), to, valid_until_s, by.words())


def cancel_exit(home: Home) -> bytes:
    return call_data(f"cancel_exit({_HOME})", home.words())


def cancel_exit_by_two(home: Home, *, valid_until_s: int, by: Pair) -> bytes:
    function = f"cancel_exit_by_two({_HOME},uint64,{_PAIR})"
    return call_data(function, home.words(), valid_until_s, by.words())


def finish_exit(home: Home) -> bytes:
    return call_data(f"finish_exit({_HOME})", home.words())


def close(home: Home, final: Final) -> bytes:
    return call_data(f"close({_HOME},{_FINAL})", home.words(), final.words())


def close_by_two(home: Home, final: Final, *, by: Pair) -> bytes:
    function = f"close_by_two({_HOME},{_FINAL},{_PAIR})"
    return call_data(function, home.words(), final.words(), by.words())


def rotate(home: Home, voucher_key: bytes, *, cfg: bytes, final: Final, by: Pair) -> bytes:
    """`voucher_key` and `cfg` are the successor's."""
    function = f"rotate({_HOME},address,bytes32,{_FINAL},{_PAIR})"
    return call_data(function, home.words(), voucher_key, cfg, final.words(), by.words())


def set_cap(home: Home, daily_cap: int, *, valid_until_s: int, signature: bytes, by: Pair) -> bytes:
    """`signature` is the hub's of the same action."""
    function = f"set_cap({_HOME},uint16,uint64,bytes32,bytes32,{_PAIR})"
    values = (home.words(), daily_cap, valid_until_s, *halves(signature), by.words())
    return call_data(function, *values)


def exit_receiver(channel: bytes) -> View[bytes]:
    """To whom an exit without the owner goes; the zero address while there is none."""
    return view_of("exit_receiver(bytes32)", "address", channel)
