# pragma version 0.4.3
"""
@title Credits
@license Apache-2.0
@notice See ICredits.vyi for what each function promises and what stays on trust.
"""

import ICredits
import eip712

implements: ICredits

NAME: constant(bytes32) = keccak256("Grid+ Credits")
REDEEM: constant(bytes32) = keccak256(
    "Redeem(bytes32 channel,uint64 amountWh,uint64 expiresAt,uint64 period,uint64 nonce)"
)

retailer: public(immutable(address))
limit_wh: public(immutable(uint64))
period_s: public(immutable(uint64))

lot: public(HashMap[address, HashMap[uint64, uint64]])
redeemed_in: public(HashMap[address, HashMap[uint64, uint64]])
nonces: public(HashMap[address, uint64])
granted_wh: public(uint256)
redeemed_wh: public(uint256)


@deploy
def __init__(retailer_: address, limit_wh_: uint64, period_s_: uint64):
    assert retailer_ != empty(address), "zero retailer"
    assert limit_wh_ != 0, "zero limit"
    assert period_s_ != 0, "zero period"
    retailer = retailer_
    limit_wh = limit_wh_
    period_s = period_s_


@external
def grant(holder: address, expires_at: uint64, amount_wh: uint64):
    assert msg.sender == retailer, "not the retailer"
    assert holder != empty(address), "zero holder"
    assert amount_wh != 0, "zero amount"
    self._require_unexpired(expires_at)
    self.lot[holder][expires_at] += amount_wh
    self.granted_wh += convert(amount_wh, uint256)
    log ICredits.Granted(holder=holder, expires_at=expires_at, amount_wh=amount_wh)


@external
def redeem(channel: bytes32, amount_wh: uint64, expires_at: uint64):
    self._redeem(msg.sender, channel, amount_wh, expires_at)


@external
def redeem_signed(
    holder: address, channel: bytes32, amount_wh: uint64, expires_at: uint64, period: uint64,
    r: bytes32, vs: bytes32
):
    assert period == self._period(), "not this period"
    nonce: uint64 = self.nonces[holder]
    message: bytes32 = keccak256(
        abi_encode(REDEEM, channel, amount_wh, expires_at, period, nonce)
    )
    signer: address = eip712._signer(NAME, message, r, vs)
    assert signer == holder and signer != empty(address), "not the holder"
    self.nonces[holder] = nonce + 1
    self._redeem(holder, channel, amount_wh, expires_at)


@external
def raise_nonce():
    nonce: uint64 = self.nonces[msg.sender] + 1
    self.nonces[msg.sender] = nonce
    log ICredits.NonceRaised(holder=msg.sender, nonce=nonce)


@view
@external
def period() -> uint64:
    return self._period()


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712._separator(NAME)


def _redeem(holder: address, channel: bytes32, amount_wh: uint64, expires_at: uint64):
    assert channel != empty(bytes32), "zero channel"
    assert amount_wh != 0, "zero amount"
    self._require_unexpired(expires_at)
    held: uint64 = self.lot[holder][expires_at]
    assert amount_wh <= held, "over the lot"
    period: uint64 = self._period()
    redeemed: uint64 = self.redeemed_in[holder][period]
    assert amount_wh <= limit_wh - redeemed, "over the limit"

    self.lot[holder][expires_at] = held - amount_wh
    self.redeemed_in[holder][period] = redeemed + amount_wh
    self.redeemed_wh += convert(amount_wh, uint256)
    log ICredits.Redeemed(channel=channel, holder=holder, period=period, amount_wh=amount_wh)


@view
def _period() -> uint64:
    return convert(block.timestamp, uint64) // period_s


@view
def _require_unexpired(expires_at: uint64):
    assert block.timestamp < convert(expires_at, uint256), "lot has expired"
