# pragma version 0.4.3
"""
@title EIP-712 digests and secp256k1 signers
@license Apache-2.0
@dev A library without storage. Only a low s is accepted, so that a signature has no twin.
"""

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
VERSION: constant(bytes32) = keccak256("1")
HALF_ORDER: constant(bytes32) = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
S_BITS: constant(uint256) = max_value(uint256) >> 1


@view
def _separator(name: bytes32) -> bytes32:
    # The chain id of now: when a chain splits, a signature for one half is void on the other.
    return keccak256(abi_encode(DOMAIN_TYPE, name, VERSION, chain.id, self))


@pure
def _compact(v: uint8, s: bytes32) -> bytes32:
    """
    @return The parity that v stands for above s. Reverts for a signature without a compact form.
    """
    assert v in [27, 28] and convert(s, uint256) <= S_BITS, "malformed signature"
    return convert(convert(v - 27, uint256) << 255 | convert(s, uint256), bytes32)


@view
def _digest(name: bytes32, message: bytes32) -> bytes32:
    return keccak256(concat(0x1901, self._separator(name), message))


@view
def _signer(name: bytes32, message: bytes32, r: bytes32, vs: bytes32) -> address:
    """
    @param vs EIP-2098: the top bit is the parity of y, the rest is s.
    @return The zero address when the signature is malformed or its s is high.
    """
    return self._recovered(self._digest(name, message), r, vs)


@view
def _recovered(digest: bytes32, r: bytes32, vs: bytes32) -> address:
    word: uint256 = convert(vs, uint256)
    s: uint256 = word & S_BITS
    if s > convert(HALF_ORDER, uint256):
        return empty(address)
    return ecrecover(digest, 27 + (word >> 255), convert(r, uint256), s)
