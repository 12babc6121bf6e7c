"""The folder of a run and the services that play in it: chain, hub, retailer."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from gridplus.chain import RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.clock import FileClock, set_clock
from gridplus.demo.founding import CHAIN_ID, SENDERS, seed_of
from gridplus.demo.line import Line, found_line, free_ports
from gridplus.demo.options import DemoOptions, StreetTerms, bundled
from gridplus.demo.processes import ServiceProcess, start_service
from gridplus.failures import InputError
from gridplus.keystore import Secp256k1Key
from gridplus.serving import LOOPBACK
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Address

MARK = ".gridplus-demo"
PLAN = "plan-houston-day-ahead.toml"


class Stage:
    """Everything of a run lies under `options.out`; `close` ends the services."""

    def __init__(self, options: DemoOptions, terms: StreetTerms) -> None:
        self._options = options
        self._terms = terms
        self.out = options.out.resolve()
        self._running: dict[str, ServiceProcess] = {}
        self.hub_url = f"http://{LOOPBACK}:{free_ports(1)[0]}"
        self._line: Line | None = None
        _make_empty(self.out)
        for folder in ("chain", "hub", "retailer/market", "retailer/history", "bills", "logs"):
            (self.out / folder).mkdir(parents=True)

    @property
    def clock_path(self) -> Path:
        return self.out / "clock"

    @property
    def clock(self) -> FileClock:
        return FileClock(self.clock_path)

    @property
    def market(self) -> Path:
        """Where ERCOT's prices appear for the retailer."""
        return self.out / "retailer" / "market"

    @property
    def history(self) -> Path:
        """Where the wires company's reads appear for the retailer."""
        return self.out / "retailer" / "history"

    def url(self, service: str) -> str:
        return self._running[service].url

    def set_clock(self, now_s: int) -> None:
        set_clock(self.clock_path, now_s)

    def start_chain(self, keys: dict[str, Secp256k1Key] | None = None) -> RpcChain:
        """The chain in its file; `keys` are funded when it is new."""
        arguments = ["--state", str(self.out / "chain" / "chain.sqlite")]
        arguments += ["--chain-id", str(CHAIN_ID), "--clock", str(self.clock_path)]
        for role in SENDERS if keys is not None else ():
            arguments += ["--fund", "0x" + keys[role].address.hex() if keys else ""]
        self._start("chain", ["chain", "serve", *arguments])
        return RpcChain(self.url("chain"))

    def open_doors(self, registry: Address) -> Line:
        """Retailer and hub, which start later, are to have lines for the devices of `registry`."""
        self._line = found_line(self.out, registry)
        return self._line

    def start_retailer(self, deployment: Deployment) -> None:
        """The back office, told where everything is."""
        (self.out / "deployment.json").write_bytes(deployment.to_bytes())
        self._write_token("hub-admin")
        self._write_token("retailer-admin")
        (self.out / "plan.toml").write_bytes(bundled(PLAN))
        path = self.out / "retailer" / "retailer.toml"
        chain_url = self.url("chain")
        doors = "" if self._line is None else self._line.retailer_table(chain_url=chain_url)
        path.write_text(
            _toml(
                {
                    "state": ".",
                    "out": "..",
                    "deployment": "../deployment.json",
                    "keys": "../keys/publisher",
                    "key_name": "publisher",
                    "plan": "../plan.toml",
                    "market": "market",
                    "history": "history",
                    "customers": "customers.json",
                    "clock": "../clock",
                    "admin_token": "../keys/retailer-admin.token",
                    "hub_token": "../keys/hub-admin.token",
                    "chain_url": chain_url,
                    "hub_url": self.hub_url,
                    "opening_capital": f"{self._terms.capital_bolt} BOLT",
                    "gas_price": self._terms.gas_price,
                    "ether_price": self._terms.ether_price,
                    **({} if self._options.broker is None else {"mqtt": self._options.broker}),
                }
            )
            + doors
        )
        self._start("retailer", ["retailer", "serve", "--config", str(path)])

    def start_hub(self) -> None:
        """The hub; after a stop or a kill it goes on from its journal."""
        path = self.out / "hub" / "hub.toml"
        door = "" if self._line is None else self._line.hub_table()
        path.write_text(
            _toml(
                {
                    "journal": "hub.journal",
                    "deployment": "../deployment.json",
                    "keys": "../keys/hub",
                    "key_name": "hub",
                    "clock": "../clock",
                    "admin_token": "../keys/hub-admin.token",
                    "chain_url": self.url("chain"),
                    "retailer_url": self.url("retailer"),
                    "unsigned_limit_ubolt": self._terms.unsigned_limit_bolt * UBOLT_PER_BOLT,
                }
            )
            + door
        )
        port = self.hub_url.rpartition(":")[2]
        self._start("hub", ["hub", "serve", "--config", str(path), "--port", port])

    def stop(self, services: Iterable[str]) -> None:
        """End services gently, in this order."""
        for name in services:
            if name in self._running:
                self._running.pop(name).stop()

    def kill(self, service: str) -> None:
        """SIGKILL from outside."""
        self._running.pop(service).kill()

    def close(self) -> None:
        self.stop(["hub", "retailer", "chain"])

    def token(self, name: str) -> str:
        return (self.out / "keys" / f"{name}.token").read_text().strip()

    def _start(self, name: str, arguments: list[str]) -> None:
        log = self.out / "logs" / f"{name}.log"
        self._running[name] = start_service(name, arguments, log=log)

    def _write_token(self, name: str) -> None:
        path = self.out / "keys" / f"{name}.token"
        path.touch(mode=0o600)
        path.write_text(seed_of(self._options.seed, name).hex() + "\n")


def _make_empty(out: Path) -> None:
    """A fresh folder, in place of an older run's but of nothing else."""
    if out.exists() and not (out / MARK).is_file() and any(out.iterdir()):
        raise InputError(f"{out} holds something that is no earlier run; choose another with --out")
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / MARK).touch()


def _toml(values: dict[str, str | int]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
