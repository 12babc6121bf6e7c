"""Calls and logs of the credits that waive a retailer's markup. Energy in Wh.

What each call does is said in ICredits.vyi.
"""

from dataclasses import dataclass
from typing import TypeAlias

from eth_abi.abi import encode

from gridplus.contracts.abi import View, call_data, view_of
from gridplus.contracts.artifacts import artifact
from gridplus.contracts.calls import halves


@dataclass(frozen=True, slots=True)
class SignedRedemption:
    """`wallet.Redemption` with its holder and the holder's signature."""

    holder: bytes
    channel: bytes
    amount_wh: int
    expires_at_s: int
    period: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Granted:
    holder: bytes
    expires_at_s: int
    amount_wh: int


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The first `amount_wh` that `channel` is billed from here on bear no markup."""

    channel: bytes
    holder: bytes
    period: int
    amount_wh: int


@dataclass(frozen=True, slots=True)
class NonceRaised:
    holder: bytes
    nonce: int


Log: TypeAlias = Granted | Redeemed | NonceRaised

LOGS: dict[str, type[Log]] = {
    "Granted(address,uint64,uint64)": Granted,
    "Redeemed(bytes32,address,uint64,uint64)": Redeemed,
    "NonceRaised(address,uint64)": NonceRaised,
}


def init_code(retailer: bytes, *, limit_wh: int, period_s: int) -> bytes:
    """Deploys the credits of one retailer: a holder redeems at most `limit_wh` in each period."""
    arguments = encode(["address", "uint64", "uint64"], [retailer, limit_wh, period_s])
    return artifact("credits").creation_code + arguments


def grant(holder: bytes, *, expires_at_s: int, amount_wh: int) -> bytes:
    return call_data("grant(address,uint64,uint64)", holder, expires_at_s, amount_wh)


def redeem(channel: bytes, *, amount_wh: int, expires_at_s: int) -> bytes:
    return call_data("redeem(bytes32,uint64,uint64)", channel, amount_wh, expires_at_s)


def redeem_signed(redemption: SignedRedemption) -> bytes:
    return call_data(
        "redeem_signed(address,bytes32,uint64,uint64,uint64,bytes32,bytes32)",
        redemption.holder,
        redemption.channel,
        redemption.amount_wh,
        redemption.expires_at_s,
        redemption.period,
        *halves(redemption.signature),
    )


def raise_nonce() -> bytes:
    return call_data("raise_nonce()")


def lot(holder: bytes, expires_at_s: int) -> View[int]:
    return view_of("lot(address,uint64)", "uint64", holder, expires_at_s)


def redeemed_in(holder: bytes, period: int) -> View[int]:
    return view_of("redeemed_in(address,uint64)", "uint64", holder, period)


def nonce_of(holder: bytes) -> View[int]:
    return view_of("nonces(address)", "uint64", holder)


def period() -> View[int]:
    return view_of("period()", "uint64")


def granted_wh() -> View[int]:
    return view_of("granted_wh()", "uint256")


def redeemed_wh() -> View[int]:
    return view_of("redeemed_wh()", "uint256")
