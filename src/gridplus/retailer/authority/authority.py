"""The issuing authority in use: every certificate is journaled before it leaves.

A folder holds `root.pem`, `issuing.pem`, the newest lists `root.crl` and `issuing.crl`, the keys
under `keys/`, and the journal. The root's key is needed to found the authority, to replace its
issuing key and to publish the root's list once a year: keep it offline between.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Self, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gridplus.failures import InputError, StorageError, invariant
from gridplus.files import read_file, write_file
from gridplus.journal import Fact, SqliteJournal
from gridplus.keystore import CertificateKey, DeviceKey, KeyStore
from gridplus.retailer.authority import templates
from gridplus.retailer.authority.records import (
    Records,
    RevocationReason,
    issued_fact,
    list_fact,
    revoked_fact,
)
from gridplus.units import utc_from_s
from gridplus.wallet.certificates import (
    DeviceName,
    Trust,
    device_id,
    device_public,
    line_voucher,
    parse_certificates,
    parse_device_uri,
    parse_list,
)

LIST_LIFE = timedelta(days=7)
ROOT_LIST_LIFE = timedelta(days=366)
ROOT_KEY, ISSUING_KEY = "pki-root", "pki-issuing"


class IssueRefused(Enum):
    """Why a certificate is not made, in the order of the checks."""

    WEAK_KEY = "the key of the request is not P-256"
    NOT_VOUCHED = "the device has not vouched for the key of the request"
    UNKNOWN = "the certificate was not issued here"
    ANOTHER_KEY = "a renewal is for the same device; another one is a new enrolment"
    REVOKED = "the certificate is revoked; enrol the device again"
    EXPIRED = "the certificate has expired; enrol the device again"


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate, and the one above it that the holder presents with it."""

    certificate: x509.Certificate
    issuing: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The chain to present, leaf first."""
        return b"".join(c.public_bytes(Encoding.PEM) for c in (self.certificate, self.issuing))


def found_authority(folder: Path, *, name: str, now_s: int) -> None:
    """Make root and issuing key, their certificates and first lists in `folder`.

    Raises StorageError when one is there already, or cannot be written.
    """
    if (folder / "root.pem").exists():
        raise StorageError(f"{folder} holds an authority already; it is never made anew")
    keys = KeyStore(folder / "keys")
    now = utc_from_s(now_s)
    root_key = CertificateKey(keys.create(ROOT_KEY, DeviceKey))
    issuing_key = CertificateKey(keys.create(ISSUING_KEY, DeviceKey))
    root = templates.root_certificate(root_key, name=f"{name} root", now=now)
    issuing = templates.issuing_certificate(
        templates.Issuer(root, root_key),
        issuing_key.public_key(),
        name=f"{name} issuing",
        now=now,
    )
    for file, made in (("issuing.pem", issuing), ("root.pem", root)):
        write_file(folder / file, made.public_bytes(Encoding.PEM))
    with Authority.open(folder, now_s=lambda: now_s) as authority:
        authority.publish_root_list()
        authority.publish_list()


class Authority:
    """Issues, renews, revokes. One process has the folder open."""

    def __init__(self, folder: Path, *, journal: SqliteJournal, now_s: Callable[[], int]) -> None:
        """Use `open`."""
        self._folder = folder
        self._journal = journal
        self._now_s = now_s
        self._records = Records.replay(journal.replay())
        self._keys = KeyStore(folder / "keys")
        self.root = _certificate(folder / "root.pem")
        self.issuing = _certificate(folder / "issuing.pem")
        key = CertificateKey(self._keys.load(ISSUING_KEY, DeviceKey))
        if key.public_key() != self.issuing.public_key():
            raise StorageError(f"the issuing key in {folder} is not that of issuing.pem")
        self._issuer = templates.Issuer(self.issuing, key)

    @classmethod
    def open(cls, folder: Path, *, now_s: Callable[[], int]) -> Self:
        """Raises StorageError when the folder holds no authority, or another process has it."""
        if not (folder / "root.pem").is_file():
            raise StorageError(f"{folder} holds no authority; found one: gridplus pki init")
        with ExitStack() as undo:
            journal = undo.enter_context(SqliteJournal.open(folder / "issued.sqlite", now_s=now_s))
            authority = cls(folder, journal=journal, now_s=now_s)
            undo.pop_all()
            return authority

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._journal.close()

    def issue_device(
        self, request: x509.CertificateSigningRequest, *, epoch: int
    ) -> Issued | IssueRefused:
        """A certificate for the device whose key signed `request`, or vouches for the one that
        did; the request's subject is not looked at."""
        device = _device_of(request)
        if isinstance(device, IssueRefused):
            return device
        return self._issue_device(request, device=DeviceName(device, epoch))

    def issue_endpoint(
        self, request: x509.CertificateSigningRequest, *, hosts: Sequence[str]
    ) -> Issued | IssueRefused:
        """A certificate for a server of the retailer. Raises InputError for a bad host."""
        if device_public(request.public_key()) is None:
            return IssueRefused.WEAK_KEY
        made = templates.endpoint_certificate(
            self._issuer, _key(request), hosts=hosts, now=self._now()
        )
        return self._kept(made, subject=",".join(hosts))

    def renew(
        self, presented: x509.Certificate, request: x509.CertificateSigningRequest, *, epoch: int
    ) -> Issued | IssueRefused:
        """The next certificate of the device that holds `presented`, in its present `epoch`."""
        serial = presented.serial_number
        device = _device_of(request)
        if isinstance(device, IssueRefused):
            return device
        if serial not in self._records.issued or presented.issuer != self.issuing.subject:
            return IssueRefused.UNKNOWN
        before = parse_device_uri(self._records.issued[serial])
        if before is None or before.id != device:
            return IssueRefused.ANOTHER_KEY
        if serial in self._records.revoked:
            return IssueRefused.REVOKED
        if self._now() > presented.not_valid_after_utc:
            return IssueRefused.EXPIRED
        return self._issue_device(request, device=DeviceName(device, epoch))

    def revoke(self, serial: int, *, reason: RevocationReason) -> None:
        """Durably, at once, and in a new list. Again changes nothing. Raises InputError for a
        serial number that was not issued here."""
        if serial not in self._records.issued:
            raise InputError(f"serial number {serial:x} was not issued here")
        if serial not in self._records.revoked:
            self._append(revoked_fact(serial, reason=reason))
        self.publish_list()

    def publish_list(self) -> x509.CertificateRevocationList:
        """A new list of what the issuing authority has revoked, kept as `issuing.crl`."""
        return self._publish(self._issuer, "issuing.crl", life=LIST_LIFE)

    def publish_root_list(self) -> x509.CertificateRevocationList:
        """A new list of the root. Needs the root's key."""
        key = CertificateKey(self._keys.load(ROOT_KEY, DeviceKey))
        return self._publish(templates.Issuer(self.root, key), "root.crl", life=ROOT_LIST_LIFE)

    def trust(self) -> Trust:
        """What a verifier of this authority's certificates believes now."""
        lists = [
            parse_list(read_file(self._folder / n), what=n) for n in ("root.crl", "issuing.crl")
        ]
        return Trust(roots=(self.root,), lists=tuple(lists))

    def _issue_device(
        self, request: x509.CertificateSigningRequest, *, device: DeviceName
    ) -> Issued:
        draft = templates.DeviceDraft(_key(request), device, line_voucher(request.extensions))
        made = templates.device_certificate(self._issuer, draft, now=self._now())
        return self._kept(made, subject=device.uri)

    def _kept(self, made: x509.Certificate, *, subject: str) -> Issued:
        self._append(issued_fact(made, subject=subject))
        return Issued(made, self.issuing)

    def _publish(
        self, issuer: templates.Issuer, file: str, *, life: timedelta
    ) -> x509.CertificateRevocationList:
        number = self._records.lists + 1
        mine = issuer is self._issuer
        revoked = tuple(self._records.revoked.values()) if mine else ()
        made = templates.revocation_list(issuer, revoked, number=number, now=self._now(), life=life)
        self._append(list_fact(number))
        write_file(self._folder / file, made.public_bytes(Encoding.PEM))
        return made

    def _append(self, fact: Fact) -> None:
        first = self._journal.append([fact])
        for stored in self._journal.replay(after=first - 1):
            self._records.apply(stored)

    def _now(self) -> datetime:
        return utc_from_s(self._now_s())


def _device_of(request: x509.CertificateSigningRequest) -> bytes | IssueRefused:
    """The id of the device that a request is of."""
    public = device_public(request.public_key())
    if public is None:
        return IssueRefused.WEAK_KEY
    voucher = line_voucher(request.extensions)
    if voucher is None:
        return device_id(public)
    if not voucher.vouches_for(public):
        return IssueRefused.NOT_VOUCHED
    return device_id(voucher.device_key)


def _key(request: x509.CertificateSigningRequest) -> ec.EllipticCurvePublicKey:
    key = request.public_key()
    invariant(isinstance(key, ec.EllipticCurvePublicKey), "the kind of key has been checked")
    return cast(ec.EllipticCurvePublicKey, key)


def _certificate(path: Path) -> x509.Certificate:
    return parse_certificates(read_file(path), what=str(path))[0]
