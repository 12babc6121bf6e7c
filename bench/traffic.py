"""Homes at a hub over HTTP on loopback: read -> bill -> voucher -> acknowledgement, all checked.

The hub is its own process with its own journal. Homes hold one kept-alive connection each and send
bytes that were prepared beforehand; what comes back is compared with what is right.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gridplus.channel import Counters
from gridplus.demo.processes import ServiceProcess, start_service
from gridplus.digest import canonical_json
from gridplus.serving import LOOPBACK
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wire import (
    Acknowledgement,
    OpenChannel,
    PriceEvent,
    PriceEvents,
    SubmitRead,
    SubmitVoucher,
)
from naive import ECHO
from town import Home, Town

HEAD_END = b"\r\n\r\n"
TOKEN = "bench" * 8
UNSIGNED_LIMIT_BOLT = 20


@dataclass(frozen=True, slots=True)
class Post:
    """A request and what its answer must be, or hold."""

    path: str
    body: bytes
    right: bytes

    @property
    def request(self) -> bytes:
        head = f"POST {self.path} HTTP/1.1\r\nhost: {LOOPBACK}\r\ncontent-length: {len(self.body)}"
        head += "\r\ncontent-type: application/json"
        return head.encode() + HEAD_END + self.body


Exchange = Sequence[Post]


def exchanges_of(home: Home, town: Town, *, count: int) -> list[Exchange]:
    """The day's first intervals of a home, each a read with its bill and a voucher with its
    acknowledgement."""
    found: list[Exchange] = []
    channel = home.identity.channel
    bills = home.statements(town.plan, town.prices, count=count)
    for place, bill in enumerate(bills):
        counters = Counters(bill.spent_ubolt, bill.earned_ubolt)
        read, voucher = SubmitRead(home.signed(place)), home.voucher(counters)
        told = f'"kind":"{Acknowledgement.KIND}","spent_ubolt":{bill.spent_ubolt}}}'.encode()
        found.append(
            (
                Post("/v1/reads", read.to_bytes(), canonical_json(bill.document())),
                Post("/v1/vouchers", SubmitVoucher(channel, voucher).to_bytes(), told),
            )
        )
    return found


def naive_exchanges_of(home: Home, *, count: int) -> list[Exchange]:
    """Vouchers alone, as the naive server takes them."""
    who, right = home.identity, home.voucher_key.address.hex().encode()
    found: list[Exchange] = []
    for number in range(1, count + 1):
        voucher = home.voucher(Counters(number, 0))
        body = {
            "chain_id": who.chain_id,
            "vault": who.vault.hex(),
            "cfg": who.cfg.hex(),
            "spent": voucher.spent,
            "earned": voucher.earned,
            "signature": voucher.signature.hex(),
        }
        found.append((Post("/vouchers", json.dumps(body).encode(), right),))
    return found


def echo_exchanges(like: Sequence[Exchange]) -> list[Exchange]:
    """The same bodies, for whoever answers without looking."""
    return [tuple(Post("/echo", post.body, ECHO) for post in exchange) for exchange in like]


class Connection:
    """One kept-alive connection that asks and checks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, post: Post) -> None:
        """Raises AssertionError when the answer is another than it must be."""
        self._writer.write(post.request)
        head, body = await read_message(self._reader)
        right = b" 200 " in head[:16] and post.right in body.lower()
        assert right, f"{post.path} answers {head[:30]!r} {body[:300]!r}"

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of the next HTTP message."""
    head = await reader.readuntil(HEAD_END)
    _, named, rest = head.lower().partition(b"content-length:")
    length = int(rest.split(b"\r\n", 1)[0]) if named else 0
    return head, await reader.readexactly(length)


@asynccontextmanager
async def connected(url: str, count: int) -> AsyncIterator[list[Connection]]:
    where = urlsplit(url)
    pairs = [await asyncio.open_connection(where.hostname, where.port) for _ in range(count)]
    connections = [Connection(*pair) for pair in pairs]
    try:
        yield connections
    finally:
        for connection in connections:
            await connection.close()


async def live(
    connections: Sequence[Connection], plans: Sequence[Sequence[Exchange]], *, period_s: float = 0.0
) -> list[float]:
    """Each connection goes through its exchanges; seconds from when each was due to its end.

    Without a period each is due when the one before has ended. With one they are due at that pace,
    the connections evenly apart, so that a server that falls behind does not slow the askers.
    """
    begin_s = time.perf_counter()

    async def one(number: int) -> list[float]:
        taken = []
        due_s = begin_s + period_s * number / len(connections)
        for exchange in plans[number]:
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()) if period_s else 0)
            start_s = due_s if period_s else time.perf_counter()
            for post in exchange:
                await connections[number].ask(post)
            taken.append(time.perf_counter() - start_s)
            due_s += period_s
        return taken

    found = await asyncio.gather(*(one(number) for number in range(len(connections))))
    return [seconds for taken in found for seconds in taken]


@asynccontextmanager
async def served_hub(
    town: Town, *, name: str = "hub", shards: int | None = None, journal: str | None = None
) -> AsyncIterator[ServiceProcess]:
    """A hub's process, with a journal of its own, that knows the town's homes, the plan and the
    day's prices; with `shards` a coordinator and as many processes. `journal`: a database's URL."""
    pages = await asyncio.start_server(_Pages(town).serve, LOOPBACK, 0)
    port = pages.sockets[0].getsockname()[1]
    retailer_url, journal = f"http://{LOOPBACK}:{port}", journal or f"{name}.journal"
    values = {"journal": journal, "retailer_url": retailer_url}
    config = _write_config(town, name, values | ({} if shards is None else {"shards": shards}))
    arguments = ["hub", "serve", "--config", str(config), "--port", "0"]
    hub = await asyncio.to_thread(start_service, "hub", arguments, log=town.folder / f"{name}.log")
    try:
        async with connected(hub.url, 1) as (door,):
            for home in town.homes:
                channel = home.identity.channel.hex().encode()
                await door.ask(Post("/v1/channels", OpenChannel(home.identity).to_bytes(), channel))
        yield hub
    finally:
        await asyncio.to_thread(hub.stop)
        pages.close()


def start_naive(folder: Path) -> ServiceProcess:
    """The naive server's process."""
    return start_program("naive.py", folder, str(folder / "naive.db"))


def start_program(name: str, folder: Path, *arguments: str) -> ServiceProcess:
    """A server of this folder, in a process of its own, whose log is in `folder`."""
    log = folder / f"{name}.log"
    program = [sys.executable, str(Path(__file__).with_name(name)), *arguments]
    with log.open("ab") as errors:
        process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert ready, f"{name} did not start: {log.read_text()[-2_000:]}"
    return ServiceProcess(name, process, log, json.loads(ready))


def children_of(pid: int) -> list[int]:
    """The processes that a process has started; none where there is no /proc."""
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


def cpu_seconds(pid: int) -> float | None:
    """What a process and its threads have used so far; None where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Pages:
    """What a hub asks of its retailer: the plan, one price event, its version."""

    def __init__(self, town: Town) -> None:
        plan, prices = town.plan, town.prices
        event = PriceEvent(1, plan.id, prices.operating_day, prices.digest, prices.known_at_s)
        self._pages = {
            b"/v1/plan": plan.canonical,
            b"/v1/price-events?after=0": PriceEvents((event,)).to_bytes(),
            b"/v1/price-events?after=1": PriceEvents(()).to_bytes(),
            f"/v1/prices/{prices.digest.hex()}".encode(): canonical_json(prices.document()),
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head, _ = await read_message(reader)
                body = self._pages[head.split(b" ", 2)[1]]
                writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}".encode())
                writer.write(HEAD_END + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def _write_config(town: Town, name: str, chosen: Mapping[str, str | int]) -> Path:
    folder = town.folder
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    values = {
        **chosen,
        "deployment": "deployment.json",
        "keys": "keys/hub",
        "key_name": "hub",
        "admin_token": "token",
        "chain_url": town.chain_url,
        "unsigned_limit_ubolt": UNSIGNED_LIMIT_BOLT * UBOLT_PER_BOLT,
    }
    path = folder / f"{name}.toml"
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    return path
