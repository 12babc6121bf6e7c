"""The retailer's authority: what it issues is believed, what it revokes is not."""

import os
import stat
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gridplus.failures import InputError, StorageError
from gridplus.retailer.authority import (
    Authority,
    Issued,
    IssueRefused,
    RevocationReason,
    found_authority,
)
from gridplus.units import utc_from_s
from gridplus.wallet.certificates import (
    DEVICE_LIFE,
    Distrust,
    Purpose,
    Refused,
    Verified,
    verify_chain,
)
from tests.wallet.certificates.forge import NOW, AnyKey, name, new_key

NOW_S = int(NOW.timestamp())


class Hands:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.at_s = NOW_S

    def now_s(self) -> int:
        return self.at_s


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def authority(tmp_path: Path, hands: Hands) -> Iterator[Authority]:
    found_authority(tmp_path / "pki", name="Test Energy", now_s=NOW_S)
    with Authority.open(tmp_path / "pki", now_s=hands.now_s) as opened:
        yield opened


def request(key: AnyKey) -> x509.CertificateSigningRequest:
    return x509.CertificateSigningRequestBuilder().subject_name(name("x")).sign(key, SHA256())


def issued(answer: Issued | IssueRefused) -> Issued:
    assert isinstance(answer, Issued), answer
    return answer


def verdict(authority: Authority, made: Issued, *, at_s: int = NOW_S) -> Verified | Refused:
    chain = [c.public_bytes(Encoding.DER) for c in (made.certificate, made.issuing)]
    return verify_chain(chain, trust=authority.trust(), at=utc_from_s(at_s), purpose=Purpose.CLIENT)


def test_an_issued_device_is_believed(authority: Authority) -> None:
    made = issued(authority.issue_device(request(new_key()), epoch=3))
    answer = verdict(authority, made)
    assert isinstance(answer, Verified)
    assert answer.device is not None
    assert answer.device.epoch == 3


def test_openssl_believes_what_we_issue_and_not_what_we_revoked(
    authority: Authority, tmp_path: Path
) -> None:
    made = issued(authority.issue_device(request(new_key()), epoch=0))
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(made.certificate.public_bytes(Encoding.PEM))
    folder = tmp_path / "pki"

    def judged() -> int:
        lists = tmp_path / "lists.pem"
        lists.write_bytes(
            (folder / "root.crl").read_bytes() + (folder / "issuing.crl").read_bytes()
        )
        return subprocess.run(
            [
                "openssl",
                "verify",
                "-x509_strict",
                "-crl_check_all",
                "-purpose",
                "sslclient",
                "-attime",
                str(NOW_S),
                "-CAfile",
                folder / "root.pem",
                "-untrusted",
                folder / "issuing.pem",
                "-CRLfile",
                lists,
                leaf,
            ],
            capture_output=True,
        ).returncode

    assert judged() == 0
    serial = made.certificate.serial_number
    authority.revoke(serial, reason=RevocationReason.KEY_COMPROMISE)
    assert judged() != 0


def test_a_revocation_holds_after_a_restart(
    authority: Authority, tmp_path: Path, hands: Hands
) -> None:
    made = issued(authority.issue_device(request(new_key()), epoch=0))
    authority.revoke(made.certificate.serial_number, reason=RevocationReason.SUPERSEDED)
    authority.revoke(made.certificate.serial_number, reason=RevocationReason.SUPERSEDED)
    authority.__exit__()
    with Authority.open(tmp_path / "pki", now_s=hands.now_s) as again:
        assert len(again.publish_list()) == 1
        answer = verdict(again, made)
        assert isinstance(answer, Refused)
        assert answer.reason is Distrust.REVOKED


def test_what_was_never_issued_cannot_be_revoked(authority: Authority) -> None:
    with pytest.raises(InputError, match="was not issued here"):
        authority.revoke(7, reason=RevocationReason.UNSPECIFIED)


def test_a_weak_key_gets_no_certificate(authority: Authority) -> None:
    for key in (rsa.generate_private_key(65_537, 2_048), ec.generate_private_key(ec.SECP384R1())):
        assert authority.issue_device(request(key), epoch=0) is IssueRefused.WEAK_KEY


def test_a_renewal_keeps_its_key_and_moves_its_term(authority: Authority, hands: Hands) -> None:
    key = new_key()
    first = issued(authority.issue_device(request(key), epoch=0)).certificate
    hands.at_s += int(timedelta(days=19).total_seconds())
    second = issued(authority.renew(first, request(key), epoch=1)).certificate
    assert second.public_key() == first.public_key()
    assert second.not_valid_after_utc - first.not_valid_after_utc == timedelta(days=19)


def test_a_renewal_is_refused_by_name(authority: Authority, hands: Hands, tmp_path: Path) -> None:
    key = new_key()
    made = issued(authority.issue_device(request(key), epoch=0)).certificate
    assert authority.renew(made, request(new_key()), epoch=0) is IssueRefused.ANOTHER_KEY
    found_authority(tmp_path / "other", name="Test Energy", now_s=NOW_S)
    with Authority.open(tmp_path / "other", now_s=hands.now_s) as other:
        assert other.renew(made, request(key), epoch=0) is IssueRefused.UNKNOWN
    hands.at_s += int(DEVICE_LIFE.total_seconds()) + 1
    assert authority.renew(made, request(key), epoch=0) is IssueRefused.EXPIRED
    authority.revoke(made.serial_number, reason=RevocationReason.UNSPECIFIED)
    assert authority.renew(made, request(key), epoch=0) is IssueRefused.REVOKED


def test_an_authority_is_founded_once(authority: Authority, tmp_path: Path) -> None:
    before = (tmp_path / "pki" / "root.pem").read_bytes()
    with pytest.raises(StorageError, match="already"):
        found_authority(tmp_path / "pki", name="Another", now_s=NOW_S)
    assert (tmp_path / "pki" / "root.pem").read_bytes() == before


def test_daily_use_needs_no_root_key(authority: Authority, tmp_path: Path, hands: Hands) -> None:
    (tmp_path / "pki" / "keys" / "pki-root.pem").rename(tmp_path / "offline.pem")
    issued(authority.issue_device(request(new_key()), epoch=0))
    authority.publish_list()
    with pytest.raises(StorageError, match="pki-root"):
        authority.publish_root_list()


def test_nothing_that_the_authority_keeps_is_open_to_others(
    authority: Authority, tmp_path: Path
) -> None:
    for path in (tmp_path / "pki").rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, path
