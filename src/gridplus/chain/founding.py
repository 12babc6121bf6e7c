"""Putting token, vault and anchor on a chain, so that an interrupted deployment goes on.

Where contracts land follows from who deploys them and its nonce. So the nonce of the first is
written down before anything is sent; whoever comes after a crash finds there what was made, checks
its code, and makes the rest.
"""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from gridplus.chain.account import Account
from gridplus.chain.deployment import (
    CONTRACTS,
    Code,
    Deployment,
    parse_address,
    read_document,
    write_whole,
)
from gridplus.chain.patience import Patience, ask_until
from gridplus.chain.port import Chain
from gridplus.chain.transaction import created_address
from gridplus.contracts import calls
from gridplus.digest import Document, canonical_json
from gridplus.failures import InputError, RemoteError, StorageError
from gridplus.units import U48_MAX
from gridplus.wallet import Address

FORMAT = "gridplus.deployment-started/1"
_PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Roles:
    """Who may do what; ARCHITECTURE.md says what the theft of each key costs."""

    issuer: Address
    attestor: Address
    minter: Address
    hub: Address
    treasurer: Address
    publisher: Address


@dataclass(frozen=True, slots=True)
class DeploymentStarted:
    """`deployer` puts the contracts on the chain with its transactions `first_nonce` and on."""

    chain_id: int
    deployer: Address
    first_nonce: int
    roles: Roles

    @property
    def deployment(self) -> Deployment:
        """Where the contracts are when all are made."""
        bolt, vault, anchor = (
            created_address(self.deployer, self.first_nonce + place) for place in range(3)
        )
        return Deployment(self.chain_id, bolt, vault, anchor, self.roles.publisher)

    def init_codes(self) -> tuple[bytes, ...]:
        """The creation code of CONTRACTS, in that order."""
        roles, made = self.roles, self.deployment
        bolt = calls.bolt_init_code(
            roles.issuer, roles.attestor, minter=roles.minter, minter_allowance=U48_MAX
        )
        vault = calls.vault_init_code(made.bolt, hub=roles.hub, treasurer=roles.treasurer)
        return bolt, vault, calls.anchor_init_code()

    def save(self, path: Path) -> None:
        """All of it or nothing. Raises StorageError."""
        document: Document = {
            "format": FORMAT,
            "chain_id": self.chain_id,
            "deployer": f"0x{self.deployer.hex()}",
            "first_nonce": self.first_nonce,
            "roles": {
                role.name: f"0x{getattr(self.roles, role.name).hex()}" for role in fields(Roles)
            },
        }
        write_whole(path, canonical_json(document) + b"\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file and what is wrong with it."""
        found = read_document(path, FORMAT)
        chain_id, nonce, roles = (found.get(key) for key in ("chain_id", "first_nonce", "roles"))
        if type(chain_id) is not int or type(nonce) is not int or nonce < 0:
            raise InputError(f"{path}: chain_id and first_nonce must be integers")
        if not isinstance(roles, dict):
            raise InputError(f"{path}: roles must name who may do what")
        named = {
            role.name: parse_address(roles.get(role.name), f"{path}: {role.name}")
            for role in fields(Roles)
        }
        deployer = parse_address(found.get("deployer"), f"{path}: deployer")
        return cls(chain_id, deployer, nonce, Roles(**named))


def deploy_contracts(account: Account, chain: Chain, *, roles: Roles, notes: Path) -> Deployment:
    """Token, vault and anchor; `notes` is a file that is there while they are being made.

    Asked again after a crash, it makes what is missing and nothing twice. Raises InputError when
    the notes are of another deployment, otherwise as `finish_deployment`.
    """
    if notes.exists():
        started = DeploymentStarted.load(notes)
        named = (started.chain_id, started.deployer, started.roles)
        if named != (chain.chain_id, account.address, roles):
            raise InputError(
                f"{notes} is of a deployment that began with other roles, another key or on "
                "another chain; finish it with those, or remove the file to leave its contracts"
            )
    else:
        nonce = chain.nonce(account.address)
        started = DeploymentStarted(chain.chain_id, account.address, nonce, roles)
        started.save(notes)
    return finish_deployment(started, account, chain=chain)


def finish_deployment(started: DeploymentStarted, account: Account, *, chain: Chain) -> Deployment:
    """Make what is missing of a deployment. Raises InputError when the deployer's nonces went
    elsewhere, otherwise as `Account.transact`."""
    made = started.deployment
    for place, (name, code) in enumerate(zip(CONTRACTS, started.init_codes(), strict=True)):
        address, nonce = getattr(made, name), started.first_nonce + place
        if chain.nonce(account.address) == nonce:
            account.deploy(code)
        _await_nonce(chain, account.address, nonce=nonce)
        if not Code.compiled(name).runs(chain.code(address)):
            raise InputError(
                f"this version's {name} is not at 0x{address.hex()}: the deployer's key was used "
                "for something else, or another version began; remove the notes to begin anew"
            )
    return made


def remove_notes(notes: Path) -> None:
    """The deployment they were of is finished and saved. Raises StorageError."""
    try:
        os.unlink(notes)
    except OSError as error:
        raise StorageError(f"{notes} cannot be removed: {error.strerror}") from None


def _await_nonce(chain: Chain, sender: Address, *, nonce: int) -> None:
    """Until a transaction that an earlier life sent is mined."""

    def mined() -> bool | None:
        return chain.nonce(sender, block=chain.head().number) > nonce or None

    if ask_until(mined, patience=Patience(_PATIENCE_S)) is None:
        raise RemoteError(f"transaction {nonce} of 0x{sender.hex()} is sent, not mined; ask again")
