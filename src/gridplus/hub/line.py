"""The hub's door for devices: its endpoint's certificate, the lists and epochs it judges them by.

The operator puts `endpoint.pem` (chain), `endpoint.key` and `root.pem` into a folder, which
`gridplus pki endpoint` makes, and again in time; the hub notices. The newest lists are fetched from
the retailer, checked when they are used, and kept beside for a start without it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gridplus.chain import Chain
from gridplus.chain.epochs import Epochs
from gridplus.clock import SystemClock
from gridplus.failures import InputError, RemoteError, StorageError
from gridplus.files import read_file, write_file
from gridplus.hub.chores import Chore
from gridplus.serving import Door, is_bearer
from gridplus.tariff import Fields
from gridplus.tls import Credentials, ServerContext
from gridplus.wallet import Address
from gridplus.wallet.certificates import Trust, parse_certificates, parse_list

LINE_DOOR: Final = "line"
EPOCHS_S: Final = 2
LISTS_S: Final = 15
LISTS: Final = ("root.crl", "issuing.crl")
MOST_LIST_BYTES: Final = 8 << 20


_WAYS_OF_HOMES: Final = (
    "/v1/channels",
    "/v1/reads",
    "/v1/vouchers",
    "/v1/batches",
    "/v1/restatements",
    "/v1/joins",
    "/v1/stream",
)


class LineGuard:
    """ASGI middleware of a hub with a line: homes speak there and nowhere else; what is left on
    loopback is for the retailer itself. To a shard the coordinator, whose `token` it brings, passes
    on what came over the line."""

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_plain = scope["type"] == "http" and "door" not in scope.get("state", {})
        is_shut = is_plain and scope["path"].startswith(_WAYS_OF_HOMES)
        if is_shut and not is_bearer(Request(scope), self._token):
            said = {"error": "homes speak over the line, by mutual TLS; this port is not for them"}
            await JSONResponse(said, status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class LineConfig:
    """The table `[line]` of the hub's file."""

    folder: Path
    host: str
    port: int
    registry: Address

    @classmethod
    def read(cls, fields: Fields, here: Path) -> "LineConfig":
        """Raises InputError that names the field."""
        made = cls(
            folder=here / fields.text("folder"),
            host=fields.text("host"),
            port=fields.integer("port", high=65_535),
            registry=Address(fields.octets("registry", 20)),
        )
        fields.close()
        return made


class HubLine:
    """Judges by what `keep` brings; without lists nobody is believed."""

    def __init__(self, config: LineConfig, chain: Chain) -> None:
        """Raises StorageError or InputError for a folder that is not whole, RemoteError."""
        self._config = config
        self._epochs = Epochs(chain, config.registry)
        self._epochs.refresh()
        self._seen = self._state()
        self._context = ServerContext(
            credentials=self._credentials(),
            trust=self._trust(),
            mutual=True,
            now_s=SystemClock().now_s,
        )

    def door(self) -> Door:
        return Door(LINE_DOOR, self._config.host, self._config.port, self._context)

    def chores(self, retailer: httpx.AsyncClient) -> dict[str, Chore]:
        """What keeps it fresh."""
        return {
            "epochs": Chore(partial(asyncio.to_thread, self._epochs.refresh), EPOCHS_S),
            "revocation lists": Chore(partial(self._refresh, retailer), LISTS_S),
        }

    async def _refresh(self, retailer: httpx.AsyncClient) -> None:
        """New lists, and new credentials if the operator has brought some. Raises RemoteError for
        lists that do not come; the old ones stay."""
        try:
            for name in LISTS:
                await self._fetch(name, retailer)
        finally:
            state = await asyncio.to_thread(self._state)
            if state != self._seen:
                self._seen = state
                self._context.renew(self._credentials(), self._trust())

    async def _fetch(self, name: str, retailer: httpx.AsyncClient) -> None:
        try:
            answer = await retailer.get(f"/pki/{name}")
            answer.raise_for_status()
            if len(answer.content) > MOST_LIST_BYTES:
                raise RemoteError(f"the retailer's {name} is too large")
            parse_list(answer.content, what=f"the retailer's {name}")
        except (httpx.HTTPError, InputError) as error:
            raise RemoteError(f"the retailer gives no {name}: {error}") from None
        path = self._config.folder / name
        if not path.exists() or path.read_bytes() != answer.content:
            await asyncio.to_thread(write_file, path, answer.content)

    def _state(self) -> tuple[bytes, ...]:
        names = ("endpoint.pem", "endpoint.key", "root.pem", *LISTS)
        found = (self._config.folder / name for name in names)
        return tuple(path.read_bytes() if path.exists() else b"" for path in found)

    def _credentials(self) -> Credentials:
        path = self._config.folder / "endpoint.key"
        if path.exists() and path.stat().st_mode & 0o077:
            raise StorageError(f"{path} can be read by others; run: chmod 600 {path}")
        try:
            key = serialization.load_pem_private_key(read_file(path), password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise InputError(f"{path} holds no private key of an elliptic curve")
        return Credentials(read_file(self._config.folder / "endpoint.pem"), key)

    def _trust(self) -> Trust:
        path = self._config.folder / "root.pem"
        roots = parse_certificates(read_file(path), what=str(path))
        lists: list[x509.CertificateRevocationList] = []
        for name in LISTS:
            with suppress(StorageError):  # not fetched yet
                lists.append(parse_list(read_file(self._config.folder / name), what=name))
        epochs: Mapping[bytes, int] = self._epochs
        return Trust(roots, tuple(lists), epochs)
