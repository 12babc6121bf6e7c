"""Calls and logs of the factory of vaults, and the address of a vault before there is one.

What each call does is said in IVaultFactory.vyi.
"""

from dataclasses import dataclass
from typing import TypeAlias

from eth_abi.abi import encode

from gridplus.contracts.abi import View, call_data, view_of
from gridplus.contracts.artifacts import artifact
from gridplus.contracts.calls import vault_init_code
from gridplus.digest import keccak256


@dataclass(frozen=True, slots=True)
class VaultCreated:
    token: bytes
    hub: bytes
    treasurer: bytes
    vault: bytes


Log: TypeAlias = VaultCreated

LOGS: dict[str, type[Log]] = {"VaultCreated(address,address,address,address)": VaultCreated}


def known_hashes() -> tuple[bytes, bytes, bytes]:
    """keccak of the vault's creation code, and of BOLT's and the wrapper's code on chain."""
    return (
        keccak256(artifact("vault").creation_code),
        artifact("bolt").runtime_hash,
        artifact("bolt_wrapper").runtime_hash,
    )


def init_code() -> bytes:
    """Deploys a factory that knows the committed artifacts and nothing else."""
    return artifact("vault_factory").creation_code + encode(["bytes32"] * 3, known_hashes())


def create_vault(token: bytes, *, hub: bytes, treasurer: bytes) -> bytes:
    return call_data(
        "create_vault(bytes,address,address,address)",
        artifact("vault").creation_code,
        token,
        hub,
        treasurer,
    )


def vault_address(factory: bytes, token: bytes, *, hub: bytes, treasurer: bytes) -> bytes:
    """20 bytes: where `factory` creates this vault, or has created it. Source: EIP-1014."""
    code = keccak256(vault_init_code(token, hub=hub, treasurer=treasurer))
    return keccak256(b"\xff" + factory + bytes(32) + code)[12:]


def is_vault(vault: bytes) -> View[bool]:
    return view_of("is_vault(address)", "bool", vault)
