# pragma version 0.4.3
"""
@title The face of a BOLT: ERC-20, EIP-2612, EIP-3009 with bitmap nonces
@license Apache-2.0
@notice See IDollar.vyi. The module has no supply of its own: who initializes it mints and burns.
@dev No immutables: a token's code hash says all of its rules, and the factory of vaults knows it.
"""

from ethereum.ercs import IERC20

import IDollar
import eip712

implements: IERC20
implements: IDollar

name: public(constant(String[32])) = "BOLT"
decimals: public(constant(uint8)) = 6
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

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
totalSupply: public(uint256)
nonces: public(HashMap[address, uint256])
_used_nonces: HashMap[address, HashMap[uint256, uint256]]


@deploy
def __init__():
    pass


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
    log IDollar.AuthorizationUsed(authorizer=payer, nonce=nonce)
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
    log IDollar.AuthorizationUsed(authorizer=payer, nonce=nonce)
    self._transfer(payer, receiver, amount)


@external
def cancelAuthorization(authorizer: address, nonce: bytes32, v: uint8, r: bytes32, s: bytes32):
    self._require_signer(
        authorizer, keccak256(abi_encode(CANCEL, authorizer, nonce)), v, r, s
    )
    self._use_nonce(authorizer, nonce)
    log IDollar.AuthorizationCanceled(authorizer=authorizer, nonce=nonce)


@view
@external
def authorizationState(authorizer: address, nonce: bytes32) -> bool:
    number: uint256 = convert(nonce, uint256)
    return (self._used_nonces[authorizer][number >> 8] >> (number & 255)) & 1 == 1


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712._separator(NAME)


def _mint(receiver: address, amount: uint256):
    assert receiver != empty(address) and receiver != self, "bad receiver"
    self.totalSupply += amount
    self.balanceOf[receiver] += amount
    log IERC20.Transfer(sender=empty(address), receiver=receiver, value=amount)


def _burn(holder: address, amount: uint256):
    held: uint256 = self.balanceOf[holder]
    assert amount <= held, "over balance"
    self.balanceOf[holder] = held - amount
    self.totalSupply -= amount
    log IERC20.Transfer(sender=holder, receiver=empty(address), value=amount)


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
def _require_now_within(valid_after: uint256, valid_before: uint256):
    assert block.timestamp > valid_after, "not yet valid"
    assert block.timestamp < valid_before, "expired"


@view
def _require_signer(signer: address, message: bytes32, v: uint8, r: bytes32, s: bytes32):
    vs: bytes32 = eip712._compact(v, s)
    found: address = eip712._signer(NAME, message, r, vs)
    assert found == signer and found != empty(address), "not the signer"
