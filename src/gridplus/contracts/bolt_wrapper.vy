# pragma version 0.4.3
"""
@title BOLT wrapper
@license Apache-2.0
@notice See IBoltWrapper.vyi for what each function promises and what stays on trust.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

import IBoltWrapper
import dollar

implements: IERC20Detailed
implements: IBoltWrapper

initializes: dollar
exports: dollar.__interface__

symbol: public(constant(String[32])) = "wBOLT"
MAX_DECIMALS: constant(uint8) = 24

underlying: public(address)
unit: public(uint256)


@deploy
def __init__(underlying_: address):
    assert underlying_.is_contract, "underlying is no contract"
    decimals: uint8 = staticcall IERC20Detailed(underlying_).decimals()
    assert dollar.decimals <= decimals and decimals <= MAX_DECIMALS, "bad decimals"
    dollar.__init__()
    self.underlying = underlying_
    self.unit = 10 ** convert(decimals - dollar.decimals, uint256)


@external
@nonreentrant
def wrap(receiver: address, amount: uint256):
    assert amount != 0, "zero amount"
    paid: uint256 = amount * self.unit
    held: uint256 = self._held()
    dollar._mint(receiver, amount)
    log IBoltWrapper.Wrapped(payer=msg.sender, receiver=receiver, amount=amount)
    assert extcall IERC20(self.underlying).transferFrom(
        msg.sender, self, paid, default_return_value=True
    ), "underlying refused"
    assert self._held() == held + paid, "underlying moved another amount"
    assert held + paid >= dollar.totalSupply * self.unit, "not backed"


@external
@nonreentrant
def unwrap(receiver: address, amount: uint256):
    assert amount != 0, "zero amount"
    assert receiver not in [empty(address), self], "bad receiver"
    paid: uint256 = amount * self.unit
    held: uint256 = self._held()
    dollar._burn(msg.sender, amount)
    log IBoltWrapper.Unwrapped(holder=msg.sender, receiver=receiver, amount=amount)
    assert extcall IERC20(self.underlying).transfer(
        receiver, paid, default_return_value=True
    ), "underlying refused"
    assert self._held() + paid == held, "underlying moved another amount"


@view
@external
def backing() -> uint256:
    return self._held() // self.unit


@view
def _held() -> uint256:
    return staticcall IERC20(self.underlying).balanceOf(self)
