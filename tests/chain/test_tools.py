"""Other people's tools on our node: viem, ethers and cast, when their packages are there.

`GRIDPLUS_NODE_PACKAGES` names a folder with a node_modules of viem, ethers and @foundry-rs/cast.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridplus.chain import Account, Call, RpcChain
from gridplus.keystore import KeyStore, Secp256k1Key
from tests.chain.signing import key_of

BOLT = 10**6
HOLDING = 1_000_000 * BOLT
NOBODY = "0x" + "0b" * 20
SCRIPTS = Path(__file__).parent


@pytest.fixture(scope="module")
def packages() -> Path:
    folder = os.environ.get("GRIDPLUS_NODE_PACKAGES")
    if folder is None or shutil.which("node") is None:
        pytest.skip("GRIDPLUS_NODE_PACKAGES names no folder, or there is no node")
    return Path(folder) / "node_modules"


def gridplus(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gridplus.cli", "chain", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dev")


@pytest.fixture(scope="module")
def stand(folder: Path) -> Iterator[dict[str, Any]]:
    """What `gridplus chain serve --dev --json` says when it is ready."""
    command = [sys.executable, "-m", "gridplus.cli", "chain", "serve", "--dev", "--json"]
    process = subprocess.Popen(
        [*command, "--state", str(folder / "chain.db"), "--exit-with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def run_script(name: str, packages: Path, stand: dict[str, Any]) -> dict[str, Any]:
    command = ["node", str(SCRIPTS / name), str(packages), json.dumps(stand)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    said: dict[str, Any] = json.loads(run.stdout)
    return said


def test_viem_reads_a_balance_sends_a_permit_and_sees_logs(
    packages: Path, stand: dict[str, Any]
) -> None:
    said = run_script("viem.mjs", packages, stand)
    assert said == {
        "chainId": stand["chain_id"],
        "balance": str(HOLDING),
        "allowance": str(5 * BOLT),
        "approvals": [str(5 * BOLT)],
        "watched": ["7"],
        "refusal": True,
    }


def test_ethers_reads_a_balance_sends_a_transfer_and_sees_logs(
    packages: Path, stand: dict[str, Any]
) -> None:
    said = run_script("ethers.mjs", packages, stand)
    assert said["chainId"] == str(stand["chain_id"])
    assert said["moved"] == str(3 * BOLT)
    assert said["transfers"] == [str(3 * BOLT)]
    assert said["refusal"] is True


def test_cast_reads_a_balance_sends_a_transfer_and_sees_logs(
    packages: Path, stand: dict[str, Any]
) -> None:
    binary = next(packages.glob("@foundry-rs/cast-*/bin/cast"), None)
    if binary is None:
        pytest.skip("no cast for this platform among the packages")
    token, holder = stand["contracts"]["bolt"], stand["holder"]

    def cast(*arguments: str) -> str:
        command = [str(binary), *arguments, "--rpc-url", stand["url"]]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    assert cast("chain-id") == str(stand["chain_id"])
    question = ("call", token, "balanceOf(address)(uint256)", NOBODY[:-1] + "c")
    assert cast(*question) == "0"
    mail = ("transfer(address,uint256)", NOBODY[:-1] + "c", str(2 * BOLT))
    sent = json.loads(cast("send", token, *mail, "--private-key", holder["private_key"], "--json"))
    assert int(sent["status"], 16) == 1
    assert cast(*question).split()[0] == str(2 * BOLT)
    event = "Transfer(address indexed,address indexed,uint256)"
    logs = json.loads(cast("logs", event, "--address", token, "--from-block", "0", "--json"))
    assert sent["transactionHash"] in {log["transactionHash"] for log in logs}
    assert json.loads(cast("block", "latest", "--json"))["hash"] == sent["blockHash"]


def test_the_deployment_of_a_dev_chain_verifies_and_another_does_not(
    stand: dict[str, Any], folder: Path
) -> None:
    path = folder / f"{stand['chain_id']}.json"
    here = ("--url", stand["url"], "--deployment")
    verified = gridplus("verify-deployment", *here, path)
    assert verified.returncode == 0, verified.stderr
    assert "FAILS" not in verified.stdout
    told = json.loads(gridplus("status", *here, path, "--json").stdout)
    assert told["chain_id"] == stand["chain_id"]
    assert told["final_block"] == told["block"] > 0
    document = json.loads(path.read_text()) | {"vault": stand["contracts"]["anchor"]}
    (folder / "other.json").write_text(json.dumps(document))
    for command in ("verify-deployment", "status"):
        refused = gridplus(command, *here, folder / "other.json")
        assert refused.returncode == 1
        assert "what runs at the vault's address" in refused.stderr


def test_contracts_are_deployed_once_a_chain(stand: dict[str, Any], tmp_path: Path) -> None:
    deployer = KeyStore(tmp_path / "keys").create("deployer", Secp256k1Key)
    with RpcChain(stand["url"]) as chain:
        holder = Account(key_of(stand["holder"]["private_key"]), chain)
        holder.transact(Call(to=deployer.address, value_wei=10**18))
    roles = ("issuer", "attestor", "minter", "hub", "treasurer", "publisher")
    named = [f"--{role}=0x{place:040x}" for place, role in enumerate(roles, 0xA0)]
    command = ("deploy", "--url", stand["url"], "--keys", tmp_path / "keys", *named)
    first = gridplus(*command, "--deployments", tmp_path / "deployments")
    assert first.returncode == 0, first.stderr
    path = tmp_path / "deployments" / f"{stand['chain_id']}.json"
    written = path.read_text()
    again = gridplus(*command, "--deployments", tmp_path / "deployments")
    assert "nothing was deployed" in again.stdout
    assert path.read_text() == written


def test_init_code_is_one_line_of_hex() -> None:
    run = gridplus("initcode", "anchor")
    assert run.stdout.startswith("0x61")
    assert run.stdout.count("\n") == 1
    refused = gridplus("initcode", "vault", "0x12")
    assert refused.returncode == 1
    assert "vault takes token:address" in refused.stderr
