import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.planted import FIRST_DAY, Street


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two homes leave behind that lived two days, with every service a process: once for all
    workers of the run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "audited-street"
    with (folder.parent / "audited-street.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "result.json").is_file():
            run = subprocess.run(
                [sys.executable, "-m", "gridplus.cli", "demo", "--homes", "2", "--days", "2",
                 "--day", str(FIRST_DAY), "--fast", "--restate", "--out", str(folder)],
                capture_output=True, text=True, timeout=200,
            )  # fmt: skip
            assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture
def street(lived: Path, tmp_path: Path) -> Street:
    """A copy of it, in which a fault may be planted."""
    return Street(Path(shutil.copytree(lived, tmp_path / "street")))
