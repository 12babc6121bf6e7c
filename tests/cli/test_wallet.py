"""`gridplus wallet` against a node, as owner and guardian use it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from coincurve import PrivateKey

from gridplus.chain import Account, Call, RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.clock import set_clock
from gridplus.contracts import calls
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.owner import write_papers
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Descriptor
from tests.cli.test_commands import gridplus

START_S = 1_800_000_000
DAY_S = 86_400


@dataclass
class Scene:
    """A served dev chain, a family's keys, and their papers."""

    url: str
    clock: Path
    papers: Path
    keys: Path

    def wallet(self, command: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        return gridplus("wallet", command, *arguments, "--rpc", self.url)

    def key(self, name: str) -> str:
        return f"{self.keys}:{name}"

    def said(self, command: str, *arguments: object) -> str:
        run = self.wallet(command, *arguments)
        assert run.returncode == 0, run.stderr
        return run.stdout


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("wallet")
    set_clock(folder / "clock", START_S)
    command = [sys.executable, "-m", "gridplus.cli", "chain", "serve", "--dev", "--json"]
    options = ["--state", folder / "chain.db", "--clock", folder / "clock", "--port", "0"]
    process = subprocess.Popen(
        [*command, *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield furnished(folder, ready)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def furnished(folder: Path, ready: dict[str, object]) -> Scene:
    url = str(ready["url"])
    keys = KeyStore(folder / "keys")
    owner, guardian, voucher = (
        keys.create(name, Secp256k1Key) for name in ("owner", "guardian", "voucher")
    )
    device = keys.create("device", DeviceKey)
    with RpcChain(url) as chain:
        named = Deployment.load(folder / f"{chain.chain_id}.json")
        secret = ready["holder"]["private_key"]  # type: ignore[index]
        holder = Account(Secp256k1Key(PrivateKey(bytes.fromhex(secret[2:]))), chain)
        holder.transact(Call(owner.address, value_wei=10**18))
        holder.transact(Call(named.bolt, calls.transfer(owner.address, 100 * UBOLT_PER_BOLT)))
        x, y = (int.from_bytes(half, "big") for half in (device.public[:32], device.public[32:]))
        descriptor = Descriptor(owner.address, guardian.address, x, y, bytes(32))
        identity = ChannelIdentity(
            chain.chain_id, named.vault, named.anchor, descriptor, 10, voucher.address
        )
    papers = folder / "home.papers"
    papers.write_bytes(write_papers(identity))
    return Scene(url, folder / "clock", papers, folder / "keys")


def test_a_home_is_paid_into_left_by_two_and_rescued_by_one(scene: Scene, tmp_path: Path) -> None:
    owner = scene.key("owner")
    assert "Nothing has been deposited" in scene.said("status", scene.papers)
    early = scene.wallet("deposit", scene.papers, "25.50", "--key", owner, "--yes")
    assert early.returncode == 1
    assert "no first deposit before owner, guardian, device signed" in early.stderr
    for role, option in (("owner", "--key"), ("guardian", "--key"), ("device", "--device")):
        told = gridplus("wallet", "receipt", scene.papers, option, scene.key(role))
        assert told.returncode == 0, told.stderr
    assert "missing: nobody" in told.stdout
    scene.said("deposit", scene.papers, "25.50", "--key", owner, "--yes")
    assert "25.50 BOLT are yours." in scene.said("status", scene.papers)

    order = tmp_path / "exit.order"
    told = scene.said("exit", scene.papers, "--out", order)
    assert "Pay out 25.50 BOLT" in told
    scene.said("sign", order, "--key", owner, "--yes")
    early = scene.wallet("send", order, "--key", owner)
    assert early.returncode == 1
    assert "two of owner, guardian and device must sign" in early.stderr
    box = scene.key("device")
    assert "signed by the device" in scene.said("sign", order, "--device", box, "--yes")
    assert "done in transaction 0x" in scene.said("send", order, "--key", owner)
    assert "started by two keys" in scene.said("status", scene.papers)

    stay = tmp_path / "stay.order"
    scene.said("cancel-exit", scene.papers, "--out", stay)
    scene.said("sign", stay, "--key", owner, "--yes")
    scene.said("sign", stay, "--key", scene.key("guardian"), "--yes")
    scene.said("send", stay, "--key", owner)

    assert "matures on" in scene.said("rescue", scene.papers, "--key", owner, "--yes")
    assert "nothing to do yet" in scene.said("rescue", scene.papers, "--key", owner, "--yes")
    set_clock(scene.clock, START_S + 14 * DAY_S + 7_200)
    scene.said("deposit", scene.papers, "1", "--key", owner, "--yes")  # a block of the new day
    assert "0.00 BOLT are yours." in scene.said("rescue", scene.papers, "--key", owner, "--yes")


def test_a_wrong_key_a_wrong_file_and_a_node_that_is_down_are_one_sentence_each(
    scene: Scene, tmp_path: Path
) -> None:
    runs = {
        "is not the owner's key": scene.wallet(
            "rescue", scene.papers, "--key", scene.key("guardian"), "--yes"
        ),
        "names no key": scene.wallet("rescue", scene.papers, "--key", "nowhere", "--yes"),
        "no papers": scene.wallet("status", scene.papers.parent / "chain.db"),
        "no amount": scene.wallet("deposit", scene.papers, "many", "--key", scene.key("owner")),
        "127.0.0.1:9": gridplus("wallet", "status", scene.papers, "--rpc", "http://127.0.0.1:9"),
    }
    for sentence, run in runs.items():
        assert run.returncode == 1
        assert sentence in run.stderr or sentence == "no papers", run.stderr
        assert "Traceback" not in run.stderr


def test_a_wallet_is_given_the_order_as_typed_data(scene: Scene, tmp_path: Path) -> None:
    order = tmp_path / "cap.order"
    scene.said("cap", scene.papers, "20", "--out", order)
    shown = json.loads(gridplus("wallet", "show", order).stdout)
    assert shown["primaryType"] == "SetCap"
    assert shown["message"]["dailyCap"] == 20
    again = scene.wallet("cap", scene.papers, "20", "--out", order)
    assert again.returncode == 1
    assert "never overwrites" in again.stderr
