"""Home energy planners from PyPI, each in a virtual environment of its own in the peers' folder.

They bring hundreds of packages, so they are never installed beside ours; a driver runs there, reads
problems from its standard input and writes plans to its standard output.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers.installed import SAID, NotInstalled, root

INSTALL_TIMEOUT_S = 900
RUN_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Planner:
    """A package of PyPI at an exact version, and the driver that runs it."""

    name: str
    version: str
    driver: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def run(self, problems: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What its driver says of each problem. Raises NotInstalled with the reason."""
        python = self._python()
        driver = Path(__file__).with_name(self.driver)
        try:
            done = subprocess.run(
                [python, driver],
                input=json.dumps(problems),
                capture_output=True,
                text=True,
                timeout=RUN_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise NotInstalled(f"took more than {RUN_TIMEOUT_S} s") from None
        if done.returncode:
            raise NotInstalled((done.stderr.strip().splitlines() or ["failed"])[-1][:SAID])
        found: list[dict[str, Any]] = json.loads(done.stdout[done.stdout.index('[{"moved_wh"') :])
        return found

    def _python(self) -> Path:
        """The environment's interpreter; installed when it is not there."""
        folder = root() / f"{self.name}-{self.version}-venv"
        python, ready = folder / "bin" / "python", folder / "ready"
        if ready.exists():
            return python
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", f"{self.name}=={self.version}"],
        ):
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S
                )
            except subprocess.TimeoutExpired:
                raise NotInstalled(f"{command[2]} took more than {INSTALL_TIMEOUT_S} s") from None
            if done.returncode:
                raise NotInstalled((done.stderr.strip().splitlines() or ["failed"])[-1][:SAID])
        ready.touch()
        return python


EMHASS = Planner("emhass", "0.18.7", "drive_emhass.py")
FLEXMEASURES = Planner("flexmeasures", "1.0.1", "drive_flexmeasures.py")
