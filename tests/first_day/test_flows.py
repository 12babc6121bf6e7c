"""What owner and maker decide about a box, as commands, in front of a real retailer."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from gridplus.agent import EnrolmentRefused
from gridplus.chain import Call
from gridplus.chain.views import ask
from gridplus.cli import agent_enrol
from gridplus.cli.pki import command as pki
from gridplus.cli.wallet import command as wallet
from gridplus.contracts import registry
from gridplus.demo.founding import seed_of
from gridplus.failures import InputError
from gridplus.keystore import KeyStore, Secp256k1Key, claim_key
from gridplus.owner import parse_order, parse_papers
from tests.first_day.retailer import ETHER, Retailer
from tests.first_day.test_first_day import enrol_command
from tests.first_day.test_living import HEADER, heard, living, meter
from tests.hub.town import SEED


@dataclass
class Family:
    """One home and what its people type."""

    retailer: Retailer
    folder: Path
    command: list[str]

    @property
    def papers(self) -> Path:
        return self.folder / "box" / "home.papers"

    @property
    def owner(self) -> Secp256k1Key:
        return KeyStore(self.folder / "family").load("owner", Secp256k1Key)

    def enrol(self) -> None:
        agent_enrol.command.main(self.command[5:], standalone_mode=False)

    def registered(self) -> registry.DeviceState:
        key = parse_papers(self.papers.read_bytes(), what="papers").descriptor.device_key
        view = registry.device(registry.device_of(key))
        return ask(self.retailer.town.chain, self.retailer.contract, view=view)

    def types(self, group: click.Group, *words: str | Path, key: str = "owner") -> str:
        """A command with this family's key; what it says."""
        named = ["--rpc", self.retailer.town.chain_url]
        if group is not wallet or words[0] in ("hand-over", "give-up"):
            named += ["--registry", f"0x{self.retailer.contract.hex()}"]
            named += ["--key", f"{self.folder / 'family'}:{key}"]
        run = CliRunner().invoke(group, [*map(str, words), *named], catch_exceptions=True)
        if run.exception is not None:
            raise run.exception
        return run.output


@pytest.fixture
def family(retailer: Retailer, tmp_path: Path) -> Family:
    """Its box is enrolled, and its owner has ether."""
    made = Family(
        retailer, tmp_path, enrol_command(retailer, tmp_path / "box", "--unsealed", pays=False)
    )
    made.enrol()
    retailer.maker.transact(Call(made.owner.address, value_wei=ETHER))
    return made


def test_a_box_is_given_up_and_enrolled_again_with_its_code(family: Family) -> None:
    with pytest.raises(InputError, match="the box is 0x"):
        family.types(wallet, "give-up", family.papers, "--yes", key="guardian")
    assert "is nobody's" in family.types(wallet, "give-up", family.papers, "--yes")
    assert family.registered().owner == bytes(20)
    with pytest.raises(InputError, match="the box is nobody's"):
        family.types(wallet, "give-up", family.papers, "--yes")
    family.enrol()
    assert (family.registered().owner, family.registered().epoch) == (family.owner.address, 1)


def test_a_house_is_sold_with_its_box(family: Family) -> None:
    buyer = "0x" + "08" * 20
    with pytest.raises(InputError, match="nobody is no owner"):
        family.types(wallet, "hand-over", family.papers, "0x" + "00" * 20, "--yes")
    family.types(wallet, "hand-over", family.papers, buyer, "--yes")
    assert family.registered().owner.hex() == buyer[2:]
    with pytest.raises(EnrolmentRefused, match="OTHER_OWNER"):
        family.enrol()


def test_the_maker_revokes_the_code_of_a_broken_box(family: Family) -> None:
    code = family.command[family.command.index("--claim-code") + 1]
    gone = f"0x{claim_key(code).address.hex()}"
    with pytest.raises(InputError, match="not the maker's key"):
        family.types(pki, "revoke-code", gone, "--yes")
    seed = seed_of(SEED, "deployer")
    KeyStore(family.folder / "family").create("deployer", Secp256k1Key, seed=seed)
    family.types(pki, "revoke-code", gone, "--yes", key="deployer")
    with pytest.raises(EnrolmentRefused, match="CODE_REVOKED"):
        family.enrol()
    made: list[dict[str, Any]] = json.loads(
        CliRunner().invoke(pki, ["claim-code", "--json"]).output
    )
    family.types(pki, "issue-codes", made[0]["claim_key"], key="deployer")
    state = ask(
        family.retailer.town.chain,
        family.retailer.contract,
        view=registry.claim(claim_key(made[0]["code"]).address),
    )
    assert state.status == registry.Status.ISSUED


def test_a_close_takes_its_figures_from_the_hubs_newest_word(family: Family) -> None:
    box, retailer = family.folder / "box", family.retailer
    retailer.deposit(parse_papers(family.papers.read_bytes(), what="papers"), family.owner)
    (box / "meter.csv").write_text(HEADER)
    meter(box, 0, 1)
    with living(retailer, box) as said:
        paid = heard(said, "paid for")
    clock = retailer.town.folder / "retailer" / "hub" / "clock"
    asking: list[str | Path] = ["--hub", retailer.urls["enrol"], "--root", box / "root.pem"]
    asking += ["--clock", clock]
    key = ["--key", f"{family.folder / 'family'}:owner"]
    out = family.folder / "close.order"
    told = family.types(wallet, "close", family.papers, "--out", out, *asking, *key)
    assert "held against no bill" in told
    action = parse_order(out.read_bytes(), what="order").action
    assert f"{action.spent / 1e6:.6f} BOLT in all" in paid  # type: ignore[union-attr]
    assert action.earned == 0  # type: ignore[union-attr]
    KeyStore(family.folder / "family").create("stranger", Secp256k1Key)
    stranger = ["--key", f"{family.folder / 'family'}:stranger"]
    with pytest.raises(InputError, match="not the owner's"):
        family.types(wallet, "close", family.papers, "--out", out, *asking, *stranger)
    with pytest.raises(SystemExit):
        family.types(wallet, "close", family.papers, "--out", out, "--spent", "1")
