"""Calls and logs of the reserve feed: attestations by k of n, read like AggregatorV3.

What each call does is said in IReserveFeed.vyi.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from eth_abi.abi import encode

from gridplus.contracts.abi import View, call_data, decode_values, selector, view_of
from gridplus.contracts.artifacts import artifact
from gridplus.contracts.calls import halves
from gridplus.failures import invariant

MAX_ATTESTORS = 16
_ROUND = ("uint80", "int256", "uint256", "uint256", "uint80")


@dataclass(frozen=True, slots=True)
class Round:
    """An answer in the shape of AggregatorV3; it is the reserve in µBOLT."""

    round_id: int
    answer: int
    started_at_s: int
    updated_at_s: int
    answered_in_round: int


@dataclass(frozen=True, slots=True)
class Attested:
    round_id: int
    time_s: int
    supply_seen_ubolt: int
    reserve_ubolt: int


Log: TypeAlias = Attested

LOGS: dict[str, type[Log]] = {"Attested(uint80,uint64,uint96,uint96)": Attested}


def init_code(token: bytes, attestors: Sequence[bytes], *, quorum: int) -> bytes:
    """Deploys the feed of `quorum` out of at most 16 attestors, in any order."""
    invariant(len(attestors) <= MAX_ATTESTORS, "a feed has at most 16 attestors")
    arguments = encode(["address", "address[]", "uint256"], [token, sorted(attestors), quorum])
    return artifact("reserve_feed").creation_code + arguments


def attest(time_s: int, *, supply_seen: int, reserve: int, signatures: dict[bytes, bytes]) -> bytes:
    """`signatures` by attestor, over the digest of `wallet.FeedAttestation`."""
    return call_data(
        "attest(uint64,uint96,uint96,(bytes32,bytes32)[])",
        time_s,
        supply_seen,
        reserve,
        [halves(signatures[attestor]) for attestor in sorted(signatures)],
    )


def read_reserve() -> bytes:
    """To the token, not the feed: it takes the newest attestation of the feed it names."""
    return call_data("read_reserve()")


def attestation() -> View[tuple[int, int, int]]:
    """(time_s, supply seen, reserve) of the newest round."""

    def values(data: bytes) -> tuple[int, int, int]:
        time_s, supply_seen, reserve = decode_values(["uint64", "uint128", "uint128"], data)
        return time_s, supply_seen, reserve

    return View(selector("attestation()"), values)


def latest_round() -> View[Round]:
    return View(selector("latestRoundData()"), lambda data: Round(*decode_values(_ROUND, data)))


def round_data(round_id: int) -> View[Round]:
    data = call_data("getRoundData(uint80)", round_id)
    return View(data, lambda answer: Round(*decode_values(_ROUND, answer)))


def decimals() -> View[int]:
    return view_of("decimals()", "uint8")


def description() -> View[str]:
    return view_of("description()", "string")


def version() -> View[int]:
    return view_of("version()", "uint256")


def is_attestor(account: bytes) -> View[bool]:
    return view_of("is_attestor(address)", "bool", account)
