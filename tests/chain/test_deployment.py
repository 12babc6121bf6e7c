"""A deployment file names what to trust; anything else at its addresses is found out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gridplus.chain import Account, Call
from gridplus.chain.deploy import DEV_HOLDING_UBOLT, DEV_ROLES, findings, found_dev, init_code
from gridplus.chain.deployment import Code, Deployment
from gridplus.chain.embedded import EmbeddedChain
from gridplus.chain.views import ask
from gridplus.contracts import calls
from gridplus.failures import InputError
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.wallet import Address
from tests.chain.adder import CREATION
from tests.chain.places import HandClock, genesis

NOBODY = Address(b"\x0b" * 20)
Keys = dict[str, Secp256k1Key]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    store = KeyStore(tmp_path_factory.mktemp("keys") / "keys")
    return {role: store.create(role, Secp256k1Key) for role in DEV_ROLES}


@pytest.fixture(scope="module")
def chain(keys: Keys) -> Iterator[EmbeddedChain]:
    with EmbeddedChain(None, HandClock(), genesis=genesis(*keys.values())) as made:
        yield made


@pytest.fixture(scope="module")
def deployment(chain: EmbeddedChain, keys: Keys) -> Deployment:
    return found_dev(chain, keys)


def test_what_was_deployed_is_what_the_file_says(
    chain: EmbeddedChain, deployment: Deployment, tmp_path: Path
) -> None:
    path = tmp_path / "deployments" / "31337.json"
    deployment.save(path)
    assert Deployment.load(path) == deployment
    assert all(holds for _, holds in findings(chain, Deployment.load(path)))


def test_founding_again_finds_what_was_made(
    chain: EmbeddedChain, deployment: Deployment, keys: Keys
) -> None:
    before = chain.head()
    assert found_dev(chain, keys) == deployment
    assert chain.head() == before
    held = ask(chain, deployment.bolt, view=calls.balance_of(keys["holder"].address))
    assert held == DEV_HOLDING_UBOLT


def test_immutables_behind_the_code_are_no_part_of_its_hash(
    chain: EmbeddedChain, deployment: Deployment, keys: Keys
) -> None:
    other = Account(keys["deployer"], chain).deploy(
        calls.vault_init_code(deployment.bolt, hub=NOBODY, treasurer=keys["hub"].address)
    )
    assert chain.code(other) != chain.code(deployment.vault)
    replace(deployment, vault=other).require_on(chain)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"chain_id": 1}, "the node serves chain 31337, not 1"),
        ({"vault": NOBODY}, "no contract at the vault's address"),
        ({"anchor": None}, "what runs at the anchor's address 0x"),
        ({"codes": (Code(bytes(32), 700),) * 3}, "is not the code 0x0000"),
    ],
)
def test_another_chain_or_other_code_is_refused(
    chain: EmbeddedChain,
    deployment: Deployment,
    keys: Keys,
    change: dict[str, object],
    says: str,
) -> None:
    if change == {"anchor": None}:
        change = {"anchor": Account(keys["deployer"], chain).deploy(CREATION)}
    changed = replace(deployment, **change)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=says):
        changed.require_on(chain)


def test_a_vault_of_another_token_does_not_hold(
    chain: EmbeddedChain, deployment: Deployment, keys: Keys
) -> None:
    parties = {role: keys[role].address for role in ("issuer", "attestor", "minter")}
    other = Account(keys["deployer"], chain).deploy(
        calls.bolt_init_code(
            parties["issuer"], parties["attestor"], minter=parties["minter"], minter_allowance=1
        )
    )
    found = findings(chain, replace(deployment, bolt=other))
    assert [what for what, holds in found if not holds] == [
        f"the vault's token is 0x{deployment.bolt.hex()}"
    ]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("codes", None, "codes must name the code of bolt, vault, anchor"),
        ("codes", {"bolt": {"hash": "0x12", "size": 5}}, "codes: bolt must have a hash of 32"),
        ("chain_id", "1", "chain_id must be a positive integer"),
        ("vault", "0x12", "vault must be an address"),
        ("format", "else", "is not a deployment file"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(
    deployment: Deployment, tmp_path: Path, name: str, value: object, says: str
) -> None:
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps(dict(deployment.document()) | {name: value}))
    with pytest.raises(InputError, match=says):
        Deployment.load(path)


def test_init_code_is_what_deploys(
    chain: EmbeddedChain, keys: Keys, deployment: Deployment
) -> None:
    parties = [f"0x{a.hex()}" for a in (deployment.bolt, NOBODY, keys["hub"].address)]
    code = init_code("vault", parties)
    assert code == calls.vault_init_code(deployment.bolt, hub=NOBODY, treasurer=keys["hub"].address)
    account = Account(keys["deployer"], chain)
    receipt = account.transact(Call(to=None, data=init_code("anchor", [])))
    assert receipt.created is not None
    replace(deployment, anchor=receipt.created).require_on(chain)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("safe", [], "there is no contract safe; there are anchor, bolt"),
        ("vault", ["0x12"], "vault takes token:address hub:address treasurer:address"),
        ("vault", ["0x12", "0x12", "0xzz"], "vault takes token:address"),
        ("vault", ["0x12", "0x12", "0x12"], "vault takes token:address"),
        ("bolt", ["0x" + "01" * 20] * 3 + ["many"], "minter_allowance:uint256"),
    ],
)
def test_init_code_says_what_a_constructor_takes(
    name: str, arguments: list[str], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        init_code(name, arguments)
