"""Certificates and revocation lists of the profile, made and signed. See `wallet.certificates`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from gridplus.failures import InputError
from gridplus.keystore import CertificateKey
from gridplus.retailer.authority.records import Revocation
from gridplus.wallet.certificates import DeviceName, LineVoucher, Purpose, extension
from gridplus.wallet.certificates.profile import (
    CLOCK_SKEW,
    DEVICE_LIFE,
    ENDPOINT_LIFE,
    ISSUING_LIFE,
    ROOT_LIFE,
)

_AUTHORITY = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
_HOLDER = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: a certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: CertificateKey


def root_certificate(key: CertificateKey, *, name: str, now: datetime) -> x509.Certificate:
    """A root that signs itself and one level of issuing authorities."""
    subject = _named(name)
    draft = _draft(subject, key.public_key(), now=now, life=ROOT_LIFE)
    return _authority(draft, depth=1).issuer_name(subject).sign(key, SHA256())


def issuing_certificate(
    root: Issuer, public: ec.EllipticCurvePublicKey, *, name: str, now: datetime
) -> x509.Certificate:
    """An authority that issues to devices and endpoints, and to no authority."""
    draft = _draft(_named(name), public, now=now, life=ISSUING_LIFE)
    return _signed(_authority(draft, depth=0), root)


@dataclass(frozen=True, slots=True)
class DeviceDraft:
    """A key to be certified for a device, which has vouched for it unless it is its own."""

    public: ec.EllipticCurvePublicKey
    device: DeviceName
    voucher: LineVoucher | None


def device_certificate(issuer: Issuer, draft: DeviceDraft, *, now: datetime) -> x509.Certificate:
    builder = _draft(_named(draft.device.id.hex()), draft.public, now=now, life=DEVICE_LIFE)
    uri = x509.UniformResourceIdentifier(draft.device.uri)
    builder = _holder(builder, [uri], purpose=Purpose.CLIENT)
    if draft.voucher is not None:
        builder = builder.add_extension(extension(draft.voucher), critical=False)
    return _signed(builder, issuer)


def endpoint_certificate(
    issuer: Issuer, public: ec.EllipticCurvePublicKey, *, hosts: Sequence[str], now: datetime
) -> x509.Certificate:
    """Of a server that answers at `hosts`, DNS names or IP addresses. Raises InputError."""
    if not hosts:
        raise InputError("an endpoint has at least one host name or IP address")
    draft = _draft(_named(hosts[0][:64]), public, now=now, life=ENDPOINT_LIFE)
    names = [_host(host) for host in hosts]
    return _signed(_holder(draft, names, purpose=Purpose.SERVER), issuer)


def revocation_list(
    issuer: Issuer, revoked: Sequence[Revocation], *, number: int, now: datetime, life: timedelta
) -> x509.CertificateRevocationList:
    """What `issuer` has revoked until `now`; the next list is due within `life`."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + life)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_key_above(issuer), critical=False)
    )
    for one in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(one.serial)
            .revocation_date(one.at)
            .add_extension(x509.CRLReason(one.reason.flag), critical=False)
            .build()
        )
    return builder.sign(issuer.key, SHA256())


def _named(common_name: str) -> x509.Name:
    if not 0 < len(common_name) <= 64:
        raise InputError(f"a certificate's name has 1 to 64 letters, not {len(common_name)}")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        pass
    try:
        return x509.DNSName(text)
    except ValueError:
        raise InputError(f"{text!r} is neither a DNS name nor an IP address") from None


def _draft(
    subject: x509.Name, public: ec.EllipticCurvePublicKey, *, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _authority(draft: x509.CertificateBuilder, *, depth: int) -> x509.CertificateBuilder:
    basic = x509.BasicConstraints(ca=True, path_length=depth)
    return draft.add_extension(basic, critical=True).add_extension(_AUTHORITY, critical=True)


def _holder(
    draft: x509.CertificateBuilder, names: Sequence[x509.GeneralName], *, purpose: Purpose
) -> x509.CertificateBuilder:
    return (
        draft.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_HOLDER, critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose.usage]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )


def _signed(draft: x509.CertificateBuilder, issuer: Issuer) -> x509.Certificate:
    draft = draft.add_extension(_key_above(issuer), critical=False)
    return draft.issuer_name(issuer.certificate.subject).sign(issuer.key, SHA256())


def _key_above(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
