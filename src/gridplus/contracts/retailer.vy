# pragma version 0.4.3
"""
@title The retailer's side of a vault: pool, hot key, and the treasurer's slow powers
@license Apache-2.0
@notice See IVault.vyi.
"""

from ethereum.ercs import IERC20

import IVault
import channels

WITHDRAWAL_DELAY_S: constant(uint256) = 15 * channels.DAY_S
REPLACEMENT_DELAY_S: constant(uint256) = 15 * channels.DAY_S
LAPSE_S: constant(uint256) = channels.DAY_S
DELAY_DAYS: constant(uint256) = 15
U16: constant(uint256) = 2**16 - 1
U64: constant(uint256) = 2**64 - 1
U112: constant(uint256) = 2**112 - 1

token: public(immutable(address))
treasurer: public(immutable(address))


struct Withdrawal:
    amount: uint256
    matures_at: uint256


struct Replacement:
    hub: address
    matures_at: uint256


_pool_word: uint256  # pool u112 | credited u64 | credit_day u16 | next_seq u64
hub: public(address)
withdrawal: public(Withdrawal)
replacement: public(Replacement)


@deploy
def __init__(token_: address, hub_: address, treasurer_: address):
    assert token_.is_contract, "token is no contract"
    assert hub_ != empty(address), "zero hub"
    assert treasurer_ not in [empty(address), hub_], "bad treasurer"
    token = token_
    treasurer = treasurer_
    self.hub = hub_


@external
@nonreentrant
def request_withdrawal(amount: uint256):
    self._require_treasurer()
    lapsed_at: uint256 = self.withdrawal.matures_at + LAPSE_S
    assert self.withdrawal.amount == 0 or block.timestamp >= lapsed_at, "one request at a time"
    assert amount != 0, "zero amount"
    assert amount <= self._pool(), "over pool"

    matures_at: uint256 = block.timestamp + WITHDRAWAL_DELAY_S
    self.withdrawal = Withdrawal(amount=amount, matures_at=matures_at)
    log IVault.WithdrawalRequested(amount=amount, matures_at=matures_at)


@external
@nonreentrant
def cancel_withdrawal():
    self._require_treasurer()
    assert self.withdrawal.amount != 0, "no request"
    self.withdrawal = empty(Withdrawal)
    log IVault.WithdrawalCancelled()


@external
@nonreentrant
def finish_withdrawal():
    self._require_treasurer()
    request: Withdrawal = self.withdrawal
    assert request.amount != 0, "no request"
    self._require_now_at(request.matures_at)
    pool: uint256 = 0
    credited: uint256 = 0
    seq: uint256 = 0
    pool, credited, seq = self._unpack()
    assert request.amount <= pool, "over pool"

    self.withdrawal = empty(Withdrawal)
    self._pack(pool - request.amount, credited, seq)
    log IVault.WithdrawalFinished(amount=request.amount)
    assert extcall IERC20(token).transfer(treasurer, request.amount), "token refused"


@external
@nonreentrant
def request_hub(hub_: address):
    self._require_treasurer()
    lapsed_at: uint256 = self.replacement.matures_at + LAPSE_S
    assert self.replacement.hub == empty(address) or block.timestamp >= lapsed_at, "one request at a time"
    assert hub_ not in [empty(address), treasurer, self.hub], "bad hub"

    matures_at: uint256 = block.timestamp + REPLACEMENT_DELAY_S
    self.replacement = Replacement(hub=hub_, matures_at=matures_at)
    log IVault.HubRequested(hub=hub_, matures_at=matures_at)


@external
@nonreentrant
def cancel_hub():
    self._require_treasurer()
    assert self.replacement.hub != empty(address), "no request"
    self.replacement = empty(Replacement)
    log IVault.HubCancelled()


@external
@nonreentrant
def finish_hub():
    self._require_treasurer()
    request: Replacement = self.replacement
    assert request.hub != empty(address), "no request"
    self._require_now_at(request.matures_at)

    self.replacement = empty(Replacement)
    self.hub = request.hub
    log IVault.HubReplaced(hub=request.hub)


@view
@external
def pool() -> uint256:
    return self._pool()


@view
@external
def next_seq() -> uint256:
    return self._pool_word & U64


@view
@external
def credit_allowance() -> uint256:
    return self._credit_left()


def _move(taken: uint256, raised: uint256):
    """
    @dev A channel pays `taken` into the pool and is credited `raised` out of it.
    """
    pool: uint256 = 0
    credited: uint256 = 0
    seq: uint256 = 0
    pool, credited, seq = self._unpack()
    if raised > taken:
        credit: uint256 = raised - taken
        assert credit <= self._credit_allowance(pool, credited), "over today's credit"
        credited += credit
    self._pack(pool + taken - raised, credited, seq)


@view
def _credit_left() -> uint256:
    pool: uint256 = 0
    credited: uint256 = 0
    seq: uint256 = 0
    pool, credited, seq = self._unpack()
    return self._credit_allowance(pool, credited)


@pure
def _credit_allowance(pool: uint256, credited: uint256) -> uint256:
    """
    @return What may still be credited today: a share of the pool as it was before today's credits.
            Never more than the pool.
    """
    allowed: uint256 = unsafe_add(pool, credited) // DELAY_DAYS
    return unsafe_sub(allowed, credited) if credited < allowed else 0


@view
def _unpack() -> (uint256, uint256, uint256):
    """
    @return (pool, net credit of today, next_seq)
    """
    word: uint256 = self._pool_word
    credited: uint256 = 0
    if (word >> 64) & U16 == block.timestamp // channels.DAY_S:
        credited = (word >> 80) & U64
    return word >> 144, credited, word & U64


def _pack(pool: uint256, credited: uint256, seq: uint256):
    assert pool <= U112 and credited <= U64 and seq <= U64, "pool overflow"
    today: uint256 = block.timestamp // channels.DAY_S
    assert today <= U16, "end of calendar"
    self._pool_word = pool << 144 | credited << 80 | today << 64 | seq


@view
def _pool() -> uint256:
    return self._pool_word >> 144


@view
def _require_treasurer():
    assert msg.sender == treasurer, "not the treasurer"


@view
def _require_now_at(matures_at: uint256):
    """
    @dev A request that nobody finishes within a day is no standing option.
    """
    assert block.timestamp >= matures_at, "request is not mature"
    assert block.timestamp < matures_at + LAPSE_S, "request has lapsed"
