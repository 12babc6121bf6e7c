# pragma version 0.4.3
"""
@title P-256 signatures, and proof that this chain verifies them
@license Apache-2.0
@dev EIP-7951 and RIP-7212: at 0x100, 160 bytes digest | r | s | x | y give 1 when valid, else
     nothing.
"""

HALF_ORDER: constant(bytes32) = 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8
VERIFY: constant(address) = 0x0000000000000000000000000000000000000100
DIGEST: constant(bytes32) = 0x379d4edb81c64444f8164eb1c4672dad82473e658a32da1028ae725524a15934
R: constant(bytes32) = 0xb81bdf0291c5a7c4c2044c7c088f71e340b0cb6acb7bb5db5840be7e520e75a6
S: constant(bytes32) = 0x15f878b5ce25e64194e1dbf449fa9477771957f7e4c7e6d0927b61a3c761c205
X: constant(bytes32) = 0xec2c5e9147578a3d432c80bbade8fe165a6b3edd2842bc1705e38c26f80b5ca7
Y: constant(bytes32) = 0x41fb8d15558e8629358bf4082b40b028dafd10cc5b53591a8acf629cc0368561


@view
def _require_precompile():
    """
    @dev A key made for this test signed sha256("Grid+ Vault"). Another digest and a swapped r and s
         must fail, which tells a real precompile from a stub that says yes.
    """
    assert self._verify(DIGEST, R, S, X, Y), "no P-256 precompile"
    assert not self._verify(keccak256(""), R, S, X, Y), "P-256 precompile accepts a wrong digest"
    assert not self._verify(DIGEST, S, R, X, Y), "P-256 precompile accepts a wrong signature"


@view
def _is_valid(message: bytes32, r: bytes32, s: bytes32, x: bytes32, y: bytes32) -> bool:
    """
    @return True when the key (x, y) signed sha256(message) and s is low.
    """
    if convert(s, uint256) > convert(HALF_ORDER, uint256):
        return False
    return self._verify(sha256(message), r, s, x, y)


@view
def _verify(digest: bytes32, r: bytes32, s: bytes32, x: bytes32, y: bytes32) -> bool:
    ok: bool = False
    answer: Bytes[32] = b""
    ok, answer = raw_call(
        VERIFY,
        abi_encode(digest, r, s, x, y),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return ok and len(answer) == 32 and convert(answer, uint256) == 1
