"""The services of the demo as processes: started, awaited, stopped by their own id."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridplus.failures import RemoteError

START_LIMIT_S = 60
STOP_LIMIT_S = 20


@dataclass
class ServiceProcess:
    """A running service. `ready` is the JSON line it printed when it began to listen."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not listen. Harmless when it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()

    def kill(self) -> None:
        """SIGKILL: the service gets no chance to tidy up."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()


def start_service(name: str, arguments: Sequence[str], *, log: Path) -> ServiceProcess:
    """Run `gridplus ARGUMENTS` and return when it listens; what it says on stderr goes to `log`.

    The service ends by itself when this process ends. Raises RemoteError with the end of the log
    when it does not come up.
    """
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "gridplus.cli", *arguments, "--exit-with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    service = ServiceProcess(name, process, log, {})
    line = _first_line(process)
    try:
        service.ready = json.loads(line)
    except ValueError:
        service.kill()
        tail = log.read_text(errors="replace")[-2_000:]
        raise RemoteError(f"the {name} did not start; the end of {log}:\n{tail}") from None
    return service


def _first_line(process: "subprocess.Popen[bytes]") -> bytes:
    if process.stdout is None:
        return b""
    descriptor, line = process.stdout.fileno(), b""
    deadline_s = time.monotonic() + START_LIMIT_S
    while not line.endswith(b"\n"):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0 or not select.select([descriptor], [], [], left_s)[0]:
            break
        byte = os.read(descriptor, 1)
        if not byte:
            break
        line += byte
    return line
