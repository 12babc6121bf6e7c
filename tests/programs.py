"""Running a program of this repository as a person would."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(ROOT / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def printed(program: str, *arguments: str) -> str:
    done = run(program, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
