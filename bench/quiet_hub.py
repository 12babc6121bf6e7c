"""A hub's stream alone, in a process of its own: no chain, no retailer, homes that only pay.

`python bench/quiet_hub.py JOURNAL [--line FOLDER] [--nothing]` prints a ready line and serves
until its standard input ends. With a line it is reached over mutual TLS. With --nothing it
answers every voucher with a receipt's bytes and does nothing else, behind the library's own
context: the limit of what asyncio and OpenSSL do here.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ceilings import Echo
from gridplus.chain import RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.clock import SystemClock
from gridplus.files import read_file
from gridplus.hub.desk import Desk
from gridplus.hub.hub import Hub, HubParts
from gridplus.hub.line import LISTS
from gridplus.hub.stream import StreamListener
from gridplus.hub.supply import Supply
from gridplus.hub.vault import VaultLink
from gridplus.journal import SqliteJournal
from gridplus.serving import LOOPBACK, bound_listener
from gridplus.tls import Credentials, ServerContext
from gridplus.wallet.certificates import Trust, parse_certificates, parse_list
from quiet import HUB, LIMIT_UBOLT, NOBODY
from town import home_nowhere

BACKLOG = 1_024


class Uncounted:
    """Of counts there is no need here."""

    def refused(self, name: str) -> None: ...

    def answered(self, request: str, taken_ns: int) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--line", type=Path)
    parser.add_argument("--nothing", action="store_true")
    asked = parser.parse_args()
    context = context_of(asked.line, alone=asked.nothing) if asked.line else None
    asyncio.run(serve_nothing(context) if asked.nothing else serve(asked.journal, context))


def context_of(folder: Path, *, alone: bool) -> ssl.SSLContext:
    """Of the endpoint, the root and the lists in `folder`, as hub and operator keep them."""
    pem, roots = read_file(folder / "endpoint.pem"), read_file(folder / "root.pem")
    if alone:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_cert_chain(folder / "endpoint.pem", folder / "endpoint.key")
        made.load_verify_locations(folder / "root.pem")
        return made
    key = serialization.load_pem_private_key(read_file(folder / "endpoint.key"), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    lists = [parse_list(read_file(folder / name), what=name) for name in LISTS]
    trust = Trust(parse_certificates(roots, what="root.pem"), tuple(lists))
    now_s = SystemClock().now_s
    return ServerContext(credentials=Credentials(pem, key), trust=trust, mutual=True, now_s=now_s)


async def serve(journal: Path, context: ssl.SSLContext | None) -> None:
    async with opened_hub(journal) as (hub, desk):
        stream = StreamListener(hub, desk, broken=hub.aclose, tls=context)
        await stream.open(bound_listener(LOOPBACK, 0))
        await until_told(stream.port)
        await stream.aclose()


async def serve_nothing(context: ssl.SSLContext | None) -> None:
    listener = bound_listener(LOOPBACK, 0)
    loop = asyncio.get_running_loop()
    await loop.create_server(Echo, sock=listener, ssl=context, backlog=BACKLOG)
    await until_told(listener.getsockname()[1])


async def until_told(port: int | None) -> None:
    url = f"tcp://{LOOPBACK}:{port}"
    print(json.dumps({"ready": "quiet hub", "url": url, "pid": os.getpid()}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def opened_hub(path: Path) -> AsyncIterator[tuple[Hub, Desk]]:
    clock, who = SystemClock(), home_nowhere().identity
    deployment = Deployment(who.chain_id, NOBODY, who.domain.contract, who.anchor, NOBODY)
    with (
        SqliteJournal.open(path, now_s=clock.now_s) as journal,
        RpcChain(f"http://{LOOPBACK}:9") as chain,
    ):
        vault = VaultLink(chain, deployment)
        hub = Hub(HubParts(HUB, vault, journal, clock, LIMIT_UBOLT))
        hub.start()
        async with httpx.AsyncClient() as nobody:
            yield hub, Desk(hub, Supply(nobody, hub), counts=Uncounted())
        await hub.aclose()


if __name__ == "__main__":
    main()
