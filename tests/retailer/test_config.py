from pathlib import Path

import pytest

from gridplus.chain import FeeRules
from gridplus.failures import InputError
from gridplus.retailer.config import RetailerConfig
from gridplus.retailer.gas import GasTerms
from tests.retailer.scene import CONFIG


def load(folder: Path, text: str) -> RetailerConfig:
    path = folder / "retailer.toml"
    path.write_text(text)
    return RetailerConfig.load(path)


def test_paths_are_relative_to_the_file_and_amounts_are_exact(tmp_path: Path) -> None:
    config = load(tmp_path, CONFIG)
    assert config.market == tmp_path / "market"
    assert config.clock == tmp_path / "clock"
    assert config.opening_capital_ubolt == 100_000_000
    assert config.gas == GasTerms(price_wei=50_000_000, ether_ubolt=2_500_000_000)
    assert config.journal_page_limit is None
    assert config.fees == FeeRules()
    assert load(tmp_path, CONFIG + "fee_ceiling_wei = 5\n").fees.ceiling_wei == 5


def test_what_is_optional_may_be_left_out(tmp_path: Path) -> None:
    text = CONFIG.replace('clock = "clock"', "").replace('admin_token = "admin.token"', "")
    config = load(tmp_path, text + "journal_page_limit = 40\n")
    assert (config.clock, config.admin_token, config.journal_page_limit) == (None, None, 40)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('out = "out"\n', "", r"retailer.toml.out: is missing"),
        ('out = "out"', "out = 7", r"retailer.toml.out: must be a text"),
        ('out = "out"', 'out = "out"\nowt = "x"', r"retailer.toml.owt: is not a known key"),
        ("0.05 gwei", "0.05 wei", r"gas_price: is '0.05 wei'; write it like '12.50 gwei'"),
        ("100.00 BOLT", "100.0000001 BOLT", r"opening_capital: is '100.0000001 BOLT'"),
        ("2500 $/ETH", "-2500 $/ETH", r"ether_price: is '-2500 \$/ETH'"),
        ('out = "out"', 'out = "out"\nfee_bump_ppm = 1', r"retailer.toml.fee_bump_ppm: must be"),
        ('out = "out"', "out = ", r"cannot be read as a retailer's file"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in CONFIG
    with pytest.raises(InputError, match=why):
        load(tmp_path, CONFIG.replace(old, new))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.toml cannot be read"):
        RetailerConfig.load(tmp_path / "absent.toml")


def test_gas_is_rounded_up_to_the_ubolt_once_a_transaction() -> None:
    terms = GasTerms(price_wei=50_000_000, ether_ubolt=2_500_000_000)
    assert terms.cost_ubolt(8) == 1
    assert terms.cost_ubolt(9) == 2
    assert terms.cost_ubolt(0) == 0


def test_the_example_in_the_documentation_is_a_configuration(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "retailer.md").read_text()
    config = load(tmp_path, page.split("```toml\n")[1].split("```")[0])
    assert config.admin_token == tmp_path / "admin.token"
    assert config.journal_page_limit == 250_000
