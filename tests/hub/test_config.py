"""The hub's configuration, and a hub that is started with something wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from gridplus.chain import FeeRules
from gridplus.failures import GridPlusError, InputError, RemoteError, StorageError
from gridplus.hub import HubConfig, hub_app
from gridplus.hub.claim_policy import USUAL_CLAIMS, ClaimPolicy
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.wallet import Address
from tests.hub.process import NOBODY, make_hub_folder
from tests.hub.town import Town, living_hub


def test_a_configuration_names_places_relative_to_itself(town: Town, tmp_path: Path) -> None:
    path = make_hub_folder(town, tmp_path / "hub", journal_page_limit=500)
    config = HubConfig.load(path)
    assert config.journal == tmp_path / "hub" / "hub.journal"
    assert config.clock == tmp_path / "hub" / "clock"
    assert config.journal_page_limit == 500
    assert config.fees == FeeRules()


def test_a_configuration_says_what_a_claim_may_cost(town: Town, tmp_path: Path) -> None:
    changes = {"fee_ceiling_wei": 7, "fee_bump_ppm": 100_000, "replace_after_blocks": 9}
    config = HubConfig.load(make_hub_folder(town, tmp_path / "hub", **changes))
    assert config.fees == FeeRules(7, replace_after_blocks=9, bump_ppm=100_000)
    assert config.claims == USUAL_CLAIMS


def test_a_configuration_says_when_a_claim_does_not_wait(town: Town, tmp_path: Path) -> None:
    changes = {"claim_at_risk_ubolt": 5, "claim_after_s": 6}
    config = HubConfig.load(make_hub_folder(town, tmp_path / "hub", **changes))
    assert config.claims == ClaimPolicy(at_risk_ubolt=5, age_s=6)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": "red"}, "colour: is not a known key"),
        ({"journal": ""}, "journal: must be a text"),
        ({"chain_url": 7}, "chain_url: must be a text"),
        ({"clock": 5}, "clock: must be a text"),
        ({"unsigned_limit_ubolt": -1}, "unsigned_limit_ubolt: must be an integer"),
        ({"unsigned_limit_ubolt": True}, "unsigned_limit_ubolt: must be an integer"),
        ({"journal_page_limit": "1"}, "journal_page_limit: must be an integer"),
        ({"fee_ceiling_wei": 0}, "fee_ceiling_wei: is 0: nothing could ever be sent"),
        ({"fee_bump_ppm": 99_999}, "fee_bump_ppm: must be 100,000"),
        ({"replace_after_blocks": 0}, "replace_after_blocks: must be 1 to 10,000"),
    ],
)
def test_a_broken_configuration_names_file_field_and_mend(
    town: Town, tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    path = make_hub_folder(town, tmp_path / "hub", **change)
    with pytest.raises(InputError, match=complaint) as error:
        HubConfig.load(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [None, b"journal = ", b"\xff\xfe"])
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "hub.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"hub\.toml cannot be read as a hub's configuration"):
        HubConfig.load(path)


def test_a_hub_whose_key_the_vault_does_not_name_does_not_start(town: Town, tmp_path: Path) -> None:
    path = make_hub_folder(town, tmp_path / "hub", key_name="other")
    other = KeyStore(tmp_path / "hub" / "keys").create("other", Secp256k1Key)
    with pytest.raises(InputError, match=f"this key store holds 0x{other.address.hex()}"):
        hub_app(HubConfig.load(path))


def refused(config: Path, error: type[GridPlusError], why: str) -> None:
    with pytest.raises(error, match=why):
        hub_app(HubConfig.load(config))


def test_a_hub_does_not_start_without_its_chain_contracts_token_or_journal(
    town: Town, tmp_path: Path
) -> None:
    config = make_hub_folder(town, tmp_path / "a", chain_url=NOBODY)
    refused(config, RemoteError, "cannot be asked")
    config = make_hub_folder(town, tmp_path / "b")
    foreign = town.deployment.to_bytes().replace(
        town.deployment.vault.hex().encode(), Address(b"\x99" * 20).hex().encode()
    )
    (tmp_path / "b" / "deployment.json").write_bytes(foreign)
    refused(config, InputError, "has no contract at the vault's address")
    config = make_hub_folder(town, tmp_path / "c")
    (tmp_path / "c" / "token").chmod(0o644)
    refused(config, StorageError, "can be read by others")
    config = make_hub_folder(town, tmp_path / "d")
    (tmp_path / "d" / "hub.journal").write_bytes(b"not a journal at all" * 100)
    refused(config, StorageError, "is not a Grid")


async def test_two_hubs_cannot_serve_one_journal(town: Town, tmp_path: Path) -> None:
    config = make_hub_folder(town, tmp_path / "hub")
    async with living_hub(town, tmp_path / "hub" / "hub.journal"):
        command = [sys.executable, "-m", "gridplus.cli", "hub", "serve", "--config", str(config)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    assert "another process has it open; a journal has one writer" in run.stderr
    assert "Traceback" not in run.stderr
