"""The owner's commands on an agent's folder, from preferences to the log."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridplus.agent import read_orders
from gridplus.cli.commands import gridplus
from gridplus.clock import set_clock
from gridplus.control import Signal
from gridplus.demo.options import bundled
from gridplus.failures import InputError
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.owner import write_papers
from gridplus.tariff import ChannelIdentity
from gridplus.wallet import Address, Descriptor

NOW_S = 1_613_500_000


@pytest.fixture
def box(tmp_path: Path) -> tuple[Path, ChannelIdentity]:
    keys = KeyStore(tmp_path / "keys")
    owner, other = (keys.create(name, Secp256k1Key) for name in ("owner", "guardian"))
    public = keys.create("device", DeviceKey).public
    x, y = (int.from_bytes(half, "big") for half in (public[:32], public[32:]))
    family = Descriptor(owner.address, other.address, x, y, bytes(32))
    vault = Address(b"v" * 20)
    identity = ChannelIdentity(1, vault, vault, family, 60, other.address)
    folder = tmp_path / "box"
    folder.mkdir()
    (folder / "home.papers").write_bytes(write_papers(identity))
    (folder / "home.toml").write_bytes(bundled("home-both.toml"))
    set_clock(tmp_path / "clock", NOW_S)
    return folder, identity


def run(box: Path, name: str, *arguments: str) -> Result:
    clocked = () if name in ("prefer", "log") else ("--clock", str(box.parent / "clock"))
    whole = ["agent", name, str(box), *arguments, *clocked]
    return CliRunner().invoke(gridplus, whole)


def test_an_owner_consents_looks_overrides_and_withdraws(
    box: tuple[Path, ChannelIdentity], tmp_path: Path
) -> None:
    folder, identity = box
    owner = f"{tmp_path / 'keys'}:owner"
    both = ("--device", "car", "--signal", "price", "--signal", "request")
    said = run(folder, "consent", *both, "--for", "30d", "--key", owner, "--yes")
    assert said.exit_code == 0, said.output
    assert "the Smart Agent may let paid requests to use less move the car" in said.output
    consents = read_orders(folder, identity).consents
    assert consents.of("car", Signal.REQUEST, now_s=NOW_S + 30 * 86_400 - 1) is not None
    assert consents.of("battery", Signal.REQUEST, now_s=NOW_S) is None
    assert "rests until" in run(folder, "override", "battery", "rest", "--for", "2h").output
    shown = run(folder, "status").output
    assert "follows paid requests to use less until" in shown
    assert "your hand is on it (rest)" in shown
    assert "follows nothing" in shown
    found = json.loads(run(folder, "status", "--json").output)
    assert found["devices"]["battery"]["override"]["until_s"] == NOW_S + 7_200
    run(folder, "override", "battery", "end")
    gone = ("--device", "car", "--signal", "request", "--withdraw")
    assert run(folder, "consent", *gone, "--key", owner, "--yes").exit_code == 0
    orders = read_orders(folder, identity)
    assert orders.consents.of("car", Signal.REQUEST, now_s=NOW_S) is None
    assert orders.consents.of("car", Signal.PRICE, now_s=NOW_S) is not None
    assert orders.overrides == ()


def test_only_the_owners_key_consents_and_a_changed_file_is_refused(
    box: tuple[Path, ChannelIdentity], tmp_path: Path
) -> None:
    folder, identity = box
    asked = ("--device", "car", "--signal", "price", "--yes", "--key")
    wrong = run(folder, "consent", *asked, f"{tmp_path / 'keys'}:guardian")
    assert isinstance(wrong.exception, InputError)
    assert "not the owner's key" in str(wrong.exception)
    assert run(folder, "consent", *asked, f"{tmp_path / 'keys'}:owner").exit_code == 0
    file = folder / "orders.json"
    file.write_bytes(file.read_bytes().replace(b'"car"', b'"battery"'))
    with pytest.raises(InputError, match="not signed by this home's owner"):
        read_orders(folder, identity)


def test_preferences_are_taken_when_they_can_be_fulfilled_and_kept_when_not(
    box: tuple[Path, ChannelIdentity], tmp_path: Path
) -> None:
    folder, identity = box
    file = tmp_path / "wishes.toml"
    file.write_text('format = "gridplus.preferences/1"\nnever_pay_more_than_cents = 40\n')
    assert run(folder, "prefer", str(file)).exit_code == 0
    assert read_orders(folder, identity).preferences.most_abolt is not None
    file.write_text('format = "gridplus.preferences/1"\n[battery]\nreserve_wh = 9000\n')
    assert "holds no more" in str(run(folder, "prefer", str(file)).exception)
    assert read_orders(folder, identity).preferences.most_abolt is not None
    assert "above 40.0 ¢ a kWh" in run(folder, "status").output
    assert "has done nothing yet" in str(run(folder, "log").exception)
