"""Home energy planners from PyPI, each in a virtual environment of its own in the peers' folder.

They bring hundreds of packages, so they are never installed beside ours; a driver runs there, reads
a line of problems from its standard input and writes a line of plans to its standard output, again
and again.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, TypeAlias

from peers.installed import SAID, NotInstalled, root

INSTALL_TIMEOUT_S = 900
MARK = '[{"moved_wh"'
Ask: TypeAlias = Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]]


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
        with self.driven() as ask:
            return ask(problems)

    @contextmanager
    def driven(self) -> Iterator[Ask]:
        """Its driver, to be asked for many lots of problems, those of a lot with as many intervals
        each. Raises NotInstalled with the reason, then and when it is asked."""
        driver = Path(__file__).with_name(self.driver)
        with (
            TemporaryFile("w+") as said,
            subprocess.Popen(
                [self._python(), driver],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            ) as process,
        ):
            try:
                yield lambda problems: _answer(process, problems, said=said)
            finally:
                process.kill()

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


def _answer(
    process: "subprocess.Popen[str]", problems: Sequence[dict[str, Any]], *, said: IO[str]
) -> list[dict[str, Any]]:
    """The next line that holds plans: the packages print too."""
    if process.stdin is None or process.stdout is None:
        raise NotInstalled("its driver has no pipes")
    try:
        process.stdin.write(json.dumps(problems) + "\n")
        process.stdin.flush()
    except OSError:
        pass  # it has ended: its last words are below
    for line in process.stdout:
        if line.startswith(MARK):
            found: list[dict[str, Any]] = json.loads(line)
            return found
    said.seek(0)
    raise NotInstalled((said.read().strip().splitlines() or ["failed"])[-1][:SAID])


EMHASS = Planner("emhass", "0.18.7", "drive_emhass.py")
FLEXMEASURES = Planner("flexmeasures", "1.0.1", "drive_flexmeasures.py")
