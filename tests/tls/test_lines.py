"""Who may speak over mutual TLS, and what everybody else is told."""

import socket
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ssl import (
    MemoryBIO,
    SSLContext,
    SSLError,
    SSLSession,
    SSLSocket,
    SSLWantReadError,
    TLSVersion,
)

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from gridplus.failures import InputError
from gridplus.tls import ClientContext, Credentials, ServerContext
from gridplus.tls.words import LINES_A_MINUTE, Refusals
from gridplus.wallet.certificates import (
    Distrust,
    Trust,
    device_id,
    device_public,
    parse_certificates,
)
from tests.tls.lines import NAME, Client, ask, endpoint, now_s, pem, served
from tests.wallet.certificates.forge import DAY, Made, Wish, World, authority_wish, make

NOW = datetime.now(UTC).replace(microsecond=0)


def device_wish(**changes: object) -> Wish:
    wish = Wish(begin=NOW - DAY, end=NOW + 29 * DAY)
    for field, value in changes.items():
        setattr(wish, field, value)
    return wish


def id_of(made: Made) -> bytes:
    public = device_public(made.certificate.public_key())
    assert public is not None
    return device_id(public)


class Scene:
    """An authority, its line, and one device of each kind that it must tell apart."""

    def __init__(self) -> None:
        self.world = World(now=NOW)
        self.revoked = make(device_wish(), by=self.world.issuing)
        self.stale = make(device_wish(), by=self.world.issuing)

    def server(self, trust: Trust | None = None) -> ServerContext:
        return ServerContext(
            credentials=endpoint(self.world),
            trust=trust or self.trust(),
            mutual=True,
            now_s=now_s,
        )

    def trust(self, *more: int) -> Trust:
        serial = self.revoked.certificate.serial_number
        return self.world.trust(serial, *more, epochs={id_of(self.stale): 3})

    def good(self) -> list[Made]:
        return [self.world.device, self.world.issuing]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


@pytest.fixture(scope="module")
def port(scene: Scene) -> Iterator[int]:
    with served(scene.server()) as port:
        yield port


Presented = Callable[[Scene], list[Made]]


def nothing(_scene: Scene) -> list[Made]:
    return []


def wished(**changes: object) -> Presented:
    return lambda scene: [make(device_wish(**changes), by=scene.world.issuing), scene.world.issuing]


def of_another_world(_scene: Scene) -> list[Made]:
    world = World(now=NOW)
    return [world.device, world.issuing]


def of_a_namesake(scene: Scene) -> list[Made]:
    """An authority with the names of ours and a key of its own, its root left out."""
    namesake = World(now=NOW)
    return [namesake.device, scene.world.issuing]


def under_a_leaf(scene: Scene) -> list[Made]:
    device = make(device_wish(), by=scene.world.device)
    return [device, scene.world.device, scene.world.issuing]


def under_one_more_authority(scene: Scene) -> list[Made]:
    between = make(authority_wish("Sub", 0, begin=NOW - DAY, end=NOW + DAY), by=scene.world.issuing)
    return [make(device_wish(), by=between), between, scene.world.issuing]


def with_baggage(scene: Scene) -> list[Made]:
    return [*scene.good(), scene.world.root, *(World(now=NOW).root for _ in range(3))]


def oversized(scene: Scene) -> list[Made]:
    names = [f"urn:gridplus:{i}:{'x' * 4_000}" for i in range(4)]
    return [make(device_wish(names=uris(names)), by=scene.world.issuing), scene.world.issuing]


def far_oversized(scene: Scene) -> list[Made]:
    names = [f"urn:gridplus:{i}:{'x' * 4_000}" for i in range(30)]
    return [make(device_wish(names=uris(names)), by=scene.world.issuing), scene.world.issuing]


def uris(texts: list[str]) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(each) for each in texts]


def pathological(scene: Scene) -> list[Made]:
    """Authorities that have all one name and sign one another in every order."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(6)]
    wish = authority_wish("Test issuing", None, begin=NOW - DAY, end=NOW + DAY)
    tops = [make(authority_wish("Test issuing", None, key=key, begin=NOW - DAY)) for key in keys]
    mesh = []
    for key in keys:
        for top in tops:
            wish.key = key
            mesh.append(make(wish, by=top))
    return [make(device_wish(), by=tops[0]), *mesh]


def revoked(scene: Scene) -> list[Made]:
    return [scene.revoked, scene.world.issuing]


def of_an_old_epoch(scene: Scene) -> list[Made]:
    return [scene.stale, scene.world.issuing]


CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
RSA_1024 = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - weak on purpose
RSA_2048 = rsa.generate_private_key(65_537, 2_048)
P384 = ec.generate_private_key(ec.SECP384R1())
BAD, UNKNOWN_CA = "SSLV3_ALERT_BAD_CERTIFICATE", "TLSV1_ALERT_UNKNOWN_CA"
MATRIX = {
    "none": (nothing, "TLSV13_ALERT_CERTIFICATE_REQUIRED", "NO_CERTIFICATE"),
    "expired": (
        wished(begin=NOW - 9 * DAY, end=NOW - DAY),
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "EXPIRED",
    ),
    "not yet valid": (wished(begin=NOW + DAY), BAD, "NOT_YET_VALID"),
    "for servers": (
        wished(usages=[SERVER]),
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "WRONG_PURPOSE",
    ),
    "for clients and servers": (wished(usages=[CLIENT, SERVER]), BAD, "OTHER_PURPOSES_TOO"),
    "a CA of the same name": (of_a_namesake, UNKNOWN_CA, "FOREIGN_ISSUER"),
    "a leaf as a CA": (under_a_leaf, UNKNOWN_CA, "NOT_AN_AUTHORITY"),
    "one more authority": (under_one_more_authority, UNKNOWN_CA, "NOT_AN_AUTHORITY"),
    "RSA 1024": (wished(key=RSA_1024), BAD, "WEAK_KEY"),
    "RSA 2048": (wished(key=RSA_2048), BAD, "WEAK_KEY"),
    "P-384": (wished(key=P384), BAD, "WEAK_KEY"),
    "revoked": (revoked, "SSLV3_ALERT_CERTIFICATE_REVOKED", "REVOKED"),
    "an old epoch": (of_an_old_epoch, BAD, "OLD_EPOCH"),
    "a foreign issuer": (of_another_world, UNKNOWN_CA, "FOREIGN_ISSUER"),
    "over-long": (with_baggage, BAD, "TOO_MANY"),
    "oversized": (oversized, BAD, "TOO_LARGE"),
    "far oversized": (far_oversized, "SSLV3_ALERT_ILLEGAL_PARAMETER", "TOO_LARGE"),
    "pathological": (pathological, BAD, "TOO_MANY"),
}


@pytest.mark.parametrize("kind", MATRIX)
def test_a_peer_that_is_not_believed_gets_the_alert_that_fits_and_a_line_in_words(
    kind: str, scene: Scene, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    present, alert, name = MATRIX[kind]
    assert Client(scene.world, present(scene)).ask(port) == alert
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"a peer was refused: {name}: ")
    assert Distrust[name].value in said


@pytest.mark.parametrize("version", [TLSVersion.TLSv1_2, TLSVersion.TLSv1_3])
def test_a_good_device_is_named(version: TLSVersion, scene: Scene, port: int) -> None:
    device = id_of(scene.world.device).hex()
    answer = Client(scene.world, scene.good(), version).ask(port)
    assert answer == f"urn:gridplus:device:{device}:0"


def test_tls_1_2_refuses_the_same_peers(scene: Scene, port: int) -> None:
    for kind in ("revoked", "a foreign issuer", "an old epoch", "over-long"):
        present, alert, _name = MATRIX[kind]
        chain = present(scene)
        assert Client(scene.world, chain, TLSVersion.TLSv1_2).ask(port) == alert
    without = Client(scene.world, (), TLSVersion.TLSv1_2)
    assert without.ask(port) == "SSLV3_ALERT_HANDSHAKE_FAILURE"


@pytest.mark.parametrize("ciphers", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"])
def test_a_cipher_without_aead_finds_no_partner(ciphers: str, scene: Scene, port: int) -> None:
    context = Client(scene.world, scene.good(), TLSVersion.TLSv1_2).context()
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    assert attempt(context, port) == "SSLV3_ALERT_HANDSHAKE_FAILURE"


def test_plain_http_and_old_tls_get_nowhere(scene: Scene, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP" not in line.recv(1_000)
    context = Client(scene.world, scene.good()).context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = TLSVersion.TLSv1
        context.maximum_version = TLSVersion.TLSv1_1
    assert attempt(context, port) == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_a_session_is_resumed_by_who_is_still_believed(scene: Scene, port: int) -> None:
    context = Client(scene.world, scene.good()).context()
    with line_of(context, port) as first:
        expected = ask(first)
        session = first.session
    with line_of(context, port, session=session) as second:
        assert ask(second) == expected
        assert second.session_reused


def test_a_revocation_reaches_connections_and_sessions_that_are_open(scene: Scene) -> None:
    serial = scene.world.device.certificate.serial_number
    context = scene.server()
    client = Client(scene.world, scene.good())
    with served(context) as port, client.connected(port) as line:
        assert ask(line) != ""
        session = line.session
        context.renew(endpoint(scene.world), scene.trust(serial))
        assert ask(line) == ""
        assert client.ask(port) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
        assert attempt(line.context, port, session=session) == "SSLV3_ALERT_CERTIFICATE_REVOKED"


def test_without_a_revocation_list_nobody_is_believed(scene: Scene) -> None:
    blind = Trust((scene.world.root.certificate,))
    with served(scene.server(blind)) as port:
        assert Client(scene.world, scene.good()).ask(port) != ""
        assert "device" not in Client(scene.world, scene.good()).ask(port)


def test_a_client_believes_the_endpoint_that_it_dialled_and_no_other(scene: Scene) -> None:
    def meets(credentials: Credentials, trust: Trust) -> str:
        context = ServerContext(credentials=credentials, trust=trust, mutual=False, now_s=now_s)
        mine = ClientContext(credentials=None, trust=scene.trust(), now_s=now_s)
        with served(context) as port:
            return handshake(mine, port)

    good, trust = endpoint(scene.world), scene.trust()
    foreign = World(now=NOW)
    device = Credentials(pem(*scene.good()), scene.world.device.key)  # type: ignore[arg-type]
    leaf = parse_certificates(good.chain, what="the endpoint's chain")[0]
    assert meets(good, trust) == "good"
    assert "mismatch" in meets(endpoint(scene.world, "elsewhere.example"), trust)
    assert "issuer" in meets(endpoint(foreign), trust)
    assert "purpose" in meets(device, trust)
    mine = ClientContext(credentials=None, trust=scene.trust(leaf.serial_number), now_s=now_s)
    with served(ServerContext(credentials=good, trust=trust, mutual=False, now_s=now_s)) as port:
        assert "revoked" in handshake(mine, port)


def test_a_chain_and_a_key_that_do_not_fit_are_an_error_in_words(scene: Scene) -> None:
    good, other = endpoint(scene.world), endpoint(scene.world)
    with pytest.raises(InputError, match="do not fit"):
        ServerContext(
            credentials=Credentials(good.chain, other.key),
            trust=scene.trust(),
            mutual=True,
            now_s=now_s,
        )


def test_a_flood_of_strangers_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals()
    for _ in range(LINES_A_MINUTE + 40):
        refusals.tell("NO_CERTIFICATE: no certificate was presented")
    assert len(caplog.records) == LINES_A_MINUTE


def line_of(context: SSLContext, port: int, *, session: SSLSession | None = None) -> SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=5)
    return context.wrap_socket(plain, server_hostname=NAME, session=session)


def attempt(context: SSLContext, port: int, *, session: SSLSession | None = None) -> str:
    try:
        with line_of(context, port, session=session) as line:
            return ask(line)
    except SSLError as error:
        return str(error.reason)


def handshake(context: SSLContext, port: int) -> str:
    """With a client of ours, over memory as asyncio does it."""
    incoming, outgoing = MemoryBIO(), MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=NAME)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        while True:
            try:
                tls.do_handshake()
                return "good"
            except SSLWantReadError:
                plain.sendall(outgoing.read())
                incoming.write(plain.recv(65_536)) or incoming.write_eof()
            except SSLError as error:
                return str(error)
