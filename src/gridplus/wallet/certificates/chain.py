"""Is this chain of certificates good for this purpose now? With a reason when it is not.

The work is bounded before it begins: at most 4 certificates and 16 KiB, P-256 keys only, one
signature a certificate, because the peer presents its chain in order (RFC 8446, 4.4.2) and nothing
is searched for. What passes our own checks is given to the library's path validation too, which
knows the corners of RFC 5280 and nothing of revocation lists. Both must agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from itertools import pairwise
from typing import TypeVar, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from gridplus.failures import InputError, invariant
from gridplus.wallet.certificates.parsing import LIBRARY_ERRORS, parse_certificates
from gridplus.wallet.certificates.profile import (
    DeviceName,
    Purpose,
    device_id,
    device_public,
    parse_device_uri,
)
from gridplus.wallet.certificates.vouching import line_voucher

MAX_CHAIN = 4
MAX_CHAIN_BYTES = 16_384

E = TypeVar("E", bound=x509.ExtensionType)


class Distrust(Enum):
    """Why a chain is refused, in the order of the checks."""

    NO_CERTIFICATE = "no certificate was presented"
    TOO_MANY = f"the chain has more than {MAX_CHAIN} certificates"
    TOO_LARGE = f"the chain has more than {MAX_CHAIN_BYTES} bytes"
    UNREADABLE = "a certificate of the chain cannot be read"
    WEAK_KEY = "a key of the chain is not P-256"
    WEAK_SIGNATURE = "a certificate of the chain is not signed by ECDSA with SHA-256"
    FOREIGN_ISSUER = "the chain does not end in an authority that is trusted here"
    BAD_SIGNATURE = "a certificate of the chain is not signed by the key of its issuer"
    NOT_AN_AUTHORITY = "a certificate of the chain was issued by one that may not issue it"
    NOT_YET_VALID = "a certificate of the chain is not valid yet; is the clock right?"
    EXPIRED = "a certificate of the chain has expired; renew it"
    WRONG_PURPOSE = "the certificate is for another purpose"
    OTHER_PURPOSES_TOO = "the certificate is for other purposes as well"
    NO_REVOCATION_LIST = "an authority of the chain has no revocation list here"
    STALE_REVOCATION_LIST = "the newest revocation list of an authority is out of date"
    REVOKED = "a certificate of the chain has been revoked"
    NOT_A_DEVICE = (
        "the certificate does not name the device whose key it holds or that vouched for it"
    )
    OLD_EPOCH = "the device was enrolled again, or revoked, since the certificate was issued"
    UNSOUND = "the chain breaks a rule of RFC 5280"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a verifier believes: authorities, their newest revocation lists, epochs of devices.

    `lists` by the authority's name; a list that its authority has not signed does not count.
    `epochs` by device id: what the registry says. A device that is absent there is not judged by
    its epoch. An empty `lists` with `revocation` False is for chains that nobody can revoke yet.
    """

    roots: tuple[x509.Certificate, ...]
    lists: tuple[x509.CertificateRevocationList, ...] = ()
    epochs: Mapping[bytes, int] = field(default_factory=dict)
    revocation: bool = True


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain that is good: its leaf, and the device that it names (None for an endpoint)."""

    leaf: x509.Certificate
    device: DeviceName | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A chain that is not: why, and which certificate of it (0 is the leaf)."""

    reason: Distrust
    place: int
    detail: str = ""

    def __str__(self) -> str:
        told = f"certificate {self.place}: {self.reason.value}"
        return f"{told} ({self.detail})" if self.detail else told


class _Distrusted(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, reason: Distrust, place: int = 0, *, detail: str = "") -> None:
        self.refused = Refused(reason, place, detail)


def verify_chain(
    presented: Sequence[bytes], *, trust: Trust, at: datetime, purpose: Purpose
) -> Verified | Refused:
    """Hold a chain (DER, leaf first, the root may be left out) against the profile and the trust.

    Never raises for what a peer can send, and takes less than 50 ms for it.
    """
    try:
        chain = _read(presented)
        path = _path(chain, trust=trust)
        for place, certificate in enumerate(path):
            _require_time(certificate, place, at=at.astimezone(UTC))
        _require_purpose(path[0], purpose=purpose)
        if trust.revocation:
            _require_unrevoked(path, trust=trust, at=at.astimezone(UTC))
        device = _device(path[0], trust=trust) if purpose is Purpose.CLIENT else None
        _require_sound(path, at=at, purpose=purpose)
    except _Distrusted as distrusted:
        return distrusted.refused
    return Verified(path[0], device)


def _read(presented: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    if not presented:
        raise _Distrusted(Distrust.NO_CERTIFICATE)
    if len(presented) > MAX_CHAIN:
        raise _Distrusted(Distrust.TOO_MANY, MAX_CHAIN)
    if sum(map(len, presented)) > MAX_CHAIN_BYTES:
        raise _Distrusted(Distrust.TOO_LARGE)
    chain = []
    for place, data in enumerate(presented):
        try:
            (certificate,) = parse_certificates(data, what="it")
            public = device_public(certificate.public_key())
            signed_by = certificate.signature_algorithm_oid
            _read_all(certificate, data)
        except (InputError, *LIBRARY_ERRORS):
            raise _Distrusted(Distrust.UNREADABLE, place) from None
        if public is None:
            raise _Distrusted(Distrust.WEAK_KEY, place)
        if signed_by != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
            raise _Distrusted(Distrust.WEAK_SIGNATURE, place)
        chain.append(certificate)
    return tuple(chain)


def _read_all(certificate: x509.Certificate, data: bytes) -> None:
    """Make the library parse now what it would parse when asked, so that it raises here.

    Raises ValueError also for a twin: the bits left unused in the signature's last octet are not
    signed, and the library does not mind how many are said to be unused.
    """
    list(certificate.subject)
    list(certificate.issuer)
    list(certificate.extensions)
    _ = certificate.serial_number, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not data.endswith(b"\x00" + certificate.signature):
        raise ValueError("the signature is not whole octets")


def _path(chain: Sequence[x509.Certificate], *, trust: Trust) -> tuple[x509.Certificate, ...]:
    """The chain up to a trusted root, each certificate signed by the next, by rights."""
    path = list(chain)
    while path[-1] not in trust.roots:
        root = next((root for root in trust.roots if root.subject == path[-1].issuer), None)
        if root is None:
            raise _Distrusted(Distrust.FOREIGN_ISSUER, len(path) - 1, detail=_common_name(path[-1]))
        path.append(root)
    if len(path) > MAX_CHAIN:
        raise _Distrusted(Distrust.TOO_MANY, MAX_CHAIN)
    for place, (child, issuer) in enumerate(pairwise(path)):
        if child.issuer != issuer.subject:
            raise _Distrusted(Distrust.FOREIGN_ISSUER, place, detail=_common_name(child))
        try:
            child.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError):
            raise _Distrusted(Distrust.BAD_SIGNATURE, place) from None
        _require_authority(issuer, place=place, below=place)
    return tuple(path)


def _require_authority(issuer: x509.Certificate, *, place: int, below: int) -> None:
    """That `issuer` may issue what stands at `place`, with `below` authorities under itself."""
    basic = _extension(issuer, x509.BasicConstraints)
    usage = _extension(issuer, x509.KeyUsage)
    depth = basic.path_length if basic is not None else None
    if basic is None or not basic.ca or usage is None or not usage.key_cert_sign:
        raise _Distrusted(Distrust.NOT_AN_AUTHORITY, place, detail=_common_name(issuer))
    if depth is not None and depth < below:
        raise _Distrusted(Distrust.NOT_AN_AUTHORITY, place, detail=f"path length {depth}")


def _require_time(certificate: x509.Certificate, place: int, *, at: datetime) -> None:
    if at < certificate.not_valid_before_utc:
        since = f"from {certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
        raise _Distrusted(Distrust.NOT_YET_VALID, place, detail=since)
    if at > certificate.not_valid_after_utc:
        until = f"until {certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        raise _Distrusted(Distrust.EXPIRED, place, detail=until)


def _require_purpose(leaf: x509.Certificate, *, purpose: Purpose) -> None:
    basic = _extension(leaf, x509.BasicConstraints)
    usage = _extension(leaf, x509.KeyUsage)
    extended = _extension(leaf, x509.ExtendedKeyUsage)
    if basic is not None and basic.ca:
        raise _Distrusted(Distrust.WRONG_PURPOSE, 0, detail="it is an authority's")
    if usage is None or not usage.digital_signature:
        raise _Distrusted(Distrust.WRONG_PURPOSE, 0, detail="its key may not sign")
    if extended is None or purpose.usage not in extended:
        raise _Distrusted(Distrust.WRONG_PURPOSE, 0, detail=f"not for a TLS {purpose.value}")
    if len(extended) > 1:
        raise _Distrusted(
            Distrust.OTHER_PURPOSES_TOO, 0, detail=f"not for a TLS {purpose.value} alone"
        )


def _require_unrevoked(path: Sequence[x509.Certificate], *, trust: Trust, at: datetime) -> None:
    for place, (child, issuer) in enumerate(pairwise(path)):
        newest = _newest_list(issuer, trust=trust)
        if newest is None:
            raise _Distrusted(Distrust.NO_REVOCATION_LIST, place, detail=_common_name(issuer))
        if newest.next_update_utc is None or at > newest.next_update_utc:
            raise _Distrusted(Distrust.STALE_REVOCATION_LIST, place, detail=_common_name(issuer))
        if newest.get_revoked_certificate_by_serial_number(child.serial_number) is not None:
            raise _Distrusted(Distrust.REVOKED, place)


def _newest_list(
    issuer: x509.Certificate, *, trust: Trust
) -> x509.CertificateRevocationList | None:
    public = issuer.public_key()
    usage = _extension(issuer, x509.KeyUsage)
    if usage is None or not usage.crl_sign:
        return None
    invariant(isinstance(public, ec.EllipticCurvePublicKey), "only P-256 keys get this far")
    key = cast(ec.EllipticCurvePublicKey, public)
    own = [crl for crl in trust.lists if crl.issuer == issuer.subject]
    own.sort(key=lambda crl: crl.last_update_utc, reverse=True)
    return next((crl for crl in own if crl.is_signature_valid(key)), None)


def _device(leaf: x509.Certificate, *, trust: Trust) -> DeviceName:
    """The device that the leaf names: its key is the leaf's, or has vouched for the leaf's."""
    names = _extension(leaf, x509.SubjectAlternativeName)
    public = _device_key(leaf)
    texts = [name.value for name in names or ()]
    device = parse_device_uri(str(texts[0])) if len(texts) == 1 else None
    if device is None or public is None or device.id != device_id(public):
        raise _Distrusted(Distrust.NOT_A_DEVICE)
    if _common_name(leaf) != device.id.hex():
        raise _Distrusted(Distrust.NOT_A_DEVICE, 0, detail="its subject is another's")
    if trust.epochs.get(device.id, device.epoch) != device.epoch:
        now = trust.epochs[device.id]
        raise _Distrusted(Distrust.OLD_EPOCH, 0, detail=f"epoch {device.epoch}, now {now}")
    return device


def _device_key(leaf: x509.Certificate) -> bytes | None:
    held = device_public(leaf.public_key())
    try:
        voucher = line_voucher(leaf.extensions)
    except InputError as error:
        raise _Distrusted(Distrust.NOT_A_DEVICE, 0, detail=str(error)) from None
    if voucher is None or held is None:
        return held
    if not voucher.vouches_for(held):
        raise _Distrusted(Distrust.NOT_A_DEVICE, 0, detail="the device has not vouched for the key")
    return voucher.device_key


def _require_sound(path: Sequence[x509.Certificate], *, at: datetime, purpose: Purpose) -> None:
    """The library's own path validation: what it refuses is refused, whatever we overlooked."""
    policy = PolicyBuilder().store(Store([path[-1]])).time(at).max_chain_depth(MAX_CHAIN - 2)
    leaf, between = path[0], list(path[1:-1])
    try:
        if purpose is Purpose.CLIENT:
            policy.build_client_verifier().verify(leaf, between)
        else:
            policy.build_server_verifier(_endpoint(leaf)).verify(leaf, between)
    except (VerificationError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise _Distrusted(Distrust.UNSOUND, 0, detail=reason[:200]) from None


def _endpoint(leaf: x509.Certificate) -> x509.DNSName | x509.IPAddress:
    """The first name of an endpoint. That it is the one that was dialled is for TLS to check."""
    for name in _extension(leaf, x509.SubjectAlternativeName) or ():
        if isinstance(name, x509.DNSName | x509.IPAddress):
            return name
    raise _Distrusted(Distrust.WRONG_PURPOSE, 0, detail="it names no host")


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value)[:64] if len(names) == 1 else ""
