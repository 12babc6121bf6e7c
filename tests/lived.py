"""A street that lived, once for all workers of a run of tests."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest


def lived_street(factory: pytest.TempPathFactory, name: str, *arguments: str) -> Path:
    """What `gridplus demo` with `arguments` leaves behind in the folder `name`, every service a
    process; what it printed lies beside, in `name`.stdout. Nobody may change it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    printed = folder.with_suffix(".stdout")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.is_file():
            command = [sys.executable, "-m", "gridplus.cli", "demo", *arguments]
            command += ["--fast", "--out", str(folder)]
            run = subprocess.run(command, capture_output=True, text=True, timeout=200)
            assert run.returncode == 0, run.stderr
            printed.write_text(run.stdout)
    return folder
