"""The table `[line]` as an operator writes it, what it opens, what an administrator does there."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gridplus.chain import Account, RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.contracts import registry
from gridplus.failures import GridPlusError, InputError
from gridplus.hub.line import LineConfig as HubLineConfig
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.retailer.authority import found_authority
from gridplus.retailer.enrolment import LineConfig, OpenLine, open_line
from gridplus.serving import explain
from gridplus.tariff import Fields
from gridplus.tls import new_credentials_key
from gridplus.wallet import Address
from gridplus.wallet.certificates import parse_certificates, parse_list
from tests.retailer.enrolment.place import ETHER, HOST, chain_of, now_s
from tests.retailer.served import CHAIN_ID

TOKEN = "0123456789abcdef" * 2
NOWHERE = Address(b"\x07" * 20)
TABLE = {
    "authority": "pki",
    "registry": f"0x{NOWHERE.hex()}",
    "hosts": ["127.0.0.1", "retailer.example"],
    "port": 0,
    "enrol_port": 0,
    "relay_keys": "keys",
    "relay_key_name": "relay",
    "hub": "https://hub",
    "chain": "http://chain",
}
HUB_TABLE = {"folder": "line", "host": "hub.example", "port": 1, "registry": TABLE["registry"]}


def read(folder: Path, **changes: object) -> LineConfig:
    said = {name: value for name, value in {**TABLE, **changes}.items() if value is not None}
    return LineConfig.read(Fields(said, "retailer.toml.line"), folder)


def test_a_table_names_places_relative_to_its_file(tmp_path: Path) -> None:
    config = read(tmp_path, port=8445)
    assert (config.authority, config.relay_keys) == (tmp_path / "pki", tmp_path / "keys")
    assert (config.registry, config.url) == (NOWHERE, "https://127.0.0.1:8445")
    hub = HubLineConfig.read(Fields({**HUB_TABLE}, "hub.toml.line"), tmp_path)
    assert (hub.folder, hub.host, hub.port, hub.registry) == (
        tmp_path / "line",
        "hub.example",
        1,
        NOWHERE,
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": "red"}, r"line\.colour: is not a known key"),
        ({"authority": None}, r"line\.authority: is missing"),
        ({"hosts": []}, r"line\.hosts: names nobody"),
        ({"hosts": "127.0.0.1"}, r"line\.hosts: must be"),
        ({"port": 65_536}, r"line\.port: must be an integer from 0 to 65535"),
        ({"registry": "0x07"}, r"line\.registry: must be"),
    ],
)
def test_a_mistake_in_a_table_is_named_with_its_place(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        read(tmp_path, **change)


def test_a_mistake_in_the_hubs_table_is_named_with_its_place(tmp_path: Path) -> None:
    for change in ({"port": -1}, {"host": 7}, {"registry": "7"}, {"colour": "red"}):
        (name,) = change
        with pytest.raises(InputError, match=rf"hub\.toml\.line\.{name}: "):
            HubLineConfig.read(Fields({**HUB_TABLE, **change}, "hub.toml.line"), tmp_path)


@dataclass
class Opened:
    """A line that is open, and its administrator's way in; `heard` is what the hub was asked."""

    line: OpenLine
    heard: list[tuple[str, bytes]]

    def ask(self, path: str, said: object) -> httpx.Response:
        return self.send("POST", path, said, token=TOKEN)

    def send(self, method: str, path: str, said: object, *, token: str) -> httpx.Response:
        async def sent() -> httpx.Response:
            troubles = {InputError: explain(400), GridPlusError: explain(502)}
            app = Starlette(routes=self.line.routes(TOKEN), exception_handlers=troubles)
            way = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=way, base_url="http://retailer") as client:
                bearer = {"authorization": f"Bearer {token}"}
                return await client.request(method, path, json=said, headers=bearer)

        return asyncio.run(sent())

    def revoked(self, serial: int) -> bool:
        answer = self.send("GET", "/pki/issuing.crl", {}, token="")
        issuing = parse_list(answer.content, what="the list")
        return issuing.get_revoked_certificate_by_serial_number(serial) is not None


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder, heard = tmp_path_factory.mktemp("opening"), list[tuple[str, bytes]]()
    relay = KeyStore(folder / "keys").create("relay", Secp256k1Key)
    found_authority(folder / "pki", name="Test Energy", now_s=now_s())

    async def hub(request: Request) -> Response:
        heard.append((request.url.path, await request.body()))
        return Response(b'{"said": "by the hub"}', status_code=409)

    app = Starlette(routes=[Route("/{path:path}", hub, methods=["POST"])])
    behind = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hub")
    with ExitStack() as stack:
        url = stack.enter_context(chain_of(folder, {relay.address: ETHER}))
        chain = stack.enter_context(RpcChain(url))
        contract = Account(relay, chain).deploy(registry.init_code(relay.address))
        config = read(folder, registry=f"0x{contract.hex()}")
        deployment = Deployment(CHAIN_ID, *(Address(bytes([n]) * 20) for n in range(1, 5)))
        line = open_line(config, behind, chain_url=url, deployment=deployment, opened=stack)
        yield Opened(line, heard)


def request_of(key: ec.EllipticCurvePrivateKey | None = None) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = builder.sign(key or new_credentials_key(), SHA256())
    return b64encode(made.public_bytes(Encoding.DER)).decode()


def certified(opened: Opened) -> x509.Certificate:
    answer = opened.ask("/v1/admin/endpoints", {"request": request_of(), "hosts": [HOST]})
    assert answer.status_code == 200, answer.text
    leaf, issuing, root = parse_certificates(answer.content, what="the chain")
    assert (leaf.issuer, issuing.issuer) == (issuing.subject, root.subject)
    return leaf


def test_an_administrator_has_an_endpoint_certified_and_revoked(opened: Opened) -> None:
    serial = certified(opened).serial_number
    order = {"serial": f"{serial:x}", "reason": "key-compromise"}
    assert not opened.revoked(serial)
    assert opened.ask("/v1/admin/revocations", order).json() == {"revoked": f"{serial:x}"}
    assert opened.revoked(serial)
    assert opened.ask("/v1/admin/revocations", order).status_code == 200


def test_an_order_that_cannot_be_followed_is_told_why_and_revokes_nothing(opened: Opened) -> None:
    serial = certified(opened).serial_number
    for said, why in (
        ({"serial": "abc", "reason": "key-compromise"}, "was not issued here"),
        ({"serial": "no number", "reason": "key-compromise"}, "serial"),
        ({"serial": f"{serial:x}", "reason": "a whim"}, "reason"),
        ({"serial": f"{serial:x}"}, "reason"),
        ({"serial": f"{serial:x}", "reason": "superseded", "also": 1}, "also"),
    ):
        answer = opened.ask("/v1/admin/revocations", said)
        assert (answer.status_code, why in answer.text) == (400, True), answer.text
    assert not opened.revoked(serial)


def test_an_endpoint_needs_a_host_and_a_key_of_the_profile(opened: Opened) -> None:
    p384 = request_of(ec.generate_private_key(ec.SECP384R1()))
    for said, why in (
        ({"request": "!", "hosts": [HOST]}, "not base64"),
        ({"request": "AAAA", "hosts": [HOST]}, "the request"),
        ({"request": p384, "hosts": [HOST]}, "not P-256"),
        ({"request": request_of(), "hosts": []}, "at least one host"),
    ):
        answer = opened.ask("/v1/admin/endpoints", said)
        assert (answer.status_code, why in answer.text) == (400, True), answer.text


def test_a_stranger_orders_nothing(opened: Opened) -> None:
    for path in ("/v1/admin/revocations", "/v1/admin/endpoints"):
        assert opened.send("POST", path, {}, token="0" * 32).status_code == 401


def test_what_owners_ask_reaches_the_hub_as_it_came_and_nothing_else_does(opened: Opened) -> None:
    opened.heard.clear()
    for path in ("/v1/orders", "/v1/words"):
        answer = opened.ask(path, {"from": "an owner"})
        assert (answer.status_code, answer.json()) == (409, {"said": "by the hub"})
    body = b'{"from":"an owner"}'
    assert [(path, said.replace(b" ", b"")) for path, said in opened.heard] == [
        ("/v1/orders", body.replace(b" ", b"")),
        ("/v1/words", body.replace(b" ", b"")),
    ]
    assert opened.ask("/v1/reads", {}).status_code == 404
    assert opened.ask("/v1/orders", {"large": "x" * 20_000}).status_code == 400
    assert len(opened.heard) == 2
