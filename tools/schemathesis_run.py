"""One run of schemathesis against a service that is up, as the conformance tools share it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LIMIT_S = 300


def run(description: Path, url: str, *, token: str | None, more: Sequence[str]) -> tuple[bool, str]:
    """Whether every check passed, and what the run said."""
    headers = [] if token is None else ["-H", f"Authorization: Bearer {token}"]
    command = [str(Path(sys.executable).with_name("st")), "run", str(description), "--url", url]
    command += ["--generation-database", "none", "--no-color", *headers, *more]
    done = subprocess.run(
        command, cwd=description.parent, capture_output=True, text=True, timeout=LIMIT_S
    )
    return done.returncode == 0, done.stdout


def report(name: str, role: str, *, passed: bool, said: str) -> None:
    """A row of the table, and all that was said where it failed."""
    lines = [line.strip() for line in said.splitlines()]
    count = next((line for line in lines if " generated, " in line and line[0].isdigit()), "")
    print(f"  {name:9} {role:15} {'passed' if passed else 'FAILED':7} {count}")
    if not passed:
        print("\n".join(line[:300] for line in said.splitlines()))
