# pragma version 0.4.3
"""
@title The three roles of a home, two of which beat one
@license Apache-2.0
@dev A library without storage: which channel a home's descriptor names, and who signed for it.
"""

import IVault
import channels
import eip712
import p256

NAME: constant(bytes32) = keccak256("Grid+ Vault")
OWNER: constant(uint256) = 1
GUARDIAN: constant(uint256) = 2
DEVICE: constant(uint256) = 4
MAX_SIGNATURE: constant(uint256) = 1024
MAX_VALIDITY_S: constant(uint256) = 7 * channels.DAY_S
IS_VALID_SIGNATURE: constant(bytes4) = 0x1626ba7e  # EIP-1271


@pure
def _channel(home: IVault.Home) -> bytes32:
    """
    @return The channel that the voucher key and the descriptor name; it may not be open.
    """
    assert home.owner != empty(address), "bad owner"
    assert home.guardian not in [empty(address), home.owner], "bad guardian"
    assert empty(bytes32) not in [home.device_x, home.device_y], "bad device"
    descriptor: bytes32 = keccak256(
        abi_encode(home.owner, home.guardian, home.device_x, home.device_y, home.salt)
    )
    cap: uint256 = convert(home.opening_cap, uint256)
    cfg: uint256 = convert(descriptor, uint256) & ~channels.U16 | cap
    return keccak256(abi_encode(home.voucher_key, cfg))


@view
def _require_valid(valid_until: uint64):
    until: uint256 = convert(valid_until, uint256)
    assert block.timestamp <= until, "expired"
    assert until <= block.timestamp + MAX_VALIDITY_S, "valid for too long"


@view
def _require_two(home: IVault.Home, message: bytes32, by: IVault.Pair):
    """
    @dev The order is owner, guardian, device: the first signer is never the device, the second never
         the owner.
    """
    assert by.roles in [OWNER | GUARDIAN, OWNER | DEVICE, GUARDIAN | DEVICE], "not two roles"
    digest: bytes32 = eip712._digest(NAME, message)
    first: address = home.owner if by.roles & OWNER != 0 else home.guardian
    assert self._is_signed_by(first, digest, by.first), "bad first signature"
    if by.roles & DEVICE == 0:
        assert self._is_signed_by(home.guardian, digest, by.second), "bad second signature"
    else:
        assert len(by.second) == 64, "bad second signature"
        r: bytes32 = extract32(by.second, 0)
        s: bytes32 = extract32(by.second, 32)
        signed: bool = p256._is_valid(digest, r, s, home.device_x, home.device_y)
        assert signed, "bad second signature"


@view
def _is_signed_by(signer: address, digest: bytes32, signature: Bytes[MAX_SIGNATURE]) -> bool:
    """
    @param signer Not the zero address. A key's signature counts even where code was delegated to.
    """
    if len(signature) == 64:
        found: address = eip712._recovered(
            digest, extract32(signature, 0), extract32(signature, 32)
        )
        if found == signer:
            return True
    if not signer.is_contract:
        return False
    ok: bool = False
    answer: Bytes[32] = b""
    ok, answer = raw_call(
        signer,
        abi_encode(digest, signature, method_id=IS_VALID_SIGNATURE),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return ok and len(answer) == 32 and convert(answer, bytes32) == convert(IS_VALID_SIGNATURE, bytes32)
