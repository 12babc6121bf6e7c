"""Handshakes, verdicts, enrolments; what a Smart Agent's identity costs at its start.

Handshakes run in memory, both ends in this process, so that only the work counts; beside them the
same handshake by the library alone, which asks OpenSSL and nobody else. `openssl s_time` dials our
listener and then `openssl s_server`, both with a device's certificate. Enrolments go through desk
and authority to a registry on the embedded chain.
"""

import asyncio
import queue
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gridplus.agent.identity import Claimed, Retailer, certificate_request, signed_claim
from gridplus.chain import Account, Call, RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.clock import SystemClock
from gridplus.contracts import registry
from gridplus.demo.processes import start_service
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key, claim_key, new_claim_code
from gridplus.retailer.authority import Authority, Issued, found_authority
from gridplus.retailer.enrolment import EnrolDesk, RegistryLink
from gridplus.tls import HANDSHAKE_S, ClientContext, Credentials, ServerContext, new_credentials_key
from gridplus.wallet import Address
from gridplus.wallet.certificates import Purpose, Refused, Trust, Verified, verify_chain
from measure import Beside, Effort, Row, per_cpu_second, show

HOST = "127.0.0.1"
CHAIN_ID = 31_337
ETHER = 10**18
OPENSSL = shutil.which("openssl")
now_s = SystemClock().now_s
_STARTS = {
    "an agent's identity part": "import gridplus.agent.identity",
    "limit: httpx, cryptography and ssl alone": (
        "import httpx, ssl, cryptography.x509, cryptography.hazmat.primitives.serialization.pkcs7"
    ),
}


@dataclass(frozen=True, slots=True)
class Ends:
    """What both ends of a line present, and whom they believe."""

    trust: Trust
    endpoint: Credentials
    device: Credentials

    def ours(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        server = ServerContext(
            credentials=self.endpoint, trust=self.trust, mutual=True, now_s=now_s
        )
        return server, ClientContext(credentials=self.device, trust=self.trust, now_s=now_s)

    def alone(self, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """The library's, as strict, without our verdicts."""
        files = self.files(folder)
        made = []
        for kind, who in (
            (ssl.PROTOCOL_TLS_SERVER, "endpoint"),
            (ssl.PROTOCOL_TLS_CLIENT, "device"),
        ):
            context = ssl.SSLContext(kind)
            context.load_cert_chain(files / f"{who}.pem")
            context.load_verify_locations(files / "root.pem")
            context.verify_mode = ssl.CERT_REQUIRED
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN | ssl.VERIFY_X509_STRICT
            context.set_ecdh_curve("prime256v1")
            made.append(context)
        return made[0], made[1]

    def files(self, folder: Path) -> Path:
        for name, held in (("endpoint", self.endpoint), ("device", self.device)):
            secret = held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (folder / f"{name}.pem").write_bytes(secret + held.chain)
        known = b"".join(each.public_bytes(Encoding.PEM) for each in self.trust.roots)
        known += b"".join(each.public_bytes(Encoding.PEM) for each in self.trust.lists)
        (folder / "root.pem").write_bytes(known)
        above = certificates(self.device.chain)[1].public_bytes(Encoding.PEM)
        (folder / "above.pem").write_bytes(known + above)  # s_time builds its chain of these
        return folder


def main() -> None:
    effort = Effort.asked()
    quick = effort.seconds < 0.1
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        authority = founded(folder / "pki", stack)
        ends = ends_of(authority)
        speed = openssl_speed(1 if quick else 3)
        measure_handshakes(ends, folder, effort=effort)
        measure_dialled(ends, folder, seconds=1 if quick else 3)
        measure_verdicts(ends, effort, speed=speed)
        measure_enrolments(authority, folder, 5 if quick else 60, speed=speed)
        measure_starts(1 if quick else 5)


def founded(folder: Path, stack: ExitStack) -> Authority:
    found_authority(folder, name="Bench Energy", now_s=now_s())
    return stack.enter_context(Authority.open(folder, now_s=now_s))


def ends_of(authority: Authority) -> Ends:
    keys = new_credentials_key(), new_credentials_key()
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    requests = [builder.sign(key, SHA256()) for key in keys]
    endpoint = authority.issue_endpoint(requests[0], hosts=[HOST])
    device = authority.issue_device(requests[1], epoch=0)
    assert isinstance(endpoint, Issued)
    assert isinstance(device, Issued)
    return Ends(
        authority.trust(), Credentials(endpoint.pem, keys[0]), Credentials(device.pem, keys[1])
    )


def shake(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], session: ssl.SSLSession | None = None
) -> ssl.SSLSession | None:
    """Both ends shake hands in memory and exchange a byte; the session that the client may use."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = contexts[0].wrap_bio(to_server, to_client, server_side=True)
    client = contexts[1].wrap_bio(to_client, to_server, server_hostname=HOST, session=session)
    ends, left = (client, server), {0, 1}
    while left:
        for number in sorted(left):
            try:
                ends[number].do_handshake()
                left.discard(number)
            except ssl.SSLWantReadError:
                continue
    server.write(b"x")
    client.read(1)
    assert session is None or client.session_reused
    return client.session


def measure_handshakes(ends: Ends, folder: Path, *, effort: Effort) -> None:
    ours, alone = ends.ours(), ends.alone(folder)
    inner = ours[0], ends.alone(folder)[1]  # a client that can take up a session again
    kept = {"ours": shake(inner), "alone": shake(alone)}
    found = per_cpu_second(
        {
            "full": lambda _: shake(ours),
            "full, alone": lambda _: shake(alone),
            "resumed": lambda _: shake(inner, kept["ours"]),
            "resumed, alone": lambda _: shake(alone, kept["alone"]),
        },
        effort,
    )
    rows = [
        Row(f"mutual, {kind}", found[kind], [Beside("limit: ssl alone", found[f"{kind}, alone"])])
        for kind in ("full", "resumed")
    ]
    show("Handshakes, both ends, a CPU second", rows)


def measure_dialled(ends: Ends, folder: Path, *, seconds: int) -> None:
    """By openssl s_time over loopback, where there is one."""
    if OPENSSL is None:
        print("\nnot measured (no openssl)")
        return
    files = ends.files(folder)
    rows = []
    for kind in ("new", "reuse"):
        with listening(ends.ours()[0]) as port:
            ours = dialled(port, files, kind=kind, seconds=seconds)
        with s_server(files) as port:
            theirs = dialled(port, files, kind=kind, seconds=seconds)
        rows.append(
            Row(f"openssl s_time -{kind}", ours, [Beside("limit: openssl s_server", theirs)])
        )
    show("Handshakes dialled over loopback, a second of the clock", rows)


@contextmanager
def listening(context: ssl.SSLContext) -> Iterator[int]:
    """Our listener in a thread of its own, which hangs up on whoever has shaken hands."""
    loop, ports = asyncio.new_event_loop(), queue.Queue[int]()

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def live() -> None:
        server = await asyncio.start_server(
            hang_up, HOST, 0, ssl=context, ssl_handshake_timeout=HANDSHAKE_S
        )
        async with server:
            ports.put(server.sockets[0].getsockname()[1])
            await server.serve_forever()

    running = loop.create_task(live())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(running)
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield ports.get(timeout=5)
    finally:
        loop.call_soon_threadsafe(running.cancel)
        thread.join(5)


@contextmanager
def s_server(files: Path) -> Iterator[int]:
    assert OPENSSL is not None
    port = free_port()
    asked = ["-cert", "endpoint.pem", "-cert_chain", "endpoint.pem", "-CAfile", "root.pem"]
    asked += ["-Verify", "2", "-crl_check_all", "-x509_strict", "-accept", f"{HOST}:{port}"]
    process = subprocess.Popen(
        [OPENSSL, "s_server", *asked],
        cwd=files, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until_s = time.monotonic() + 5
        while time.monotonic() < until_s:
            with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                break
        yield port
    finally:
        process.kill()
        process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def dialled(port: int, files: Path, *, kind: str, seconds: int) -> float | None:
    assert OPENSSL is not None
    asked = ["-connect", f"{HOST}:{port}", "-cert", "device.pem", "-key", "device.pem"]
    asked += ["-CAfile", "above.pem"]
    run = subprocess.run(
        [OPENSSL, "s_time", f"-{kind}", "-time", str(seconds), *asked],
        cwd=files, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20,
    )  # fmt: skip
    found = re.findall(r"(\d+) connections in (\d+) real seconds", run.stdout)
    return int(found[-1][0]) / int(found[-1][1]) if found and int(found[-1][1]) else None


def measure_verdicts(ends: Ends, effort: Effort, *, speed: dict[str, float]) -> None:
    chain = [c.public_bytes(Encoding.DER) for c in certificates(ends.device.chain)]
    good = verdict(ends, chain)
    assert isinstance(good(), Verified)
    found = per_cpu_second({"good": lambda _: good()}, effort)
    beside = [Beside("limit: 4 x openssl speed, ecdsap256 verify", speed["verify"] / 4)]
    show("Verdicts on a device's chain, a CPU second", [Row("good chains", found["good"], beside)])
    slowest = max(hostile(ends, chain), key=lambda each: each[1])
    print(f"  the slowest of the hostile chains, {slowest[0]}: {slowest[1] * 1_000:.1f} ms")


def verdict(ends: Ends, chain: Sequence[bytes]) -> Callable[[], Verified | Refused]:
    at = datetime.now(UTC)
    return lambda: verify_chain(chain, trust=ends.trust, at=at, purpose=Purpose.CLIENT)


def hostile(ends: Ends, chain: Sequence[bytes]) -> Iterator[tuple[str, float]]:
    """Chains that a peer could send to keep a verifier busy, and the seconds that each takes."""
    wide = [self_signed(f"wide {number}", names=230) for number in range(3)]
    mesh = [self_signed("Bench Energy issuing", names=0) for _ in range(40)]
    dice = Random(1)
    flipped = []
    for _ in range(60):
        changed = bytearray(chain[0])
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        flipped.append([bytes(changed), chain[1]])
    kinds = {
        "names by the hundred": [[*wide]],
        "a mesh of namesakes": [[chain[0], *mesh], [chain[0], *mesh[:3]]],
        "a flipped bit": flipped,
        "a megabyte": [[bytes(1 << 20)], [b"\x30\x80" * 8_000]],
    }
    for name, chains in kinds.items():
        for each in chains:
            begin_s = time.perf_counter()
            answer = verdict(ends, each)()
            took_s = time.perf_counter() - begin_s
            assert isinstance(answer, Refused)
            yield name, took_s


def self_signed(name: str, *, names: int) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now.replace(year=now.year + 1))
    if names:
        hosts = [x509.DNSName(f"{number}.example.org") for number in range(names)]
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def measure_enrolments(
    authority: Authority, folder: Path, count: int, *, speed: dict[str, float]
) -> None:
    keys = KeyStore(folder / "keys")
    relay = keys.create("relay", Secp256k1Key)
    arguments = ["chain", "serve", "--state", str(folder / "chain"), "--chain-id", str(CHAIN_ID)]
    service = start_service(
        "chain", [*arguments, "--fund", f"0x{relay.address.hex()}"], log=folder / "chain.log"
    )
    try:
        with RpcChain(service.url) as chain:
            account = Account(relay, chain)
            contract = account.deploy(registry.init_code(relay.address))
            desk = EnrolDesk(authority, RegistryLink(chain, contract, account), now_s=now_s)
            someone = Address(bytes([7]) * 20)
            told = Deployment(CHAIN_ID, someone, someone, someone, someone)
            retailer = Retailer(authority.trust(), authority.issuing, told, contract, "", "", "")
            claims = [claim_key(new_claim_code()) for _ in range(count)]
            for at in range(0, count, 50):
                issued = registry.issue([claim.address for claim in claims[at : at + 50]])
                account.transact(Call(contract, issued))
            devices = [keys.create(f"device-{number}", DeviceKey) for number in range(count)]
            first = [
                request(retailer, device, claim)
                for device, claim in zip(devices, claims, strict=True)
            ]
            again = [request(retailer, device, None) for device in devices]
            rates = [asyncio.run(answered(desk, requests)) for requests in (first, again)]
            transfers = timed(count, lambda: account.transact(Call(relay.address, value_wei=1)))
    finally:
        service.stop()
    signatures = 1 / (4 / speed["verify"] + 1 / speed["sign"])
    show(
        "Enrolments, a second of the clock",
        [
            Row(
                "first: claimed, on chain, certified",
                rates[0],
                [Beside("limit: a transfer on the same chain", transfers)],
            ),
            Row(
                "again: certified",
                rates[1],
                [Beside("limit: openssl speed, 4 verify, 1 sign", signatures)],
            ),
        ],
    )


def request(
    retailer: Retailer, device: DeviceKey, claim: Secp256k1Key | None
) -> x509.CertificateSigningRequest:
    signed = None
    if claim is not None:
        claimed = Claimed(claim, Address(bytes([7]) * 20))
        signed = signed_claim(retailer, device, claimed=claimed)
    return certificate_request(new_credentials_key(), device, at_s=now_s(), claim=signed)


async def answered(desk: EnrolDesk, requests: Sequence[x509.CertificateSigningRequest]) -> float:
    begin_s = time.perf_counter()
    for each in requests:
        assert isinstance(await desk.enrol(each, peer=HOST), Issued)
    return len(requests) / (time.perf_counter() - begin_s)


def timed(count: int, work: Callable[[], object]) -> float:
    begin_s = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - begin_s)


def measure_starts(rounds: int) -> None:
    print("\nStart of a process and its memory")
    for what, imports in _STARTS.items():
        program = (
            "import time; begin = time.perf_counter(); "
            f"{imports}; took = time.perf_counter() - begin; "
            # not ru_maxrss: that remembers the process which started this one
            "peak = next(l for l in open('/proc/self/status') if l.startswith('VmHWM')); "
            "print(took, peak.split()[1])"
        )
        found = []
        for _ in range(rounds):
            run = subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=True
            )
            seconds, kilobytes = run.stdout.split()
            found.append((float(seconds), int(kilobytes)))
        took_s, memory = min(found)
        print(f"  {what:44} {took_s * 1_000:6.0f} ms {memory / 1_024:6.0f} MB")


def certificates(chain: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(chain)


def openssl_speed(seconds: int) -> dict[str, float]:
    """Signatures and verifications a second of P-256, by openssl itself."""
    if OPENSSL is None:
        return {"sign": float("inf"), "verify": float("inf")}
    run = subprocess.run(
        [OPENSSL, "speed", "-seconds", str(seconds), "ecdsap256"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    sign, verify = run.stdout.split()[-2:]
    return {"sign": float(sign), "verify": float(verify)}


if __name__ == "__main__":
    main()
