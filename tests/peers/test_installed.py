"""A peer that cannot be fetched, or is not what it was, is named with the reason; none is kept."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "bench/peers/installed.py"
WHEEL = "raiden_contracts-0.50.2-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: raiden-contracts\nVersion: 0.50.2\n"


def test_what_no_registry_gives_or_what_has_another_hash_is_not_installed(tmp_path: Path) -> None:
    forged, folder = tmp_path / "forged", tmp_path / "peers"
    forged.mkdir()
    with zipfile.ZipFile(forged / WHEEL, "w") as wheel:
        wheel.writestr("raiden_contracts-0.50.2.dist-info/METADATA", METADATA)
        wheel.writestr("raiden_contracts-0.50.2.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    alone = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(forged), "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder)],
        env={"PATH": "", "HOME": str(tmp_path), **alone},
        capture_output=True,
        text=True,
        timeout=60,
    )
    raiden, *npm = done.stdout.splitlines()
    assert raiden.startswith("raiden-contracts 0.50.2: not installed: raiden-contracts 0.50.2 has")
    assert "another hash" in raiden
    assert npm
    assert all(line.endswith("not installed: there is no npm") for line in npm)
    assert (done.returncode, done.stderr) == (1, "")
    assert list(folder.iterdir()) == []
