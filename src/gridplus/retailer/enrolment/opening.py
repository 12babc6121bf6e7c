"""Authority, registry, desk and doors, opened from the table `[line]` and kept fresh."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.chain import Account, RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.chain.epochs import Epochs
from gridplus.clock import SystemClock
from gridplus.digest import Document, parse_document
from gridplus.failures import InputError
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.retailer.authority import Authority, RevocationReason
from gridplus.retailer.authority.records import parse_serial
from gridplus.retailer.enrolment.desk import EnrolDesk, RegistryLink
from gridplus.retailer.enrolment.est import EstApp
from gridplus.retailer.enrolment.lines import LineConfig, Lines
from gridplus.retailer.enrolment.owners import OwnersWay
from gridplus.serving import read_body, require_bearer
from gridplus.tariff import Fields, format_octets
from gridplus.wallet.certificates import parse_request

_ORDER_LIMIT = 16_384


@dataclass(frozen=True, slots=True)
class OpenLine:
    """What a retailer with doors has more than one without."""

    est: EstApp
    lines: Lines
    owners: OwnersWay

    def routes(self, admin_token: str | None) -> list[Route]:
        """For everybody, and for the administrator."""
        orders = (("revocations", self._revoke), ("endpoints", self._certify))
        return [
            *self.est.routes(),
            *self.owners.routes(),
            *(
                Route(f"/v1/admin/{name}", require_bearer(admin_token, order), methods=["POST"])
                for name, order in orders
            ),
        ]

    async def _revoke(self, request: Request) -> Response:
        fields = await _order(request)
        serial = parse_serial(fields.text("serial"))
        reason = RevocationReason(fields.choice("reason", list(RevocationReason)))
        fields.close()
        await self.lines.revoke(serial, reason=reason)
        return JSONResponse({"revoked": f"{serial:x}"})

    async def _certify(self, request: Request) -> Response:
        """A chain up to the root, in PEM."""
        fields = await _order(request)
        asked, hosts = fields.text("request"), fields.texts("hosts", limit=16)
        fields.close()
        try:
            der = b64decode(asked, validate=True)
        except ValueError:
            raise InputError("the request is not base64") from None
        pem = await self.lines.certify(parse_request(der, what="the request"), hosts=hosts)
        return Response(pem, media_type="application/pem-certificate-chain")


async def _order(request: Request) -> Fields:
    body = await read_body(request, limit=_ORDER_LIMIT)
    return Fields(parse_document(body, limit=_ORDER_LIMIT, what="the order"), "the order")


def open_line(
    config: LineConfig,
    hub: httpx.AsyncClient,
    *,
    chain_url: str,
    deployment: Deployment,
    opened: ExitStack,
) -> OpenLine:
    """`hub` reaches the hub's loopback port; `opened` closes what it needs. Raises StorageError,
    InputError, RemoteError."""
    now_s = SystemClock().now_s
    chain = opened.enter_context(RpcChain(chain_url))
    reader = opened.enter_context(RpcChain(chain_url))
    key = KeyStore(config.relay_keys).load(config.relay_key_name, Secp256k1Key)
    authority = opened.enter_context(Authority.open(config.authority, now_s=now_s))
    epochs = Epochs(reader, config.registry)
    epochs.refresh()
    link = RegistryLink(chain, config.registry, Account(key, chain))
    desk = EnrolDesk(authority, link, now_s=now_s)
    about: dict[str, Document] = {
        "deployment": deployment.document(),
        "registry": format_octets(config.registry),
        "hub": config.hub,
        "line": config.url,
        "chain": config.chain,
    }
    return OpenLine(EstApp(desk, about=about), Lines(desk, epochs, config=config), OwnersWay(hub))


@asynccontextmanager
async def kept_fresh(line: OpenLine | None) -> AsyncIterator[None]:
    """While the service runs."""
    if line is None:
        yield
        return
    keeping = asyncio.create_task(line.lines.keep())
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
