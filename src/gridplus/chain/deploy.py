"""Putting a retailer's contracts on a chain, and asking them whether they fit together."""

from collections.abc import Mapping, Sequence

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError

from gridplus.chain.account import Account
from gridplus.chain.deployment import CONTRACTS, Code, Deployment
from gridplus.chain.founding import DeploymentStarted, Roles, finish_deployment
from gridplus.chain.port import Call, Chain
from gridplus.chain.transaction import Signer
from gridplus.chain.views import ask
from gridplus.contracts import artifact, calls, code_hashes
from gridplus.failures import InputError
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import bolt_domain, reserve_attestation_digest

DEV_ROLES = ("deployer", "issuer", "attestor", "minter", "hub", "treasurer", "publisher", "holder")
DEV_HOLDING_UBOLT = 1_000_000 * UBOLT_PER_BOLT


def findings(chain: Chain, deployment: Deployment) -> list[tuple[str, bool]]:
    """What was asked of the contracts, and whether it holds. Raises InputError as
    `Deployment.require_on` when they are not there at all."""
    deployment.require_on(chain)
    held = ask(chain, deployment.vault, view=calls.token())
    hub = ask(chain, deployment.vault, view=calls.hub())
    treasurer = ask(chain, deployment.vault, view=calls.treasurer())
    return [
        (f"the node serves chain {deployment.chain_id}", True),
        *(
            (f"{name} 0x{getattr(deployment, name).hex()} runs 0x{code.hash.hex()}", True)
            for name, code in zip(CONTRACTS, deployment.codes, strict=True)
        ),
        *(
            (f"{name} is what this version compiles", code == Code.compiled(name))
            for name, code in zip(CONTRACTS, deployment.codes, strict=True)
        ),
        (f"the vault's token is 0x{held.hex()}", held == deployment.bolt),
        (f"the hub 0x{hub.hex()} is not the treasurer 0x{treasurer.hex()}", hub != treasurer),
        (f"the publisher is 0x{deployment.publisher.hex()}", any(deployment.publisher)),
    ]


def found_dev(chain: Chain, keys: Mapping[str, Signer]) -> Deployment:
    """A retailer for trying out, with a holder who has BOLT: `keys` are of DEV_ROLES, and the
    deployer and the minter have ether. Asked again, it finds what it made."""
    address = {role: keys[role].address for role in DEV_ROLES}
    roles = Roles(**{role: address[role] for role in DEV_ROLES[1:-1]})
    deployer = Account(keys["deployer"], chain)
    started = DeploymentStarted(chain.chain_id, deployer.address, 0, roles)
    if chain.nonce(deployer.address) < len(CONTRACTS):
        finish_deployment(started, deployer, chain=chain)
    deployment = started.deployment
    deployment.require_on(chain)
    if ask(chain, deployment.bolt, view=calls.total_supply()) == 0:
        domain = bolt_domain(chain.chain_id, deployment.bolt)
        attested = {"time_s": chain.head().timestamp_s, "supply_seen": 0}
        digest = reserve_attestation_digest(domain, **attested, reserve=DEV_HOLDING_UBOLT)
        signature = keys["attestor"].sign(digest)
        attestation = calls.attest_reserve(
            **attested, reserve=DEV_HOLDING_UBOLT, signature=signature
        )
        minter = Account(keys["minter"], chain)
        minter.transact(Call(deployment.bolt, attestation))
        minter.transact(Call(deployment.bolt, calls.mint(address["holder"], DEV_HOLDING_UBOLT)))
    return deployment


def init_code(name: str, arguments: Sequence[str]) -> bytes:
    """Creation code of a contract with its constructor's arguments, which are written as people
    write them. Raises InputError that says what the constructor takes."""
    if name not in code_hashes():
        raise InputError(f"there is no contract {name}; there are {', '.join(code_hashes())}")
    made = artifact(name)
    wanted = [
        (item["name"].rstrip("_"), item["type"])
        for entry in made.abi
        if entry["type"] == "constructor"
        for item in entry["inputs"]
    ]
    usage = " ".join(f"{argument}:{kind}" for argument, kind in wanted) or "no arguments"
    if len(arguments) != len(wanted):
        raise InputError(f"{name} takes {usage}")
    try:
        values = [_value(text, kind) for text, (_, kind) in zip(arguments, wanted, strict=True)]
        return made.creation_code + encode([kind for _, kind in wanted], values)
    except (ValueError, EncodingError) as error:
        raise InputError(f"{name} takes {usage}: {error}") from None


def _value(text: str, kind: str) -> object:
    if kind.endswith("[]"):
        return [_value(one, kind[:-2]) for one in text.split(",")]
    return int(text, 0) if kind.startswith("uint") else bytes.fromhex(text.removeprefix("0x"))
