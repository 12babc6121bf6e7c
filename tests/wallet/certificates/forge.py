"""An authority, and a workshop for certificates that it would never make."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gridplus.wallet.certificates import DeviceName, Trust, device_id, device_public

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AnyKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Made:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: AnyKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


@dataclass
class Wish:
    """How a certificate is to look; the defaults are a good device's."""

    subject: str | None = None
    begin: datetime = NOW - DAY
    end: datetime = NOW + 29 * DAY
    ca: bool = False
    depth: int | None = None
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    names: Sequence[x509.GeneralName] | None = None
    epoch: int = 0
    key: AnyKey = field(default_factory=new_key)
    hash: HashAlgorithm = field(default_factory=SHA256)


def authority_wish(subject: str, depth: int | None, **changes: object) -> Wish:
    wish = Wish(subject=subject, ca=True, depth=depth, usages=(), names=(), end=NOW + 900 * DAY)
    for field_name, value in changes.items():
        setattr(wish, field_name, value)
    return wish


def make(wish: Wish, by: Made | None = None) -> Made:
    """What `wish` says, signed by `by`, or by itself."""
    public = wish.key.public_key()
    octets = device_public(public) or bytes(64)
    device = DeviceName(device_id(octets), wish.epoch)
    subject = name(wish.subject if wish.subject is not None else device.id.hex())
    signer = by.key if by is not None else wish.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by is not None else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(wish.begin)
        .not_valid_after(wish.end)
        .add_extension(x509.BasicConstraints(wish.ca, wish.depth), critical=True)
        .add_extension(_usage(wish.ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if by is not None:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(above, critical=False)
    if wish.usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(wish.usages), critical=False)
    names = [x509.UniformResourceIdentifier(device.uri)] if wish.names is None else wish.names
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Made(builder.sign(signer, wish.hash), wish.key)


def revoke(by: Made, *serials: int, until: datetime = NOW + DAY) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(NOW - DAY)
        .next_update(until)
    )
    for serial in serials:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - DAY)
        builder = builder.add_revoked_certificate(one.build())
    return builder.sign(by.key, SHA256())


@dataclass
class World:
    """A root, an issuing authority, a good device, and the trust of a verifier."""

    now: datetime = NOW
    title: str = "Test"

    def __post_init__(self) -> None:
        times = {"begin": self.now - DAY, "end": self.now + 900 * DAY}
        self.root = make(authority_wish(f"{self.title} root", 1, **times))
        self.issuing = make(authority_wish(f"{self.title} issuing", 0, **times), by=self.root)
        self.device = make(Wish(begin=self.now - DAY, end=self.now + 29 * DAY), by=self.issuing)

    def trust(self, *revoked: int, epochs: dict[bytes, int] | None = None) -> Trust:
        until = self.now + DAY
        lists = (revoke(self.root, until=until), revoke(self.issuing, *revoked, until=until))
        return Trust((self.root.certificate,), lists, epochs=epochs or {})

    def chain(self, leaf: Made | None = None) -> list[bytes]:
        return [(leaf or self.device).der, self.issuing.der]


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
