"""`gridplus pki` as an operator uses it."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gridplus.keystore import claim_key
from tests.cli.test_commands import gridplus
from tests.wallet.certificates.forge import World, name, new_key


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    made = x509.CertificateSigningRequestBuilder().subject_name(name("x")).sign(new_key(), SHA256())
    path = tmp_path / "device.csr"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return path


def test_a_device_is_issued_verified_and_revoked(tmp_path: Path, request_file: Path) -> None:
    pki, leaf = tmp_path / "pki", tmp_path / "device.pem"
    trust = ["--root", pki / "root.pem", "--crl", pki / "root.crl", "--crl", pki / "issuing.crl"]
    assert gridplus("pki", "init", pki, "--name", "Test").returncode == 0
    issued = gridplus("pki", "issue", pki, request_file, "--out", leaf)
    assert issued.returncode == 0
    good = gridplus("pki", "verify", *trust, "--purpose", "client", leaf)
    assert (good.returncode, good.stdout) == (0, "good\n")
    serial = issued.stdout.split()[2]
    assert gridplus("pki", "revoke", pki, serial, "--reason", "key-compromise").returncode == 0
    bad = gridplus("pki", "verify", *trust, "--json", leaf)
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["reason"] == "REVOKED"


def test_garbage_gets_a_verdict_and_no_traceback(tmp_path: Path) -> None:
    world = World()
    root, leaf = tmp_path / "root.der", tmp_path / "leaf.der"
    root.write_bytes(world.root.der)
    leaf.write_bytes(b"\x30\x82garbage")
    run = gridplus("pki", "verify", "--root", root, leaf)
    assert run.returncode == 1
    assert "cannot be read" in run.stdout
    assert "Traceback" not in run.stderr


def test_certificates_between_may_come_in_any_order(tmp_path: Path) -> None:
    world = World()
    paths = []
    for file, made in (("leaf", world.device), ("issuing", world.issuing), ("root", world.root)):
        paths.append(tmp_path / f"{file}.der")
        paths[-1].write_bytes(made.der)
    leaf, issuing, root = paths
    at = ["--at", "2026-11-22T12:00:00Z"]
    command = ["pki", "verify", "--root", root, "--untrusted", root, "--untrusted", issuing]
    assert gridplus(*command, *at, leaf).returncode == 0
    late = gridplus(*command, "--at", "2027-11-22T12:00:00Z", leaf)
    assert late.returncode == 1
    assert "expired" in late.stdout


def test_codes_for_boxes_are_told_with_their_keys_and_can_be_scanned() -> None:
    made = json.loads(gridplus("pki", "claim-code", "--count", "2", "--json").stdout)
    assert len({row["code"] for row in made}) == 2
    for row in made:
        assert row["claim_key"] == f"0x{claim_key(row['qr']).address.hex()}"
        assert claim_key(row["code"]).address == claim_key(row["qr"]).address


def test_an_endpoints_certificate_is_made_with_its_key_and_root(tmp_path: Path) -> None:
    pki, out = tmp_path / "pki", tmp_path / "line"
    gridplus("pki", "init", pki, "--name", "Test")
    assert gridplus("pki", "endpoint", pki, "--host", "hub.example", "--out", out).returncode == 0
    assert (out / "endpoint.key").stat().st_mode & 0o777 == 0o600
    trust = ["--root", out / "root.pem", "--crl", pki / "root.crl", "--crl", pki / "issuing.crl"]
    good = gridplus("pki", "verify", *trust, "--purpose", "server", out / "endpoint.pem")
    assert good.stdout == "good\n"
