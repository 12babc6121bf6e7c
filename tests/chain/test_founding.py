"""A deployment that is interrupted goes on where it was, and leaves no contract behind."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gridplus.chain import Account, Call, Chain
from gridplus.chain.deploy import DEV_ROLES
from gridplus.chain.deployment import Deployment
from gridplus.chain.embedded import EmbeddedChain
from gridplus.chain.founding import DeploymentStarted, Roles, deploy_contracts, remove_notes
from gridplus.failures import InputError, StorageError
from gridplus.keystore import KeyStore, Secp256k1Key
from tests.chain.places import HandClock, genesis

Keys = dict[str, Secp256k1Key]


class PulledPlugError(Exception):
    """The process ends here."""


class Plug:
    """A chain that is unplugged at its `last` sending: before it is taken, or just after."""

    def __init__(self, chain: EmbeddedChain, last: int, *, taken: bool) -> None:
        self._chain, self._left, self._taken = chain, last, taken

    def __getattr__(self, name: str) -> object:
        return getattr(self._chain, name)

    def send(self, raw_transactions: Sequence[bytes]) -> tuple[bytes, ...]:
        self._left -= 1
        if self._left == 0 and not self._taken:
            raise PulledPlugError
        hashes = self._chain.send(raw_transactions)
        if self._left == 0:
            raise PulledPlugError
        return hashes


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    store = KeyStore(tmp_path_factory.mktemp("keys") / "keys")
    return {role: store.create(role, Secp256k1Key) for role in DEV_ROLES}


@pytest.fixture
def roles(keys: Keys) -> Roles:
    return Roles(**{role: keys[role].address for role in DEV_ROLES[1:-1]})


def deploy(chain: Chain, keys: Keys, roles: Roles, notes: Path) -> Deployment:
    return deploy_contracts(Account(keys["deployer"], chain), chain, roles=roles, notes=notes)


@pytest.mark.parametrize("sending", [1, 2, 3])
@pytest.mark.parametrize("taken", [False, True], ids=["before it is taken", "after it is taken"])
def test_whatever_interrupts_it_three_transactions_make_it(
    keys: Keys, roles: Roles, tmp_path: Path, sending: int, taken: bool
) -> None:
    notes = tmp_path / "deployments" / "31337.started.json"
    with EmbeddedChain(None, HandClock(), genesis=genesis(*keys.values())) as chain:
        Account(keys["deployer"], chain).transact(Call(to=keys["hub"].address))
        unplugged: Chain = Plug(chain, sending, taken=taken)  # type: ignore[assignment]
        with pytest.raises(PulledPlugError):
            deploy(unplugged, keys, roles, notes)
        assert DeploymentStarted.load(notes).first_nonce == 1
        deployment = deploy(chain, keys, roles, notes)
        deployment.require_on(chain)
        assert deploy(chain, keys, roles, notes) == deployment
        assert chain.nonce(keys["deployer"].address) == 4
        remove_notes(notes)
        assert not notes.exists()
        with pytest.raises(StorageError, match="cannot be removed"):
            remove_notes(notes)


def test_notes_of_another_deployment_are_not_followed(
    keys: Keys, roles: Roles, tmp_path: Path
) -> None:
    notes = tmp_path / "31337.started.json"
    with EmbeddedChain(None, HandClock(), genesis=genesis(*keys.values())) as chain:
        unplugged: Chain = Plug(chain, 1, taken=True)  # type: ignore[assignment]
        with pytest.raises(PulledPlugError):
            deploy(unplugged, keys, roles, notes)
        others = Roles(**dict.fromkeys(DEV_ROLES[1:-1], keys["holder"].address))
        with pytest.raises(InputError, match="began with other roles, another key or on another"):
            deploy(chain, keys, others, notes)
        with pytest.raises(InputError, match="began with other roles"):
            deploy_contracts(Account(keys["minter"], chain), chain, roles=roles, notes=notes)


def test_a_key_that_was_used_meanwhile_is_found_out(
    keys: Keys, roles: Roles, tmp_path: Path
) -> None:
    notes = tmp_path / "31337.started.json"
    with EmbeddedChain(None, HandClock(), genesis=genesis(*keys.values())) as chain:
        unplugged: Chain = Plug(chain, 2, taken=False)  # type: ignore[assignment]
        with pytest.raises(PulledPlugError):
            deploy(unplugged, keys, roles, notes)
        Account(keys["deployer"], chain).transact(Call(to=keys["hub"].address))
        with pytest.raises(InputError, match="this version's vault is not at 0x"):
            deploy(chain, keys, roles, notes)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("deployment-started/1", "deployment/1", "is not a deployment file"),
        ('"first_nonce":0', '"first_nonce":-1', "first_nonce must be integers"),
        ('"minter":"0x', '"minter":"', "minter must be an address"),
        ('"roles":{', '"rules":{', "roles must name"),
    ],
)
def test_damaged_notes_are_refused_with_their_place(
    roles: Roles, tmp_path: Path, old: str, new: str, says: str
) -> None:
    notes = tmp_path / "notes.json"
    DeploymentStarted(31_337, roles.hub, 0, roles).save(notes)
    text = notes.read_text()
    assert old in text
    notes.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=says):
        DeploymentStarted.load(notes)
