"""A certificate for a server of the retailer's, from the authority's folder or its service."""

import base64
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gridplus.clock import SystemClock
from gridplus.digest import canonical_json
from gridplus.failures import InputError, RemoteError
from gridplus.files import write_file
from gridplus.keystore import read_token
from gridplus.retailer.authority.authority import Authority, IssueRefused
from gridplus.tls import new_credentials_key
from gridplus.wallet.certificates import parse_certificates


def make_endpoint(
    authority: str, *, hosts: tuple[str, ...], out: Path, token: Path | None
) -> x509.Certificate:
    """The new certificate, written with its key and root. Raises InputError, StorageError,
    RemoteError."""
    key = new_credentials_key()
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.sign(key, SHA256())
    if authority.startswith("http"):
        pem = _asked(authority, request, hosts=hosts, token=token)
    else:
        pem = _issued(Path(authority), request, hosts=hosts)
    leaf, *above = parse_certificates(pem, what="the chain")
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_file(out / "endpoint.key", secret)
    write_file(out / "root.pem", above.pop().public_bytes(Encoding.PEM))
    chain = (leaf, *above)
    write_file(out / "endpoint.pem", b"".join(c.public_bytes(Encoding.PEM) for c in chain))
    return leaf


def _issued(
    folder: Path, request: x509.CertificateSigningRequest, *, hosts: tuple[str, ...]
) -> bytes:
    with Authority.open(folder, now_s=SystemClock().now_s) as opened:
        answer = opened.issue_endpoint(request, hosts=hosts)
        if isinstance(answer, IssueRefused):
            raise InputError(f"refused: {answer.value}")
        return answer.pem + opened.root.public_bytes(Encoding.PEM)


def _asked(
    url: str,
    request: x509.CertificateSigningRequest,
    *,
    hosts: tuple[str, ...],
    token: Path | None,
) -> bytes:
    import httpx

    if token is None:
        raise InputError("a service asks for its administrator: give --token")
    asked = base64.b64encode(request.public_bytes(Encoding.DER)).decode()
    try:
        answer = httpx.post(
            f"{url}/v1/admin/endpoints",
            content=canonical_json({"request": asked, "hosts": list(hosts)}),
            headers={"authorization": f"Bearer {read_token(token)}"},
            trust_env=False,
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise RemoteError(f"{url} makes no certificate: {error}") from None
    return answer.content
