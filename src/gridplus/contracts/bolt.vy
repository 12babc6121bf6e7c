# pragma version 0.4.3
"""
@title BOLT
@license Apache-2.0
@notice See IBolt.vyi for what each function promises and what stays on trust.
"""

from ethereum.ercs import IERC20Detailed

import IBolt
import IReserveFeed
import dollar
import eip712

implements: IERC20Detailed
implements: IBolt

initializes: dollar
exports: dollar.__interface__

symbol: public(constant(String[32])) = "BOLT"
MAX_ATTESTATION_AGE_S: constant(uint256) = 86_400
MIN_REDEMPTION: constant(uint256) = 1_000_000
RESERVE: constant(bytes32) = keccak256("Reserve(uint64 time,uint128 supplySeen,uint128 reserve)")

issuer: public(address)
attestor: public(address)
minter_allowance: public(HashMap[address, uint256])
attested_at: public(uint256)
surplus: public(uint256)  # reserve - supply seen, of the newest attestation
consumed: public(uint256)  # minted, and paid to redeemers, since that attestation
queued: public(uint256)  # burned, not yet paid
reserve_moved_at: public(uint256)  # the last mint or payment
redemptions: public(HashMap[uint256, uint256])
redemption_count: public(uint256)


@deploy
def __init__(issuer_: address, attestor_: address, minter: address, minter_allowance_: uint256):
    assert issuer_ != empty(address), "zero issuer"
    dollar.__init__()
    self.issuer = issuer_
    self._set_attestor(attestor_)
    self._set_minter(minter, minter_allowance_)


@external
def set_minter(minter: address, allowance_: uint256):
    self._require_issuer()
    self._set_minter(minter, allowance_)


@external
def set_attestor(attestor_: address):
    self._require_issuer()
    self._set_attestor(attestor_)


@external
def attest_reserve(time: uint64, supply_seen: uint128, reserve: uint128, r: bytes32, vs: bytes32):
    message: bytes32 = keccak256(abi_encode(RESERVE, time, supply_seen, reserve))
    signer: address = eip712._signer(dollar.NAME, message, r, vs)
    assert signer == self.attestor, "not the attestor"
    self._attest(time, supply_seen, reserve)


@external
def read_reserve():
    time: uint64 = 0
    supply_seen: uint128 = 0
    reserve: uint128 = 0
    time, supply_seen, reserve = staticcall IReserveFeed(self.attestor).attestation()
    self._attest(time, supply_seen, reserve)


@external
def mint(receiver: address, amount: uint256):
    allowed: uint256 = self.minter_allowance[msg.sender]
    assert amount != 0, "zero amount"
    assert amount <= allowed, "over minter allowance"
    assert amount <= self._mintable(), "over attested reserve"

    self.minter_allowance[msg.sender] = allowed - amount
    self.consumed += amount
    self.reserve_moved_at = block.timestamp
    dollar._mint(receiver, amount)


@external
def redeem(amount: uint256, payment_reference: bytes32) -> uint256:
    assert amount >= MIN_REDEMPTION, "below 1 BOLT"
    dollar._burn(msg.sender, amount)

    redemption: uint256 = self.redemption_count
    self.redemption_count = redemption + 1
    self.redemptions[redemption] = amount
    self.queued += amount
    log IBolt.RedemptionQueued(
        redemption=redemption, holder=msg.sender, amount=amount, payment_reference=payment_reference
    )
    return redemption


@external
def mark_paid(redemption: uint256):
    self._require_issuer()
    amount: uint256 = self.redemptions[redemption]
    assert amount != 0, "nothing queued"

    # The money left the reserve after it was attested: queued falls, consumed rises, room stays.
    self.redemptions[redemption] = 0
    self.queued -= amount
    self.consumed += amount
    self.reserve_moved_at = block.timestamp
    log IBolt.RedemptionPaid(redemption=redemption)


@view
@external
def mintable() -> uint256:
    return self._mintable()


@view
def _mintable() -> uint256:
    if block.timestamp > self.attested_at + MAX_ATTESTATION_AGE_S:
        return 0
    room: uint256 = self.surplus
    return room - min(room, self.consumed + self.queued)


def _attest(time: uint64, supply_seen: uint128, reserve: uint128):
    at: uint256 = convert(time, uint256)
    assert at > self.attested_at, "not newer"
    assert at > self.reserve_moved_at, "older than the last mint or payment"
    assert at <= block.timestamp, "from the future"
    assert block.timestamp <= at + MAX_ATTESTATION_AGE_S, "stale attestation"
    # Since `at` nothing was minted, so the supply can only have fallen below what was seen.
    seen: uint256 = convert(supply_seen, uint256)
    assert dollar.totalSupply <= seen, "saw less than the supply"

    held: uint256 = convert(reserve, uint256)
    self.attested_at = at
    self.surplus = held - min(held, seen)
    self.consumed = 0
    log IBolt.ReserveAttested(time=time, supply_seen=supply_seen, reserve=reserve)


def _set_attestor(attestor: address):
    assert attestor not in [empty(address), self.issuer], "bad attestor"
    assert self.minter_allowance[attestor] == 0, "attestor is a minter"
    self.attestor = attestor
    log IBolt.AttestorSet(attestor=attestor)


def _set_minter(minter: address, allowance: uint256):
    assert minter != empty(address), "zero minter"
    assert minter != self.attestor, "minter is the attestor"
    self.minter_allowance[minter] = allowance
    log IBolt.MinterSet(minter=minter, allowance=allowance)


@view
def _require_issuer():
    assert msg.sender == self.issuer, "not the issuer"
