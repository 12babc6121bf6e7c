"""Who a Smart Agent is on the line: enrolled over EST, certified for weeks, renewed by itself.

The device's key stays in its store or token. It vouches for a line key that is made here, in
memory, at every start and every renewal; a disk that is stolen opens no line.
"""

from base64 import b64decode, encodebytes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, SSLContext
from typing import Final, Self, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from gridplus.agent.links import Link, Unreachable
from gridplus.chain.deployment import Deployment
from gridplus.digest import parse_document
from gridplus.failures import InputError, RemoteError, invariant
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.tariff import Fields
from gridplus.tls import ClientContext, Credentials, new_credentials_key
from gridplus.wallet import Address, Enrolment, attestation_digest, registry_domain
from gridplus.wallet.certificates import (
    Claim,
    LineVoucher,
    Purpose,
    Refused,
    Trust,
    device_public,
    extension,
    line_message,
    parse_list,
    verify_chain,
)

EST: Final = "/.well-known/est"
_LIMIT = 65_536
_LIST_LIMIT = 8 << 20
_PKCS10 = {"content-type": "application/pkcs10"}
RENEWED_AFTER: Final = 0.6
"""Of a certificate's life; two thirds are never reached by an agent that is on line."""


class EnrolmentRefused(RemoteError):  # noqa: N818 - says what happened
    """The retailer certifies nothing; the sentence is its own. Asking again changes nothing."""


@dataclass(frozen=True, slots=True)
class Retailer:
    """What a box must know of a retailer, from its enrolment door, under the root's word."""

    trust: Trust
    issuing: x509.Certificate
    deployment: Deployment
    registry: Address
    hub: str
    line: str
    chain: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root, which a person can compare with what the retailer published."""
        return self.trust.roots[0].fingerprint(SHA256()).hex()


@dataclass(frozen=True, slots=True)
class Claimed:
    """The box's claim key, for an owner, in the device's next epoch."""

    key: Secp256k1Key
    owner: Address
    epoch: int = 0


async def meet(url: str, *, root: bytes | None, now_s: Callable[[], int]) -> Retailer:
    """The retailer behind an enrolment door. `root` is the SHA-256 of its root when it is known;
    None believes the first that answers, and the caller pins it.

    Raises Unreachable; RemoteError for another root, or an endpoint that is not the root's.
    """
    stranger = _stranger(url)
    try:
        authority, issuing = _authorities(await stranger.get(f"{EST}/cacerts", limit=_LIMIT))
        if root is not None and authority.fingerprint(SHA256()) != root:
            raise RemoteError(f"{url} shows another root than the one that is pinned")
        lists = await _lists(stranger, root=authority, issuing=issuing)
    finally:
        await stranger.aclose()
    trust = Trust((authority,), lists)
    link = Link("retailer", url, tls=ClientContext(credentials=None, trust=trust, now_s=now_s))
    try:
        told = await link.get("/v1/retailer", limit=_LIMIT)
    finally:
        await link.aclose()
    return _retailer(told, trust=trust, issuing=issuing)


class Identity:
    """A device's certificate in use. `context` is for every link to this retailer's services."""

    def __init__(
        self,
        retailer: Retailer,
        device: DeviceKey,
        *,
        credentials: Credentials,
        now_s: Callable[[], int],
    ) -> None:
        """Use `enrol`."""
        self.retailer = retailer
        self._device = device
        self._now_s = now_s
        self.credentials = credentials
        self._leaf = _leaf(credentials)
        self.context = ClientContext(credentials=credentials, trust=retailer.trust, now_s=now_s)

    @classmethod
    async def enrol(
        cls,
        url: str,
        retailer: Retailer,
        *,
        device: DeviceKey,
        now_s: Callable[[], int],
        claimed: Claimed | None = None,
    ) -> Self:
        """Certified at the enrolment door `url`: `claimed` for the first time, or again at every
        start. Raises EnrolmentRefused, RemoteError, Unreachable."""
        claim = None if claimed is None else signed_claim(retailer, device, claimed=claimed)
        door = ClientContext(credentials=None, trust=retailer.trust, now_s=now_s)
        link = Link("retailer", url, tls=door)
        ask = partial(_certified, link, by="simpleenroll")
        credentials = await _asked(ask, retailer, device=device, now_s=now_s, claim=claim)
        return cls(retailer, device, credentials=credentials, now_s=now_s)

    @property
    def certificate(self) -> x509.Certificate:
        return self._leaf

    def is_due(self) -> bool:
        """Whether it is time to renew."""
        begin, end = self._leaf.not_valid_before_utc, self._leaf.not_valid_after_utc
        life = (end - begin) // timedelta(seconds=1)
        due_s = int(begin.timestamp()) + int(life * RENEWED_AFTER)
        return self._now_s() >= due_s

    async def renew(self) -> None:
        """A new line key, certified on the line of the old one. Raises as `enrol`; then the old
        one stays in use."""
        link = Link("retailer", self.retailer.line, tls=self.context)
        await self._certify(partial(_certified, link, by="simplereenroll"))

    async def start_again(self, url: str) -> None:
        """The same at the enrolment door, for a line that is believed no more: its certificate ran
        out, or the lists that it goes by did."""
        stranger = _stranger(url)
        try:
            known = self.retailer
            root = known.trust.roots[0]
            lists = await _lists(stranger, root=root, issuing=known.issuing)
        finally:
            await stranger.aclose()
        self.retailer = replace(known, trust=Trust((root,), lists))
        door = ClientContext(credentials=None, trust=self.retailer.trust, now_s=self._now_s)
        link = Link("retailer", url, tls=door)
        await self._certify(partial(_certified, link, by="simpleenroll"))

    async def refresh(self) -> None:
        """The newest revocation lists, from the line. Raises RemoteError, Unreachable; then the
        old ones stay in use."""
        known = self.retailer
        link = Link("retailer", known.line, tls=self.context)
        try:
            root = known.trust.roots[0]
            lists = await _lists(link, root=root, issuing=known.issuing)
        finally:
            await link.aclose()
        self.retailer = replace(known, trust=Trust((root,), lists))
        self.context.renew(self.credentials, self.retailer.trust)

    async def _certify(self, ask: "_Asking") -> None:
        self.credentials = await _asked(ask, self.retailer, device=self._device, now_s=self._now_s)
        self._leaf = _leaf(self.credentials)
        self.context.renew(self.credentials, self.retailer.trust)


def signed_claim(retailer: Retailer, device: DeviceKey, *, claimed: Claimed) -> Claim:
    """Both keys agree."""
    x, y = (int.from_bytes(half, "big") for half in (device.public[:32], device.public[32:]))
    key, owner, epoch = claimed.key.address, claimed.owner, claimed.epoch
    domain = registry_domain(retailer.deployment.chain_id, retailer.registry)
    digest = attestation_digest(domain, Enrolment(key, x, y, owner, epoch))
    return Claim(key, owner, epoch, claimed.key.sign(digest), device.sign(digest))


def certificate_request(
    key: ec.EllipticCurvePrivateKey, device: DeviceKey, *, at_s: int, claim: Claim | None
) -> x509.CertificateSigningRequest:
    """Signed by the line key, which the device vouches for; both are proven to be held."""
    public = device_public(key.public_key())
    invariant(public is not None, "a line key is a P-256 key")
    message = line_message(public or b"", made_at_s=at_s)
    voucher = LineVoucher(device.public, at_s, device.sign(message))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(extension(voucher), critical=False)
    if claim is not None:
        builder = builder.add_extension(extension(claim), critical=False)
    return builder.sign(key, SHA256())


def _stranger(url: str) -> Link:
    """A link on which nobody is believed: what comes over it is signed by itself."""
    unknown = SSLContext(PROTOCOL_TLS_CLIENT)
    unknown.check_hostname, unknown.verify_mode = False, CERT_NONE
    return Link("retailer", url, tls=unknown)


async def _lists(
    link: Link, *, root: x509.Certificate, issuing: x509.Certificate
) -> tuple[x509.CertificateRevocationList, ...]:
    """Of both authorities. Raises RemoteError for one that its authority did not sign."""
    found = list[x509.CertificateRevocationList]()
    for name, authority in (("root", root), ("issuing", issuing)):
        data = await link.get(f"/pki/{name}.crl", limit=_LIST_LIMIT)
        key = authority.public_key()
        try:
            made = parse_list(data, what=f"the retailer's {name}.crl")
        except InputError as error:
            raise RemoteError(str(error)) from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or not made.is_signature_valid(key):
            raise RemoteError(f"the retailer's {name}.crl is not signed by its authority")
        found.append(made)
    return tuple(found)


_Asking: TypeAlias = Callable[[x509.CertificateSigningRequest], Awaitable[x509.Certificate]]


async def _asked(
    ask: _Asking,
    retailer: Retailer,
    *,
    device: DeviceKey,
    now_s: Callable[[], int],
    claim: Claim | None = None,
) -> Credentials:
    """A new line key and its certificate, which `ask` brings."""
    key = new_credentials_key()
    request = certificate_request(key, device, at_s=now_s(), claim=claim)
    return _checked(await ask(request), key, retailer=retailer, now_s=now_s)


async def _certified(
    link: Link, request: x509.CertificateSigningRequest, *, by: str
) -> x509.Certificate:
    """The certificate that `link` gives for the request; then the link is closed."""
    body = encodebytes(request.public_bytes(Encoding.DER))
    try:
        status, answer = await link.send(
            "POST", f"{EST}/{by}", content=body, headers=_PKCS10, limit=_LIMIT
        )
    finally:
        await link.aclose()
    if status >= 500:
        raise Unreachable(f"the retailer cannot enrol now: {answer[:200].decode(errors='replace')}")
    if status != 200:
        said = answer[:300].decode(errors="replace")
        raise EnrolmentRefused(f"the retailer does not certify this device: {said}")
    return _certificates(answer)[0]


def _checked(
    leaf: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    *,
    retailer: Retailer,
    now_s: Callable[[], int],
) -> Credentials:
    """The line key with its chain. Raises RemoteError for a certificate that nobody would take."""
    chain = (leaf, retailer.issuing)
    verdict = verify_chain(
        [each.public_bytes(Encoding.DER) for each in chain],
        trust=retailer.trust,
        at=datetime.fromtimestamp(now_s(), UTC),
        purpose=Purpose.CLIENT,
    )
    if isinstance(verdict, Refused) or leaf.public_key() != key.public_key():
        raise RemoteError(f"the retailer's certificate is not good: {verdict}")
    return Credentials(b"".join(each.public_bytes(Encoding.PEM) for each in chain), key)


def _leaf(credentials: Credentials) -> x509.Certificate:
    return x509.load_pem_x509_certificates(credentials.chain)[0]


def _authorities(answer: bytes) -> tuple[x509.Certificate, x509.Certificate]:
    """Root and issuing authority, in whatever order they come."""
    found = sorted(_certificates(answer), key=lambda each: each.subject != each.issuer)
    if len(found) != 2 or found[0].subject != found[0].issuer:
        raise RemoteError("the retailer names no root and issuing authority")
    return found[0], found[1]


def _certificates(answer: bytes) -> list[x509.Certificate]:
    try:
        return pkcs7.load_der_pkcs7_certificates(b64decode(b"".join(answer.split())))
    except ValueError:
        raise RemoteError("the retailer answers with no certificates") from None


def _retailer(data: bytes, *, trust: Trust, issuing: x509.Certificate) -> Retailer:
    try:
        fields = Fields(parse_document(data, limit=_LIMIT, what="the retailer"), "the retailer")
        made = Retailer(
            trust=trust,
            issuing=issuing,
            deployment=Deployment.parse(fields.take("deployment"), what="the deployment"),
            registry=Address(fields.octets("registry", 20)),
            hub=fields.text("hub"),
            line=fields.text("line"),
            chain=fields.text("chain"),
        )
        fields.close()
    except InputError as error:
        raise RemoteError(f"the retailer says of itself what makes no sense: {error}") from None
    return made
