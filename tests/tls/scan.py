"""python -m tests.tls.scan SSLYZE: the retailer's doors, scanned by the sslyze at that path.

Exit status 1 when it finds a door vulnerable, or the one without certificates other than Mozilla's
intermediate profile. The scanner has no certificate, and sees a mutual door as far as that goes.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.retailer.enrolment.place import opened_place

_WEAK = {
    "heartbleed": "is_vulnerable_to_heartbleed",
    "openssl_ccs_injection": "is_vulnerable_to_ccs_injection",
    "session_renegotiation": "is_vulnerable_to_client_renegotiation_dos",
    "tls_compression": "supports_compression",
    "tls_1_3_early_data": "supports_early_data",
}


def main(sslyze: str) -> int:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with opened_place(folder) as place:
            found = {
                door: findings(scan(sslyze, place.urls[door], folder=folder), mutual=door == "line")
                for door in ("line", "enrol")
            }
    for door, sentences in found.items():
        sys.stdout.write(f"{door}: {len(sentences)} findings\n")
        for sentence in sentences:
            sys.stdout.write(f"  {sentence}\n")
    return 1 if any(found.values()) else 0


def scan(sslyze: str, url: str, *, folder: Path) -> dict[str, Any]:
    out, root = folder / "scan.json", folder / "pki" / "root.pem"
    asked = [
        "--mozilla_config",
        "intermediate",
        "--early_data",
        "--certinfo_ca_file",
        str(root),
        "--json_out",
        str(out),
    ]
    run = subprocess.run(
        [sslyze, *asked, url.removeprefix("https://")], capture_output=True, text=True
    )
    sys.stdout.write(run.stdout)
    (found,) = json.loads(out.read_text())["server_scan_results"]
    return {**found, "compliant": "OK - Compliant" in run.stdout}


def findings(found: dict[str, Any], *, mutual: bool) -> list[str]:
    """What is worse than worth knowing."""
    if found["scan_status"] != "COMPLETED":
        return [f"the scan did not complete: {found['scan_status']}"]
    results = found["scan_result"]
    sentences = []
    if not (mutual or found["compliant"]):
        sentences.append("not Mozilla's intermediate profile")
    for name, weakness in _WEAK.items():
        result = results[name]["result"]
        if mutual and result is None:
            continue  # asked only of who has a certificate
        if result is None or result[weakness]:
            sentences.append(f"{name}: {weakness}")
    if results["robot"]["result"]["robot_result"].startswith("VULNERABLE"):
        sentences.append("robot: vulnerable")
    for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
        if results[f"{version}_cipher_suites"]["result"]["accepted_cipher_suites"]:
            sentences.append(f"{version} is accepted")
    for version in ("tls_1_2", "tls_1_3"):
        for suite in results[f"{version}_cipher_suites"]["result"]["accepted_cipher_suites"]:
            name = suite["cipher_suite"]["name"]
            if "GCM" not in name and "CHACHA20" not in name:
                sentences.append(f"{version}: {name} is no AEAD")
    return sentences


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
