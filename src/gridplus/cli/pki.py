"""`gridplus pki`: the retailer's certificate authority, and chains held against it."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gridplus.cli.pki_codes import issue_codes, revoke_code
from gridplus.cli.serving import FILE
from gridplus.clock import SystemClock
from gridplus.failures import InputError
from gridplus.files import read_file, write_file
from gridplus.keystore import claim_key, new_claim_code, qr_text
from gridplus.retailer.authority import (
    Authority,
    Issued,
    IssueRefused,
    RevocationReason,
    found_authority,
)
from gridplus.retailer.authority.records import parse_serial
from gridplus.units import require_utc
from gridplus.wallet.certificates import (
    Purpose,
    Refused,
    Trust,
    parse_certificates,
    parse_list,
    parse_request,
    verify_chain,
)

FOLDER = click.Path(file_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
_clock = SystemClock()


@click.group(name="pki")
def command() -> None:
    """Certificates of devices: a root kept offline, an issuing authority in daily use.

    \b
      gridplus pki init authority --name "Bluebonnet Energy"
      gridplus pki issue authority device.csr --out device.pem
      gridplus pki verify --root authority/root.pem --crl authority/root.crl \\
          --crl authority/issuing.crl --purpose client device.pem
    """


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="The retailer's name, as certificates show it.")
def init(folder: Path, name: str) -> None:
    """Found the authority in FOLDER: two keys, two certificates, two empty lists.

    Then move keys/pki-root.pem offline: it is needed again for the root's yearly list.
    """
    found_authority(folder, name=name, now_s=_clock.now_s())
    click.echo(f"root     {folder / 'root.pem'}")
    click.echo(f"issuing  {folder / 'issuing.pem'}")
    click.echo(f"Move {folder / 'keys' / 'pki-root.pem'} to a safe place that is not this machine.")


@command.command()
@click.argument("folder", type=FOLDER)
@click.argument("request", type=FILE)
@click.option(
    "--epoch",
    default=0,
    type=click.IntRange(0, (1 << 32) - 1),
    show_default=True,
    help="The device's epoch in the registry.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    help="Make it a certificate of a server at this name or address instead.",
)
@click.option("--out", type=OUT, help="Where to put the chain; standard output by default.")
def issue(
    folder: Path, request: Path, *, epoch: int, hosts: tuple[str, ...], out: Path | None
) -> None:
    """Issue a certificate for the key that signed REQUEST (a CSR in PEM or DER)."""
    asked = parse_request(read_file(request), what=str(request))
    with Authority.open(folder, now_s=_clock.now_s) as authority:
        if hosts:
            answer = authority.issue_endpoint(asked, hosts=hosts)
        else:
            answer = authority.issue_device(asked, epoch=epoch)
    _hand_out(answer, out=out)


@command.command()
@click.argument("folder", type=FOLDER)
@click.argument("certificate", type=FILE)
@click.argument("request", type=FILE)
@click.option("--epoch", default=0, type=click.IntRange(0, (1 << 32) - 1), show_default=True)
@click.option("--out", type=OUT, help="Where to put the chain; standard output by default.")
def renew(folder: Path, certificate: Path, request: Path, *, epoch: int, out: Path | None) -> None:
    """Issue the next certificate for the same key. CERTIFICATE must be in force."""
    presented = parse_certificates(read_file(certificate), what=str(certificate))[0]
    asked = parse_request(read_file(request), what=str(request))
    with Authority.open(folder, now_s=_clock.now_s) as authority:
        _hand_out(authority.renew(presented, asked, epoch=epoch), out=out)


@command.command()
@click.argument("folder", type=FOLDER)
@click.argument("serial")
@click.option(
    "--reason",
    type=click.Choice([r.value for r in RevocationReason]),
    default=RevocationReason.UNSPECIFIED.value,
    show_default=True,
)
def revoke(folder: Path, serial: str, *, reason: str) -> None:
    """Revoke the certificate with this SERIAL (hexadecimal), and publish a new list."""
    with Authority.open(folder, now_s=_clock.now_s) as authority:
        authority.revoke(parse_serial(serial), reason=RevocationReason(reason))
    click.echo(f"revoked {serial}; newest list: {folder / 'issuing.crl'}")


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--root", "of_root", is_flag=True, help="Publish the root's list (needs its key).")
def crl(folder: Path, *, of_root: bool) -> None:
    """Publish a new revocation list. Lists of the issuing authority hold for seven days."""
    with Authority.open(folder, now_s=_clock.now_s) as authority:
        made = authority.publish_root_list() if of_root else authority.publish_list()
    click.echo(
        f"{len(made)} revoked; the next list is due by {made.next_update_utc:%Y-%m-%d %H:%M}Z"
    )


@command.command()
@click.argument("authority")
@click.option("--host", "hosts", multiple=True, required=True, help="DNS name or IP address.")
@click.option("--out", type=FOLDER, required=True, help="The folder of the hub's line.")
@click.option("--token", type=FILE, help="The administrator's, when AUTHORITY is a URL.")
def endpoint(authority: str, *, hosts: tuple[str, ...], out: Path, token: Path | None) -> None:
    """Make OUT/endpoint.key, .pem and root.pem for a server at HOST, or make them again.

    AUTHORITY is its folder, or the URL of the retailer's service, which has the folder while it
    runs. Good for 90 days; the hub takes new ones while it runs.
    """
    from gridplus.retailer.authority.endpoint import make_endpoint

    made = make_endpoint(authority, hosts=hosts, out=out, token=token)
    click.echo(f"{out / 'endpoint.pem'}  until {made.not_valid_after_utc:%Y-%m-%d %H:%M}Z")


@command.command(name="claim-code")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 200))
@click.option("--json", "as_json", is_flag=True, help="Print the codes as JSON.")
def claim_code(count: int, *, as_json: bool) -> None:
    """Make codes to print in boxes, each with the claim key that the registry is to issue.

    Whoever has a code can claim its box. The text for a QR code says the same as the code.
    """
    codes = [new_claim_code() for _ in range(count)]
    rows = [
        {"code": code, "qr": qr_text(code), "claim_key": f"0x{claim_key(code).address.hex()}"}
        for code in codes
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['code']}  {row['claim_key']}  {row['qr']}")


@command.command()
@click.argument("leaf", type=FILE)
@click.option(
    "--root",
    "roots",
    type=FILE,
    multiple=True,
    required=True,
    help="An authority to believe (PEM or DER); again for more.",
)
@click.option(
    "--untrusted",
    type=FILE,
    multiple=True,
    help="Certificates between LEAF and a root, when LEAF does not hold them.",
)
@click.option(
    "--crl",
    "lists",
    type=FILE,
    multiple=True,
    help="A revocation list; without any, revocation is not checked, and that is said.",
)
@click.option("--at", help="The instant to judge at, such as 2026-11-22T12:00:00Z; now by default.")
@click.option(
    "--purpose", type=click.Choice([p.value for p in Purpose]), default="client", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def verify(
    leaf: Path,
    *,
    roots: tuple[Path, ...],
    untrusted: tuple[Path, ...],
    lists: tuple[Path, ...],
    at: str | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Say whether the chain in LEAF is good, and why not. Exit status 0 or 1."""
    trust = Trust(
        roots=tuple(c for path in roots for c in _certificates(path)),
        lists=tuple(parse_list(read_file(path), what=str(path)) for path in lists),
        revocation=bool(lists),
    )
    verdict = verify_chain(
        _presented(leaf, untrusted),
        trust=trust,
        at=_instant(at),
        purpose=Purpose(purpose),
    )
    good = not isinstance(verdict, Refused)
    said = "good" if good else str(verdict)
    if as_json:
        reason = verdict.reason.name if isinstance(verdict, Refused) else None
        told = {"ok": good, "reason": reason, "sentence": said, "revocation_checked": bool(lists)}
        click.echo(json.dumps(told))
    else:
        click.echo(said if lists or not good else f"{said} (revocation was not checked)")
    sys.exit(0 if good else 1)


for part in (issue_codes, revoke_code):
    command.add_command(part)


def _hand_out(answer: Issued | IssueRefused, *, out: Path | None) -> None:
    if isinstance(answer, IssueRefused):
        raise InputError(f"refused: {answer.value}")
    if out is None:
        click.echo(answer.pem.decode(), nl=False)
        return
    write_file(out, answer.pem)
    made = answer.certificate
    until = f"{made.not_valid_after_utc:%Y-%m-%d %H:%M}Z"
    click.echo(f"{out}  serial {made.serial_number:x}  until {until}")


def _certificates(path: Path) -> tuple[x509.Certificate, ...]:
    return parse_certificates(read_file(path), what=str(path))


def _presented(leaf: Path, untrusted: tuple[Path, ...]) -> list[bytes]:
    """The chain as a peer would present it: from the leaf up, each under its issuer. What cannot
    be read is handed on as it is, for the verdict to say so."""
    try:
        chain = list(_certificates(leaf))
        pool = [c for path in untrusted for c in _certificates(path)]
    except InputError:
        return [read_file(path) for path in (leaf, *untrusted)]
    while found := [c for c in pool if c.subject == chain[-1].issuer]:
        chain.append(found[0])
        pool.remove(found[0])
    return [c.public_bytes(Encoding.DER) for c in chain]


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        return require_utc(datetime.fromisoformat(text))
    except ValueError:
        raise InputError(f"{text!r} is no instant; write 2026-11-22T12:00:00Z") from None
