"""The real shape of a hub's load: very many agents, nearly always silent, over mutual TLS.

`python bench/connections.py [--connections 2000] [--hubs 1] [--quiet-s 20] [--quick]`
Each hub is a process with a journal of its own and has a process of agents, a connection a home.
Measured in turn: memory a connection, full and resumed handshakes, a payment of each in 15 minutes
(as many seconds of it as asked), then of all in the same moment. Beside it stand the same hub
without TLS, and a server that does nothing behind the library's own TLS. All share the machine.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from gridplus.agent.identity import certificate_request
from gridplus.clock import SystemClock
from gridplus.demo.processes import ServiceProcess
from gridplus.hub.line import LISTS
from gridplus.retailer.authority import Authority, Issued, found_authority
from gridplus.serving import LOOPBACK
from gridplus.tls import new_credentials_key
from quiet import device_of, write_journal
from traffic import cpu_seconds, start_program

EVERY_S = 900
"""An interval: how often a home pays."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one kind of server with `connections`, all its processes together."""

    connections: int
    bytes_each: float
    full: float
    full_us: float
    resumed: float
    resumed_us: float
    calm_p50_ms: float
    calm_p99_ms: float
    calm_cpu: float
    burst: float
    burst_us: float
    burst_s: float


class Crowd:
    """A process of agents."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.answer()

    def ask(self, *words: object) -> None:
        assert self._process.stdin is not None
        print(*words, file=self._process.stdin, flush=True)

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "a crowd ended"
        found: dict[str, Any] = json.loads(line)
        return found


@dataclass(frozen=True, slots=True)
class Stage:
    hubs: Sequence[ServiceProcess]
    crowds: Sequence[Crowd]

    def together(self, *words: object) -> list[dict[str, Any]]:
        for crowd in self.crowds:
            crowd.ask(*words)
        return [crowd.answer() for crowd in self.crowds]

    def cpu_s(self) -> float:
        return sum(cpu_seconds(hub.process.pid) or 0.0 for hub in self.hubs)

    def resident(self) -> int:
        return sum(_resident(hub.process.pid) for hub in self.hubs)

    def measured(self, *words: object) -> tuple[list[dict[str, Any]], float, float]:
        """What the crowds say, the seconds of the slowest, the CPU seconds of the hubs."""
        before_s = self.cpu_s()
        said = self.together(*words)
        return said, max(one["seconds"] for one in said), self.cpu_s() - before_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--hubs", type=int, default=1)
    parser.add_argument("--quiet-s", type=int, default=20, help="of the fifteen minutes")
    parser.add_argument("--quick", action="store_true", help="only to see that it runs")
    asked = parser.parse_args()
    count, quiet_s = (40, 1) if asked.quick else (asked.connections, asked.quiet_s)
    each = count // asked.hubs
    with tempfile.TemporaryDirectory(prefix="gridplus-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        authority = stack.enter_context(_authority(folder / "authority"))
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            paths = [folder / f"{box}.journal" for box in range(asked.hubs)]
            list(pool.map(write_journal, paths, range(asked.hubs), [each] * asked.hubs))
        certificates = [_certificate(authority, folder, box) for box in range(asked.hubs)]
        found = {}
        for kind in ("hub, mutual TLS", "hub, no TLS", "limit: nothing, mutual TLS"):
            with _staged(kind, folder, each=each, certificates=certificates) as stage:
                found[kind] = measure(stage, each * asked.hubs, quiet_s=quiet_s)
    show(found)


def measure(stage: Stage, count: int, *, quiet_s: int) -> Cost:
    before = stage.resident()
    _, full_s, full_cpu_s = stage.measured("connect")
    stage.together("pay", 0)  # what a connection allocates when it is first used counts too
    held = (stage.resident() - before) / count
    paying = -(-count * quiet_s // EVERY_S // len(stage.hubs))
    calm, calm_s, calm_cpu_s = stage.measured("pay", quiet_s, paying)
    burst, _, burst_cpu_s = stage.measured("pay", 0)
    burst_s = max(one["taken_s"][-1] for one in burst)
    stage.together("leave")
    said, resumed_s, resumed_cpu_s = stage.measured("connect", "again")
    resumed = sum(one["resumed"] for one in said)
    taken = sorted(second for one in calm for second in one["taken_s"])
    return Cost(
        connections=count,
        bytes_each=held,
        full=count / full_s,
        full_us=full_cpu_s / count * 1e6,
        resumed=count / resumed_s if resumed == count else 0.0,
        resumed_us=resumed_cpu_s / count * 1e6,
        calm_p50_ms=median(taken) * 1e3,
        calm_p99_ms=taken[len(taken) * 99 // 100] * 1e3,
        calm_cpu=calm_cpu_s / calm_s,
        burst=count / burst_s,
        burst_us=burst_cpu_s / count * 1e6,
        burst_s=burst_s,
    )


def show(found: dict[str, Cost]) -> None:
    connections = next(iter(found.values())).connections
    print(f"\n{connections:,} connections, agents and hubs on the same {os.cpu_count()} cores")
    print(f"  {'':44}" + "".join(f"{kind:>28}" for kind in found))
    rows: Sequence[tuple[str, str, Callable[[Cost], float]]] = (
        ("memory a connection, kB", "{:,.1f}", lambda c: c.bytes_each / 1e3),
        ("full handshakes a second, with hello", "{:,.0f}", lambda c: c.full),
        ("  the hub's CPU each, µs", "{:,.0f}", lambda c: c.full_us),
        ("resumed handshakes a second, with hello", "{:,.0f}", lambda c: c.resumed),
        ("  the hub's CPU each, µs", "{:,.0f}", lambda c: c.resumed_us),
        ("a payment each in 15 minutes, p50 ms", "{:,.1f}", lambda c: c.calm_p50_ms),
        ("  p99 ms", "{:,.1f}", lambda c: c.calm_p99_ms),
        ("  cores that hubs use, pings included", "{:.2f}", lambda c: c.calm_cpu),
        ("all in one moment, payments a second", "{:,.0f}", lambda c: c.burst),
        ("  the last is acknowledged after, s", "{:,.2f}", lambda c: c.burst_s),
        ("  the hub's CPU each, µs", "{:,.0f}", lambda c: c.burst_us),
    )
    for what, form, pick in rows:
        print(f"  {what:44}" + "".join(f"{form.format(pick(c)):>28}" for c in found.values()))
    tls, plain, nothing = found.values()
    print(f"  TLS costs {tls.burst_us - plain.burst_us:,.0f} µs a payment of all in one moment,")
    print(f"  full handshakes are {tls.full / nothing.full:.2f} of the limit's")


@contextmanager
def _staged(kind: str, folder: Path, *, each: int, certificates: Sequence[Path]) -> Iterator[Stage]:
    nothing, secured = kind.startswith("limit"), kind.endswith("mutual TLS")
    with ExitStack() as stack:
        hubs, crowds = [], []
        for box in range(len(certificates)):
            journal = shutil.copy(folder / f"{box}.journal", folder / f"{box} {kind}")
            options = ["--line", str(folder / "authority" / "line")] if secured else []
            options += ["--nothing"] if nothing else []
            hub = start_program("quiet_hub.py", folder, str(journal), *options)
            stack.callback(hub.stop)
            hubs.append(hub)
        for box, (hub, certificate) in enumerate(zip(hubs, certificates, strict=True)):
            port = hub.url.rpartition(":")[2]
            arguments = [port, str(box), str(each)]
            arguments += ["--certificate", str(certificate)] if secured else []
            crowds.append(stack.enter_context(_crowd(arguments)))
        yield Stage(hubs, crowds)


@contextmanager
def _authority(folder: Path) -> Iterator[Authority]:
    """An authority, and a line's folder in its `line`."""
    now_s = SystemClock().now_s
    found_authority(folder, name="Bench Energy", now_s=now_s())
    with Authority.open(folder, now_s=now_s) as opened:
        line, key, encoding = folder / "line", new_credentials_key(), serialization.Encoding
        line.mkdir()
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        issued = opened.issue_endpoint(request.sign(key, SHA256()), hosts=[LOOPBACK])
        assert isinstance(issued, Issued)
        _write_line(line, key, issued.pem)
        (line / "root.pem").write_bytes(opened.root.public_bytes(encoding.PEM))
        for name, crl in zip(LISTS, opened.trust().lists, strict=True):
            (line / name).write_bytes(crl.public_bytes(encoding.DER))
        yield opened


def _write_line(folder: Path, key: ec.EllipticCurvePrivateKey, chain: bytes) -> None:
    kind, closed = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, kind, closed)
    (folder / "endpoint.pem").write_bytes(chain)
    (folder / "endpoint.key").write_bytes(secret)


def _certificate(authority: Authority, folder: Path, box: int) -> Path:
    """A device's certificate and its line's key, in one file."""
    key, encoding = new_credentials_key(), serialization.Encoding.PEM
    request = certificate_request(key, device_of(box), at_s=SystemClock().now_s(), claim=None)
    issued = authority.issue_device(request, epoch=0)
    assert isinstance(issued, Issued), issued
    kind, closed = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = folder / f"{box}.pem"
    path.write_bytes(key.private_bytes(encoding, kind, closed) + issued.pem)
    return path


@contextmanager
def _crowd(arguments: Sequence[str]) -> Iterator[Crowd]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("crowd.py")), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Crowd(process)
    finally:
        process.communicate(timeout=60)


def _resident(pid: int) -> int:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
