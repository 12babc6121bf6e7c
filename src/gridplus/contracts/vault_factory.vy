# pragma version 0.4.3
"""
@title Vault factory
@license Apache-2.0
@notice See IVaultFactory.vyi for what each function promises and what stays on trust.
"""

import IVaultFactory

implements: IVaultFactory

MAX_CREATION_CODE: constant(uint256) = 49_152  # EIP-3860

vault_code_hash: public(immutable(bytes32))  # of the creation code, before its arguments
bolt_code_hash: public(immutable(bytes32))  # of the code on chain
wrapper_code_hash: public(immutable(bytes32))

is_vault: public(HashMap[address, bool])


@deploy
def __init__(vault_code_hash_: bytes32, bolt_code_hash_: bytes32, wrapper_code_hash_: bytes32):
    assert empty(bytes32) not in [
        vault_code_hash_, bolt_code_hash_, wrapper_code_hash_
    ], "zero hash"
    vault_code_hash = vault_code_hash_
    bolt_code_hash = bolt_code_hash_
    wrapper_code_hash = wrapper_code_hash_


@external
def create_vault(
    creation_code: Bytes[MAX_CREATION_CODE], token: address, hub: address, treasurer: address
) -> address:
    assert token.codehash in [bolt_code_hash, wrapper_code_hash], "unknown token"
    assert keccak256(creation_code) == vault_code_hash, "unknown creation code"
    vault: address = raw_create(
        creation_code, token, hub, treasurer, salt=empty(bytes32), revert_on_failure=True
    )
    self.is_vault[vault] = True
    log IVaultFactory.VaultCreated(token=token, hub=hub, treasurer=treasurer, vault=vault)
    return vault
