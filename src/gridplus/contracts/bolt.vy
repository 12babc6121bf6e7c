# pragma version 0.4.3
"""
@title BOLT
@license Apache-2.0
@notice See IBolt.vyi for what each function promises and what stays on trust.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

import IBolt
import eip712

implements: IERC20
implements: IERC20Detailed
implements: IBolt

name: public(constant(String[32])) = "BOLT"
symbol: public(constant(String[32])) = "BOLT"
decimals: public(constant(uint8)) = 6
MAX_ATTESTATION_AGE_S: constant(uint256) = 86_400
MIN_REDEMPTION: constant(uint256) = 1_000_000
NAME: constant(bytes32) = keccak256("BOLT")
PERMIT: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
TRANSFER: constant(bytes32) = keccak256(
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
RECEIVE: constant(bytes32) = keccak256(
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
CANCEL: constant(bytes32) = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)")
RESERVE: constant(bytes32) = keccak256("Reserve(uint64 time,uint128 supplySeen,uint128 reserve)")

issuer: public(immutable(address))

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
totalSupply: public(uint256)
nonces: public(HashMap[address, uint256])
_used_nonces: HashMap[address, HashMap[uint256, uint256]]

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
    issuer = issuer_
    self._set_attestor(attestor_)
    self._set_minter(minter, minter_allowance_)


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._transfer(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        assert amount <= allowed, "over allowance"
        self.allowance[owner][msg.sender] = allowed - amount
    self._transfer(owner, receiver, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    self._approve(msg.sender, spender, amount)
    return True


@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256,
    v: uint8, r: bytes32, s: bytes32
):
    assert block.timestamp <= deadline, "expired"
    nonce: uint256 = self.nonces[owner]
    self.nonces[owner] = nonce + 1
    self._require_signer(
        owner, keccak256(abi_encode(PERMIT, owner, spender, amount, nonce, deadline)), v, r, s
    )
    self._approve(owner, spender, amount)


@external
def transferWithAuthorization(
    payer: address, receiver: address, amount: uint256, valid_after: uint256, valid_before: uint256,
    nonce: bytes32, v: uint8, r: bytes32, s: bytes32
):
    self._require_now_within(valid_after, valid_before)
    self._require_signer(
        payer,
        keccak256(abi_encode(TRANSFER, payer, receiver, amount, valid_after, valid_before, nonce)),
        v, r, s,
    )
    self._use_nonce(payer, nonce)
    log IBolt.AuthorizationUsed(authorizer=payer, nonce=nonce)
    self._transfer(payer, receiver, amount)


@external
def receiveWithAuthorization(
    payer: address, receiver: address, amount: uint256, valid_after: uint256, valid_before: uint256,
    nonce: bytes32, v: uint8, r: bytes32, s: bytes32
):
    assert receiver == msg.sender, "not the receiver"
    self._require_now_within(valid_after, valid_before)
    self._require_signer(
        payer,
        keccak256(abi_encode(RECEIVE, payer, receiver, amount, valid_after, valid_before, nonce)),
        v, r, s,
    )
    self._use_nonce(payer, nonce)
    log IBolt.AuthorizationUsed(authorizer=payer, nonce=nonce)
    self._transfer(payer, receiver, amount)


@external
def cancelAuthorization(authorizer: address, nonce: bytes32, v: uint8, r: bytes32, s: bytes32):
    self._require_signer(
        authorizer, keccak256(abi_encode(CANCEL, authorizer, nonce)), v, r, s
    )
    self._use_nonce(authorizer, nonce)
    log IBolt.AuthorizationCanceled(authorizer=authorizer, nonce=nonce)


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
    at: uint256 = convert(time, uint256)
    assert at > self.attested_at, "not newer"
    assert at > self.reserve_moved_at, "older than the last mint or payment"
    assert at <= block.timestamp, "from the future"
    assert block.timestamp <= at + MAX_ATTESTATION_AGE_S, "stale attestation"
    # Since `at` nothing was minted, so the supply can only have fallen below what was seen.
    seen: uint256 = convert(supply_seen, uint256)
    assert self.totalSupply <= seen, "saw less than the supply"
    message: bytes32 = keccak256(abi_encode(RESERVE, time, supply_seen, reserve))
    signer: address = eip712._signer(NAME, message, r, vs)
    assert signer == self.attestor, "not the attestor"

    held: uint256 = convert(reserve, uint256)
    self.attested_at = at
    self.surplus = held - min(held, seen)
    self.consumed = 0
    log IBolt.ReserveAttested(time=time, supply_seen=supply_seen, reserve=reserve)


@external
def mint(receiver: address, amount: uint256):
    allowed: uint256 = self.minter_allowance[msg.sender]
    assert amount != 0, "zero amount"
    assert amount <= allowed, "over minter allowance"
    assert amount <= self._mintable(), "over attested reserve"
    assert receiver != empty(address) and receiver != self, "bad receiver"

    self.minter_allowance[msg.sender] = allowed - amount
    self.consumed += amount
    self.reserve_moved_at = block.timestamp
    self.totalSupply += amount
    self.balanceOf[receiver] += amount
    log IERC20.Transfer(sender=empty(address), receiver=receiver, value=amount)


@external
def redeem(amount: uint256, payment_reference: bytes32) -> uint256:
    assert amount >= MIN_REDEMPTION, "below 1 BOLT"
    held: uint256 = self.balanceOf[msg.sender]
    assert amount <= held, "over balance"

    redemption: uint256 = self.redemption_count
    self.redemption_count = redemption + 1
    self.redemptions[redemption] = amount
    self.queued += amount
    self.balanceOf[msg.sender] = held - amount
    self.totalSupply -= amount
    log IERC20.Transfer(sender=msg.sender, receiver=empty(address), value=amount)
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
def authorizationState(authorizer: address, nonce: bytes32) -> bool:
    number: uint256 = convert(nonce, uint256)
    return (self._used_nonces[authorizer][number >> 8] >> (number & 255)) & 1 == 1


@view
@external
def mintable() -> uint256:
    return self._mintable()


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712._separator(NAME)


@view
def _mintable() -> uint256:
    if block.timestamp > self.attested_at + MAX_ATTESTATION_AGE_S:
        return 0
    room: uint256 = self.surplus
    return room - min(room, self.consumed + self.queued)


def _set_attestor(attestor: address):
    assert attestor not in [empty(address), issuer], "bad attestor"
    assert self.minter_allowance[attestor] == 0, "attestor is a minter"
    self.attestor = attestor
    log IBolt.AttestorSet(attestor=attestor)


def _set_minter(minter: address, allowance: uint256):
    assert minter != empty(address), "zero minter"
    assert minter != self.attestor, "minter is the attestor"
    self.minter_allowance[minter] = allowance
    log IBolt.MinterSet(minter=minter, allowance=allowance)


def _transfer(owner: address, receiver: address, amount: uint256):
    assert receiver != empty(address) and receiver != self, "bad receiver"
    held: uint256 = self.balanceOf[owner]
    assert amount <= held, "over balance"
    self.balanceOf[owner] = held - amount
    self.balanceOf[receiver] += amount
    log IERC20.Transfer(sender=owner, receiver=receiver, value=amount)


def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


def _use_nonce(authorizer: address, nonce: bytes32):
    number: uint256 = convert(nonce, uint256)
    used: uint256 = self._used_nonces[authorizer][number >> 8]
    bit: uint256 = 1 << (number & 255)
    assert used & bit == 0, "nonce used"
    self._used_nonces[authorizer][number >> 8] = used | bit


@view
def _require_issuer():
    assert msg.sender == issuer, "not the issuer"


@view
def _require_now_within(valid_after: uint256, valid_before: uint256):
    assert block.timestamp > valid_after, "not yet valid"
    assert block.timestamp < valid_before, "expired"


@view
def _require_signer(signer: address, message: bytes32, v: uint8, r: bytes32, s: bytes32):
    vs: bytes32 = eip712._compact(v, s)
    found: address = eip712._signer(NAME, message, r, vs)
    assert found == signer and found != empty(address), "not the signer"
