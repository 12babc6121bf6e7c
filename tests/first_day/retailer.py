"""A retailer with doors, on a town's chain: its public face, its authority, a hub behind a line."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from gridplus.agent import Claimed, Identity, meet
from gridplus.chain import Account, Call, RpcChain
from gridplus.chain.epochs import Epochs
from gridplus.clock import SystemClock, set_clock
from gridplus.contracts import registry
from gridplus.demo.founding import DepositOrder
from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.hub import HubConfig
from gridplus.hub.opening import open_hub
from gridplus.keystore import KeyStore, Secp256k1Key, claim_key, new_claim_code
from gridplus.retailer.authority import Authority, found_authority
from gridplus.retailer.authority.endpoint import make_endpoint
from gridplus.retailer.enrolment import (
    DoorGuard,
    EnrolDesk,
    EstApp,
    LineConfig,
    Lines,
    OwnersWay,
    RegistryLink,
)
from gridplus.serving import LOOPBACK, Door, Server, bound_listener, explain
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Address
from tests.hub.board import Board
from tests.hub.process import make_hub_folder
from tests.hub.town import DAY, PRICES, START_S, House, Town

ETHER = 10**18
now_s = SystemClock().now_s


@dataclass
class Retailer:
    """`urls` by door: enrol, line, hub; `plain` is the hub's port on loopback."""

    town: Town
    maker: Account
    contract: Address
    urls: dict[str, str]

    def new_code(self) -> str:
        code = new_claim_code()
        self.maker.transact(Call(self.contract, registry.issue([claim_key(code).address])))
        return code

    def deposit(self, identity: ChannelIdentity, owner: Secp256k1Key) -> None:
        order = DepositOrder(identity, owner, 0, 75 * UBOLT_PER_BOLT)
        self.town.founder.deposit(self.town.deployment, [order], now_s=START_S)

    async def enrol(self, house: House) -> Identity:
        """The house's device, enrolled for its owner."""
        claimed = Claimed(claim_key(self.new_code()), house.owner.address)
        url = self.urls["enrol"]
        found = await meet(url, root=None, now_s=now_s)
        return await Identity.enrol(url, found, device=house.device, now_s=now_s, claimed=claimed)


@contextmanager
def served(app: Starlette, plain: socket.socket, doors: Sequence[Door]) -> Iterator[None]:
    """An app from a thread, as `serving.serve` does it."""
    opened = [(door, door.listen()) for door in doors]
    config = uvicorn.Config(app, log_level="error")
    server = Server(config, {}, doors=opened)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([plain])), daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def retailer_of(town: Town, folder: Path, **changes: Any) -> Iterator[Retailer]:
    folder.mkdir()
    found_authority(folder / "pki", name="Test Energy", now_s=now_s())
    make_endpoint(str(folder / "pki"), hosts=(LOOPBACK,), out=folder / "line", token=None)
    relay_key = KeyStore(folder / "relay").create("relay", Secp256k1Key)
    maker = Account(town.keys["deployer"], town.chain)
    maker.transact(Call(relay_key.address, value_wei=ETHER))
    contract = maker.deploy(registry.init_code(maker.address))
    with ExitStack() as stack:
        chain = stack.enter_context(RpcChain(town.chain_url))
        authority = stack.enter_context(Authority.open(folder / "pki", now_s=now_s))
        link = RegistryLink(chain, contract, Account(relay_key, chain))
        desk = EnrolDesk(authority, link, now_s=now_s)
        urls = {name: f"https://{LOOPBACK}:{free_port()}" for name in ("line", "enrol", "hub")}
        port = {name: int(url.rpartition(":")[2]) for name, url in urls.items()}
        config = LineConfig(
            authority=folder,
            registry=contract,
            hosts=(LOOPBACK,),
            port=port["line"],
            enrol_port=port["enrol"],
            relay_keys=folder,
            relay_key_name="relay",
            hub=urls["hub"],
            chain=town.chain_url,
        )
        lines = Lines(desk, Epochs(chain, contract), config=config)
        about: dict[str, Document] = {
            "deployment": town.deployment.document(),
            "registry": f"0x{contract.hex()}",
            "chain": town.chain_url,
            "hub": urls["hub"],
            "line": urls["line"],
        }
        board = Board()
        board.publish(PRICES)
        loopback = bound_listener(LOOPBACK, 0)
        urls["plain"] = f"http://{LOOPBACK}:{loopback.getsockname()[1]}"
        owners = OwnersWay(httpx.AsyncClient(base_url=urls["plain"], trust_env=False))
        routes = [*EstApp(desk, about=about).routes(), *owners.routes(), *board.app().routes]
        app = Starlette(
            routes=routes,
            middleware=[Middleware(DoorGuard)],
            exception_handlers={InputError: explain(400)},
        )
        plain = bound_listener(LOOPBACK, 0)
        stack.enter_context(served(app, plain, lines.doors()))
        table = {
            "folder": "../line",
            "host": LOOPBACK,
            "port": port["hub"],
            "registry": f"0x{contract.hex()}",
        }
        path = make_hub_folder(
            town,
            folder / "hub",
            retailer_url=f"http://{LOOPBACK}:{plain.getsockname()[1]}",
            **changes,
        )
        set_clock(folder / "hub" / "clock", DAY[0].end_s)
        told = "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())
        path.write_text(f"{path.read_text()}[line]\n{told}")
        hub, doors = open_hub(HubConfig.load(path))
        stack.enter_context(served(hub, loopback, doors))
        yield Retailer(town, maker, contract, urls)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port
