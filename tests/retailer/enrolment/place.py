"""A registry on an embedded chain, an authority, and the retailer's doors, served from a thread."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from gridplus.agent import Claimed, Identity, Retailer, meet
from gridplus.chain import Account, Call, RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.chain.epochs import Epochs
from gridplus.clock import SystemClock
from gridplus.contracts import registry
from gridplus.failures import InputError
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key, claim_key, new_claim_code
from gridplus.retailer.authority import Authority, found_authority
from gridplus.retailer.enrolment import (
    DoorGuard,
    EnrolDesk,
    EstApp,
    LineConfig,
    Lines,
    RegistryLink,
)
from gridplus.serving import Server, explain
from gridplus.wallet import Address
from tests.retailer.served import CHAIN_ID, ServedChain

ETHER = 10**18
HOST = "127.0.0.1"
now_s = SystemClock().now_s


@dataclass
class Place:
    folder: Path
    chain: RpcChain
    maker: Account
    relay: Account
    keys: KeyStore
    contract: Address
    desk: EnrolDesk
    lines: Lines
    epochs: Epochs
    urls: dict[str, str]
    homes: int = 0

    def new_code(self) -> str:
        """A code of a box that the maker has sold."""
        code = new_claim_code()
        issued = registry.issue([claim_key(code).address])
        self.maker.transact(Call(self.contract, issued))
        return code

    def device(self) -> DeviceKey:
        self.homes += 1
        return self.keys.create(f"device-{self.homes}", DeviceKey)

    def account(self) -> Account:
        self.homes += 1
        key = self.keys.create(f"owner-{self.homes}", Secp256k1Key)
        self.relay.transact(Call(key.address, value_wei=ETHER))
        return Account(key, self.chain)

    async def meet(self) -> Retailer:
        return await meet(self.urls["enrol"], root=None, now_s=now_s)

    async def enrol(self, device: DeviceKey, claimed: Claimed | None = None) -> Identity:
        return await Identity.enrol(
            self.urls["enrol"],
            await self.meet(),
            device=device,
            claimed=claimed,
            now_s=now_s,
        )


@contextmanager
def opened_place(folder: Path) -> Iterator[Place]:
    keys = KeyStore(folder / "keys")
    maker, relay = (keys.create(name, Secp256k1Key) for name in ("maker", "relay"))
    funded = {maker.address: 1_000 * ETHER, relay.address: 1_000 * ETHER}
    found_authority(folder / "pki", name="Test Energy", now_s=now_s())
    with (
        chain_of(folder, funded) as url,
        RpcChain(url) as chain,
        RpcChain(url) as relayed,
        Authority.open(folder / "pki", now_s=now_s) as authority,
    ):
        makers, relays = Account(maker, chain), Account(relay, relayed)
        contract = makers.deploy(registry.init_code(maker.address))
        epochs = Epochs(relayed, contract)
        desk = EnrolDesk(authority, RegistryLink(relayed, contract, relays), now_s=now_s)
        config = LineConfig(
            authority=folder / "pki",
            registry=contract,
            hosts=(HOST,),
            port=0,
            enrol_port=0,
            relay_keys=folder,
            relay_key_name="relay",
            hub="https://hub",
            chain="http://chain",
        )
        lines = Lines(desk, epochs, config=config)
        place = Place(folder, chain, makers, relays, keys, contract, desk, lines, epochs, {})
        with served(place):
            yield place


@contextmanager
def chain_of(folder: Path, funded: dict[Address, int]) -> Iterator[str]:
    """Where an embedded chain is served from a thread of its own."""
    node = ServedChain(folder / "chain", SystemClock(), funded=funded)
    try:
        yield node.url
    finally:
        node.stop()


@contextmanager
def served(place: Place) -> Iterator[None]:
    addresses = [Address(bytes([n]) * 20) for n in range(1, 5)]
    deployment = Deployment(CHAIN_ID, *addresses)
    about = {
        "deployment": deployment.document(),
        "registry": f"0x{place.contract.hex()}",
        "hub": "https://hub",
        "line": "",
        "chain": "http://chain",
    }
    opened = [(door, door.listen()) for door in place.lines.doors()]
    for door, listener in opened:
        place.urls[door.name] = f"https://{HOST}:{listener.getsockname()[1]}"
    about["line"] = place.urls["line"]
    app = Starlette(
        routes=EstApp(place.desk, about=about).routes(),
        middleware=[Middleware(DoorGuard)],
        exception_handlers={InputError: explain(400)},
    )
    config = uvicorn.Config(app, log_level="error", lifespan="off")
    server = Server(config, {}, doors=opened)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([])), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
