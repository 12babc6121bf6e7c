"""The committed artifacts are what a fresh compile gives, and no optimisation is load-bearing."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "compile_contracts.py"
ARTIFACTS = ROOT / "src" / "gridplus" / "contracts" / "artifacts.json"
CONTRACTS = {
    *("anchor", "bolt", "bolt_wrapper", "credits", "registry", "reserve_feed", "vault"),
    "vault_factory",
}


def check(folder: Path, edit: tuple[str, str], *only: str) -> subprocess.CompletedProcess[str]:
    """Run the tool's --check on a copy of the sources in `folder`, after one edit of the anchor."""
    for part in ("src/gridplus/contracts", "tools"):
        (folder / part).mkdir(parents=True)
    for source in [TOOL, ARTIFACTS, *ARTIFACTS.parent.glob("*.vy*")]:
        text = source.read_text()
        changed = text.replace(*edit) if source.name == "anchor.vy" else text
        (folder / source.relative_to(ROOT)).write_text(changed)
    command = [sys.executable, folder / TOOL.relative_to(ROOT), "--check", *only]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_fresh_compile_anywhere_gives_the_committed_bytes(tmp_path: Path) -> None:
    fresh = check(tmp_path, ("", ""))
    assert fresh.returncode == 0, fresh.stdout + fresh.stderr


def test_a_changed_source_is_noticed(tmp_path: Path) -> None:
    stale = check(tmp_path, ('"already anchored"', '"anchored"'), "anchor")
    assert stale.returncode == 1
    assert "run compile_contracts.py" in stale.stdout


def test_the_artifacts_name_their_compiler_and_rules() -> None:
    document = json.loads(ARTIFACTS.read_text())
    assert (document["vyper_version"], document["evm_version"]) == ("0.4.3", "prague")
    assert set(document["contracts"]) == CONTRACTS
    layout = document["contracts"]["vault"]["storage_layout"]
    slots = {
        f"{module}.{name}": entry["slot"]
        for module, entries in layout.items()
        for name, entry in entries.items()
    }
    assert slots == {
        "channels.words": 0,
        "retailer._pool_word": 1,
        "retailer.hub": 2,
        "retailer.withdrawal": 3,
        "retailer.replacement": 5,
        "homes.exit_receiver": 7,
    }
