"""A vault of the factory has the known code, a known token, and the address computed before."""

import pytest

from gridplus.contracts import artifact, bolt_wrapper, calls, parse_log, vault_factory
from gridplus.contracts.abi import call_data
from gridplus.digest import keccak256
from gridplus.wallet import Address
from tests.contracts.dollars import dollar_init_code
from tests.contracts.evm import Reverted
from tests.contracts.street import (
    ATTESTOR,
    BOLT,
    DEPLOYER,
    HUB,
    MINTER,
    STRANGER,
    TREASURER,
    Street,
)


@pytest.fixture
def factory(street: Street) -> Address:
    return street.evm.deploy(DEPLOYER, vault_factory.init_code())


def creation(street: Street, token: bytes) -> bytes:
    return vault_factory.create_vault(token, hub=HUB.address, treasurer=TREASURER.address)


def expected(factory: bytes, token: bytes) -> Address:
    found = vault_factory.vault_address(
        factory, token, hub=HUB.address, treasurer=TREASURER.address
    )
    return Address(found)


def test_anybody_creates_the_vault_at_its_address(street: Street, factory: Address) -> None:
    """I-TK-6."""
    vault = expected(factory, street.bolt)
    assert not street.evm.code(vault)
    assert not street.ask(factory, vault_factory.is_vault(vault))
    (log,) = street.do(STRANGER, factory, creation(street, street.bolt)).logs
    created = vault_factory.VaultCreated(street.bolt, HUB.address, TREASURER.address, vault)
    assert parse_log(log[1], log[2]) == created
    assert street.ask(factory, vault_factory.is_vault(vault))
    code, known = street.evm.code(vault), artifact("vault")
    assert keccak256(code[: known.runtime_size]) == known.runtime_hash
    assert street.ask(vault, calls.token()) == street.bolt
    assert street.ask(vault, calls.hub()) == HUB.address
    assert street.ask(vault, calls.treasurer()) == TREASURER.address
    street.vault = vault
    street.open("ada", 25 * BOLT)


def test_a_vault_is_created_once(street: Street, factory: Address) -> None:
    """I-TK-6."""
    street.do(STRANGER, factory, creation(street, street.bolt))
    assert street.refused(STRANGER, factory, creation(street, street.bolt)) == "Revert"


def test_each_of_token_hub_treasurer_and_factory_is_another_address(factory: Address) -> None:
    """I-TK-6."""
    a, b, c, d = (bytes([n]) * 20 for n in range(1, 5))
    addresses = {
        vault_factory.vault_address(factory, a, hub=b, treasurer=c),
        vault_factory.vault_address(factory, d, hub=b, treasurer=c),
        vault_factory.vault_address(factory, a, hub=d, treasurer=c),
        vault_factory.vault_address(factory, a, hub=b, treasurer=d),
        vault_factory.vault_address(d, a, hub=b, treasurer=c),
    }
    assert len(addresses) == 5


def test_a_wrapper_of_any_underlying_is_a_known_token(street: Street, factory: Address) -> None:
    """I-TK-7."""
    for decimals in (6, 18):
        dollar = street.evm.deploy(DEPLOYER, dollar_init_code(decimals=decimals))
        wrapper = street.evm.deploy(DEPLOYER, bolt_wrapper.init_code(dollar))
        assert keccak256(street.evm.code(wrapper)) == artifact("bolt_wrapper").runtime_hash
        street.do(STRANGER, factory, creation(street, wrapper))


def test_a_bolt_of_any_issuer_is_a_known_token(street: Street, factory: Address) -> None:
    """I-TK-7."""
    code = calls.bolt_init_code(
        STRANGER.address, ATTESTOR.address, minter=MINTER.address, minter_allowance=0
    )
    token = street.evm.deploy(DEPLOYER, code)
    street.do(STRANGER, factory, creation(street, token))


def test_any_other_token_is_refused(street: Street, factory: Address) -> None:
    """I-TK-7. A dollar of good manners, a contract that is no token, an account, nothing."""
    dollar = street.evm.deploy(DEPLOYER, dollar_init_code())
    for token in (dollar, street.anchor, STRANGER.address, HUB.address, bytes(20)):
        assert street.refused(STRANGER, factory, creation(street, token)) == "unknown token"


def test_any_other_code_is_refused(street: Street, factory: Address) -> None:
    """I-TK-6."""
    known = artifact("vault").creation_code
    for code in (b"", known + b"\x00", known[:-1], artifact("bolt").creation_code):
        data = call_data(
            "create_vault(bytes,address,address,address)",
            code,
            street.bolt,
            HUB.address,
            TREASURER.address,
        )
        assert street.refused(STRANGER, factory, data) == "unknown creation code"


def test_what_the_vault_refuses_the_factory_refuses(street: Street, factory: Address) -> None:
    data = vault_factory.create_vault(street.bolt, hub=bytes(20), treasurer=TREASURER.address)
    assert street.refused(STRANGER, factory, data) == "zero hub"
    data = vault_factory.create_vault(street.bolt, hub=HUB.address, treasurer=HUB.address)
    assert street.refused(STRANGER, factory, data) == "bad treasurer"


@pytest.mark.parametrize("missing", range(3))
def test_a_factory_that_knows_no_code_is_not_deployed(street: Street, missing: int) -> None:
    code = vault_factory.init_code()
    at = len(artifact("vault_factory").creation_code) + 32 * missing
    with pytest.raises(Reverted, match="zero hash"):
        street.evm.deploy(DEPLOYER, code[:at] + bytes(32) + code[at + 32 :])
