# pragma version 0.4.3
"""
@title Reserve feed
@license Apache-2.0
@notice See IReserveFeed.vyi for what each function promises and what stays on trust.
"""

import IBolt
import IReserveFeed
import eip712

implements: IReserveFeed

decimals: public(constant(uint8)) = 6
description: public(constant(String[32])) = "BOLT reserve / USD"
version: public(constant(uint256)) = 1
NAME: constant(bytes32) = keccak256("Grid+ Reserve Feed")
ATTESTATION: constant(bytes32) = keccak256(
    "Attestation(address token,uint64 time,uint96 supplySeen,uint96 reserve)"
)
MAX_ATTESTORS: constant(uint256) = 16
MAX_AGE_S: constant(uint256) = 86_400
U96: constant(uint256) = 2**96 - 1

token: public(immutable(address))
quorum: public(immutable(uint256))

is_attestor: public(HashMap[address, bool])
round: public(uint80)
_rounds: HashMap[uint80, uint256]  # time u64 << 192 | supply seen u96 << 96 | reserve u96


@deploy
def __init__(token_: address, attestors: DynArray[address, MAX_ATTESTORS], quorum_: uint256):
    assert token_.is_contract, "token is no contract"
    assert 0 < quorum_ and quorum_ <= len(attestors), "bad quorum"
    token = token_
    quorum = quorum_
    last: address = empty(address)
    for attestor: address in attestors:
        assert convert(last, uint160) < convert(attestor, uint160), "attestors do not rise"
        last = attestor
        self.is_attestor[attestor] = True


@external
def attest(
    time: uint64, supply_seen: uint96, reserve: uint96,
    signatures: DynArray[IReserveFeed.Signature, MAX_ATTESTORS]
):
    at: uint256 = convert(time, uint256)
    last_round: uint80 = self.round
    assert at > self._rounds[last_round] >> 192, "not newer"
    assert at <= block.timestamp, "from the future"
    assert block.timestamp <= at + MAX_AGE_S, "stale attestation"
    assert len(signatures) == quorum, "not a quorum"
    message: bytes32 = keccak256(abi_encode(ATTESTATION, token, time, supply_seen, reserve))
    last: address = empty(address)
    for signature: IReserveFeed.Signature in signatures:
        signer: address = eip712._signer(NAME, message, signature.r, signature.vs)
        assert convert(last, uint160) < convert(signer, uint160), "signers do not rise"
        assert self.is_attestor[signer], "not an attestor"
        self._require_no_minter(signer)
        last = signer

    self.round = last_round + 1
    self._rounds[last_round + 1] = (
        at << 192 | convert(supply_seen, uint256) << 96 | convert(reserve, uint256)
    )
    log IReserveFeed.Attested(
        round_id=last_round + 1, time=time, supply_seen=supply_seen, reserve=reserve
    )


@view
@external
def attestation() -> (uint64, uint128, uint128):
    word: uint256 = self._word(self.round)
    return (
        convert(word >> 192, uint64),
        convert((word >> 96) & U96, uint128),
        convert(word & U96, uint128),
    )


@view
@external
def getRoundData(round_id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    return self._round_data(round_id)


@view
@external
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    return self._round_data(self.round)


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712._separator(NAME)


@view
def _round_data(round_id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    word: uint256 = self._word(round_id)
    seen_at: uint256 = word >> 192
    return round_id, convert(word & U96, int256), seen_at, seen_at, round_id


@view
def _word(round_id: uint80) -> uint256:
    word: uint256 = self._rounds[round_id]
    assert word != 0, "no such round"
    return word


@view
def _require_no_minter(attestor: address):
    assert staticcall IBolt(token).minter_allowance(attestor) == 0, "an attestor mints"
    assert staticcall IBolt(token).issuer() != attestor, "an attestor is the issuer"
