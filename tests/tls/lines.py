"""A server that says who it takes its peer for, and clients that present what a test made."""

import asyncio
import queue
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from gridplus.clock import SystemClock
from gridplus.tls import HANDSHAKE_S, Credentials, peer_of
from tests.wallet.certificates.forge import Made, Wish, World, make

NAME = "retailer.example"
now_s = SystemClock().now_s


def pem(*certificates: Made) -> bytes:
    return b"".join(each.certificate.public_bytes(Encoding.PEM) for each in certificates)


def endpoint(world: World, name: str = NAME) -> Credentials:
    """What a server of the world's retailer presents."""
    wish = Wish(name, names=[x509.DNSName(name)], usages=[ExtendedKeyUsageOID.SERVER_AUTH])
    made = make(wish, by=world.issuing)
    return Credentials(pem(made, world.issuing), made.key)  # type: ignore[arg-type]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """For each line: whose it is. Until the peer is believed no more."""
    peer = peer_of(writer.get_extra_info)
    while await reader.readline():
        device = peer.device() if peer is not None else None
        if device is None:
            break
        writer.write(device.uri.encode() + b"\n")
    writer.close()


@contextmanager
def served(context: ssl.SSLContext) -> Iterator[int]:
    """The port of a server that runs in a thread of its own."""
    loop, ports = asyncio.new_event_loop(), queue.Queue[int]()

    async def live() -> None:
        limits = {"ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": 1}
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, **limits) as it:
            ports.put(it.sockets[0].getsockname()[1])
            await it.serve_forever()

    running = loop.create_task(live())
    thread = threading.Thread(target=_until_cancelled, args=(loop, running), daemon=True)
    thread.start()
    try:
        yield ports.get(timeout=5)
    finally:
        loop.call_soon_threadsafe(running.cancel)
        thread.join(timeout=5)


def _until_cancelled(loop: asyncio.AbstractEventLoop, running: "asyncio.Task[None]") -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(running)
    for task in asyncio.all_tasks(loop):
        task.cancel()
        with suppress(asyncio.CancelledError, OSError):
            loop.run_until_complete(task)
    loop.close()


@dataclass
class Client:
    """One end of a line that presents `chain`, whatever it is worth."""

    world: World
    chain: Sequence[Made] = ()
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = context.maximum_version = self.version
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_verify_locations(cadata=pem(self.world.root).decode())
        if self.chain:
            with TemporaryDirectory() as folder:
                path = Path(folder, "client.pem")
                key = self.chain[0].key.private_bytes(
                    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
                )
                path.write_bytes(key + pem(*self.chain))
                context.load_cert_chain(path)
        return context

    @contextmanager
    def connected(self, port: int) -> Iterator[ssl.SSLSocket]:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            self.context().wrap_socket(plain, server_hostname=NAME) as line,
        ):
            yield line

    def ask(self, port: int) -> str:
        """What the server takes this client for: a device, or the alert it sends, or ''."""
        try:
            with self.connected(port) as line:
                return ask(line)
        except (ssl.SSLEOFError, ConnectionError):
            return ""
        except ssl.SSLError as error:
            return str(error.reason)


def ask(line: ssl.SSLSocket) -> str:
    line.sendall(b"who am I?\n")
    return line.recv(1_000).decode().strip()
