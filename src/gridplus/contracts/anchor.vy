# pragma version 0.4.3
"""
@title Anchor
@license Apache-2.0
@notice See IAnchor.vyi.
"""

import IAnchor

implements: IAnchor

U128: constant(uint256) = 2**128 - 1

_roots: HashMap[address, HashMap[uint32, HashMap[uint8, bytes32]]]
_sums: HashMap[address, HashMap[uint32, HashMap[uint8, uint256]]]  # spent << 128 | earned


@external
def anchor(period: uint32, kind: uint8, root: bytes32, spent: uint128, earned: uint128):
    assert root != empty(bytes32), "zero root"
    assert self._roots[msg.sender][period][kind] == empty(bytes32), "already anchored"
    self._roots[msg.sender][period][kind] = root
    self._sums[msg.sender][period][kind] = (
        convert(spent, uint256) << 128 | convert(earned, uint256)
    )
    log IAnchor.Anchored(
        retailer=msg.sender, period=period, kind=kind, root=root, spent=spent, earned=earned
    )


@view
@external
def anchored(retailer: address, period: uint32, kind: uint8) -> (bytes32, uint128, uint128):
    sums: uint256 = self._sums[retailer][period][kind]
    return (
        self._roots[retailer][period][kind],
        convert(sums >> 128, uint128),
        convert(sums & U128, uint128),
    )
