"""Schemathesis against a real VTN: the standard's description and our own, in three roles.

`python tools/openadr_conformance.py [--examples N] [--seed N]`. The standard's description is read
from ../shared/specs/openadr-3.1.0 and its known defects are mended in memory; where it is absent
that half is left out, and the table says so. Exit status 1 when a run fails.
"""

import argparse
import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from gridplus.demo.processes import ServiceProcess, start_service
from schemathesis_run import report, run

ROOT = Path(__file__).parents[1]
OFFICIAL = ROOT.parent / "shared/specs/openadr-3.1.0/openadr3.yaml"
ROLES = ("business logic", "VEN", "no token")
CLIENTS = "".join(
    f'[[client]]\nid = "{name}"\nsecret = "{name}-secret"\nrole = "{name}"\n'
    for name in ("BL", "VEN")
)
PHASES = "examples,coverage,fuzzing,stateful"


def mended(text: str) -> dict[str, Any]:
    """The standard's description, as far as a server can satisfy it.

    Mended: a stray dash; a ven's and a resource's objectType must be two things at once; bodies
    are not marked as required; answers that the text of the standard asks for are not listed.
    """
    spec: dict[str, Any] = yaml.safe_load(text.replace("default: null          -", "default: null"))
    schemas = spec["components"]["schemas"]
    for name in ("Ven", "Resource"):
        sent = schemas[f"Bl{name}Request"]
        schemas[name.lower()]["allOf"][1] = {
            "type": "object",
            "required": [field for field in sent["required"] if field != "objectType"],
            "properties": {k: v for k, v in sent["properties"].items() if k != "objectType"},
        }
    for path in spec["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "requestBody" in operation:
                operation["requestBody"]["required"] = True
    for path, method, status, name in (
        ("/vens", "post", "409", "conflict"),
        ("/programs/{programID}", "put", "401", "unauthorized"),
        ("/notifiers", "get", "401", "unauthorized"),
        ("/notifiers", "get", "403", "forbidden"),
    ):
        responses = spec["paths"][path][method]["responses"]
        responses[status] = {"$ref": f"#/components/responses/{name}"}
    return spec


def token_of(url: str, role: str) -> str | None:
    """An access token for the role's client."""
    if role == "no token":
        return None
    name = "VEN" if role == "VEN" else "BL"
    answer = httpx.post(
        f"{url}/auth/token",
        data={"grant_type": "client_credentials"},
        auth=(name, f"{name}-secret"),
    )
    return str(answer.json()["access_token"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default=PHASES)
    chosen = parser.parse_args()
    more = ["--max-examples", str(chosen.examples), "--seed", str(chosen.seed)]
    more += ["--phases", chosen.phases]
    failed = 0
    print(f"schemathesis, seed {chosen.seed}, {chosen.examples} examples, {chosen.phases}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        service = start_vtn(place)
        try:
            for name, description in descriptions(place, service.url):
                for role in ROLES:
                    token = token_of(service.url, role)
                    passed, said = run(description, service.url, token=token, more=more)
                    report(name, role, passed=passed, said=said)
                    failed += not passed
        finally:
            service.stop()
    return 1 if failed else 0


def start_vtn(place: Path) -> ServiceProcess:
    """An empty VTN in test mode, told of a broker that need not be there."""
    (place / "clients.toml").write_text(CLIENTS)
    arguments = ["vtn", "serve", "--state", str(place / "state"), "--test-mode"]
    arguments += ["--clients", str(place / "clients.toml"), "--mqtt", "mqtt://127.0.0.1:1"]
    return start_service("vtn", arguments, log=place / "log")


def descriptions(place: Path, url: str) -> list[tuple[str, Path]]:
    """Those that are there, by name."""
    own = place / "own.json"
    own.write_bytes(httpx.get(f"{url}/openapi.json").content)
    found = [("our own", own)]
    if OFFICIAL.is_file():
        official = place / "official.json"
        official.write_text(json.dumps(mended(OFFICIAL.read_text()), default=_instant))
        found.insert(0, ("official", official))
    else:
        print(f"  official  left out: {OFFICIAL.name} is not beside this checkout")
    return found


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{value!r} is no JSON")


if __name__ == "__main__":
    sys.exit(main())
