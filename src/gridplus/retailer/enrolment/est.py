"""Enrolment over Secure Transport (RFC 7030), the revocation lists, and what a new box must know.

| path | who | what |
|---|---|---|
| /.well-known/est/cacerts | anybody | root and issuing authority |
| /.well-known/est/simpleenroll | anybody | a certificate for a request with a claim, or enrolled |
| /.well-known/est/simplereenroll | a device, on its line | the next certificate of that device |
| /pki/root.crl, /pki/issuing.crl | anybody | the newest lists, DER |
| /v1/retailer | anybody | contracts, registry, and where the lines are |
"""

from base64 import b64decode, encodebytes
from collections.abc import Mapping

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gridplus.digest import Document, canonical_json
from gridplus.failures import InputError
from gridplus.retailer.authority import Issued, IssueRefused
from gridplus.retailer.enrolment.desk import TRIES_S, EnrolDesk, EnrolRefusal
from gridplus.serving import read_body
from gridplus.tls import peer_at
from gridplus.wallet.certificates import MAX_REQUEST_BYTES, parse_request

EST = "/.well-known/est"
_PKCS10 = "application/pkcs10"
_BASE64 = {"Content-Transfer-Encoding": "base64"}


class EstApp:
    """Routes over a desk. `about` is told to whoever asks what this retailer is."""

    def __init__(self, desk: EnrolDesk, *, about: Mapping[str, Document]) -> None:
        self._desk = desk
        self._about = canonical_json({**about})

    def routes(self) -> list[Route]:
        return [
            Route(f"{EST}/cacerts", self._cacerts),
            Route(f"{EST}/simpleenroll", self._enrol, methods=["POST"]),
            Route(f"{EST}/simplereenroll", self._renew, methods=["POST"]),
            Route("/pki/{name}.crl", self._list),
            Route("/v1/retailer", self._tell),
        ]

    async def _tell(self, _request: Request) -> Response:
        return Response(self._about, media_type="application/json")

    async def _cacerts(self, _request: Request) -> Response:
        authority = self._desk.authority
        made = pkcs7.serialize_certificates([authority.root, authority.issuing], Encoding.DER)
        return _certs(made)

    async def _list(self, request: Request) -> Response:
        lists = dict(zip(("root", "issuing"), self._desk.authority.trust().lists, strict=True))
        found = lists.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("no such list", status_code=404)
        return Response(found.public_bytes(Encoding.DER), media_type="application/pkix-crl")

    async def _enrol(self, request: Request) -> Response:
        asked = parse_request(await _pkcs10(request), what="the request")
        peer = "" if request.client is None else request.client.host
        return _answer(await self._desk.enrol(asked, peer=peer))

    async def _renew(self, request: Request) -> Response:
        peer = peer_at(request.scope)
        device = None if peer is None else peer.device()
        if device is None:
            return PlainTextResponse("ask on the line of the device", status_code=403)
        asked = parse_request(await _pkcs10(request), what="the request")
        return _answer(await self._desk.renew(asked, device=device))


async def _pkcs10(request: Request) -> bytes:
    """The request in DER. Base64 is the only encoding of EST (RFC 8951, section 3.1)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _PKCS10:
        raise InputError(f"send {_PKCS10}")
    body = await read_body(request, limit=2 * MAX_REQUEST_BYTES)
    try:
        return b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        raise InputError("the body is not base64") from None


def _answer(answer: Issued | EnrolRefusal | IssueRefused) -> Response:
    if isinstance(answer, Issued):
        return _certs(pkcs7.serialize_certificates([answer.certificate], Encoding.DER))
    said = f"{answer.name}: {answer.value}"
    if answer is EnrolRefusal.TOO_MANY_TRIES:
        return PlainTextResponse(said, status_code=429, headers={"Retry-After": str(TRIES_S)})
    return PlainTextResponse(said, status_code=403)


def _certs(der: bytes) -> Response:
    kind = "application/pkcs7-mime; smime-type=certs-only"
    return Response(encodebytes(der), headers={"Content-Type": kind, **_BASE64})
