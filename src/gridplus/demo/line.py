"""The doors of the demo's retailer: an authority, a registry of devices, a port for each door.

Certificates live by the machine's clock, as TLS does; all else in a run by the clock file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256

from gridplus.clock import SystemClock
from gridplus.files import read_file
from gridplus.retailer.authority import found_authority
from gridplus.retailer.authority.endpoint import make_endpoint
from gridplus.serving import LOOPBACK, bound_listener
from gridplus.tariff import format_octets
from gridplus.wallet import Address
from gridplus.wallet.certificates import parse_certificates

AUTHORITY, HUB_LINE, RELAY = "authority", "line", "enroller"


@dataclass(frozen=True, slots=True)
class Line:
    """`root` is the SHA-256 that a box is told; the ports are those of the retailer's two doors
    and of the hub's."""

    registry: Address
    root: bytes
    enrol: int
    line: int
    hub: int

    @property
    def enrol_url(self) -> str:
        return f"https://{LOOPBACK}:{self.enrol}"

    def retailer_table(self, *, chain_url: str) -> str:
        """`[line]` of the retailer's file."""
        return _table(
            {
                "authority": AUTHORITY,
                "registry": format_octets(self.registry),
                "hosts": [LOOPBACK],
                "port": self.line,
                "enrol_port": self.enrol,
                "relay_keys": f"../keys/{RELAY}",
                "relay_key_name": RELAY,
                "hub": f"https://{LOOPBACK}:{self.hub}",
                "chain": chain_url,
            }
        )

    def hub_table(self) -> str:
        """`[line]` of the hub's file."""
        return _table(
            {
                "folder": HUB_LINE,
                "host": LOOPBACK,
                "port": self.hub,
                "registry": format_octets(self.registry),
            }
        )


def found_line(out: Path, registry: Address) -> Line:
    """An authority in the retailer's folder under `out`, and the hub's certificate in its own."""
    folder = out / "retailer" / AUTHORITY
    found_authority(folder, name="Demo Energy", now_s=SystemClock().now_s())
    make_endpoint(str(folder), hosts=(LOOPBACK,), out=out / "hub" / HUB_LINE, token=None)
    (root,) = parse_certificates(read_file(folder / "root.pem"), what="the root")
    return Line(registry, root.fingerprint(SHA256()), *free_ports(3))


def free_ports(count: int) -> list[int]:
    """Ports for services that keep them when they are started again."""
    probes = [bound_listener(LOOPBACK, 0) for _ in range(count)]
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _table(values: Mapping[str, str | int | Sequence[str]]) -> str:
    return "[line]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
