"""Another client, then schemathesis, against a real hub with a home whose deposit is on a chain.

`python tools/hub_conformance.py [--shards 2] [--examples N] [--seed N]`. The examples that
schemathesis begins with are the messages of a home that opens its channel, is billed and pays: they
are accepted. Everything else it invents is refused by name. Exit status 1 when a run fails.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx

from gridplus.channel import Voucher
from gridplus.demo.processes import start_service
from gridplus.demo.sandbox import Sandbox, sandbox
from gridplus.demo.stage import Stage
from gridplus.meter import IntervalRead, SignedRead, read_message
from gridplus.tariff import format_octets
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval
from gridplus.wallet import voucher_digest
from gridplus.wire import BillOffer, OpenChannel, SubmitRead, SubmitVoucher
from gridplus.wire.message import Message
from schemathesis_run import report, run

CLIENT = Path(__file__).parents[1] / "examples/another_client.py"
BY_CLIENT = 2
"""Intervals that the example pays; its meter stands at 5,500 Wh then."""
REGISTER_WH = 5_500
BEYOND_SCHEMAS = "".join(
    f"""
[[operations]]
include-name = "{operation}"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 409, "5xx"]
"""
    for operation in (
        "POST /v1/channels",
        "POST /v1/orders",
        "POST /v1/joins",
        "POST /v1/admin/restatements",
        "GET /v1/admin/journal",
    )
)
"""More than these schemas say: owner and guardian are two different keys, each kind of order has
fields of its own, the intervals of a restatement follow each other, a baseline has a name, a hub
so many shards."""
LEFT_OUT = """
[[operations]]
include-name = "POST /v1/admin/drain"
enabled = false
"""
"""It would end the hub."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument("--shards", type=int, help="a coordinator with so many, from 2")
    chosen = parser.parse_args()
    more = ["--max-examples", str(chosen.examples), "--seed", str(chosen.seed)]
    more += ["--phases", chosen.phases]
    form = "one process" if chosen.shards is None else f"{chosen.shards} shards"
    print(f"the hub, {form}: seed {chosen.seed}, {chosen.examples} examples, {chosen.phases}")
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder) / "out", seed=1) as place:
        start_s = json.loads(place.described())["start_s"]
        with nullcontext() if chosen.shards is None else in_shards(place.stage, chosen.shards):
            failed = attack(place, Path(folder), start_s=start_s, more=more)
    return 1 if failed else 0


def attack(place: Sandbox, folder: Path, *, start_s: int, more: list[str]) -> int:
    """How many runs failed."""
    url, failed = place.stage.hub_url, 0
    client = [sys.executable, str(CLIENT), url, str(place.home), str(start_s)]
    done = subprocess.run(client, capture_output=True, text=True)
    paid = done.returncode == 0 and done.stdout.count("durable") == BY_CLIENT
    report("examples/", "another client", passed=paid, said=done.stdout + done.stderr)
    failed += not paid
    description = folder / "hub.json"
    description.write_text(json.dumps(with_examples(place, start_s=start_s)))
    (folder / "schemathesis.toml").write_text(BEYOND_SCHEMAS + LEFT_OUT)
    for role, token in (("a home", None), ("administrator", place.stage.token("hub-admin"))):
        passed, said = run(description, url, token=token, more=more)
        report("our own", role, passed=passed, said=said)
        failed += not passed
    log = (place.stage.out / "logs" / "hub.log").read_text().splitlines()
    strange = [line for line in log if "Invalid HTTP request received" not in line]
    print("\n".join(strange), end="")
    return failed + bool(strange)


@contextmanager
def in_shards(stage: Stage, count: int) -> Iterator[None]:
    """The sandbox's hub goes on as a coordinator with its shards."""
    stage.stop(["hub"])
    config = stage.out / "hub" / "hub.toml"
    config.write_text(f"shards = {count}\n{config.read_text()}")
    hub = [sys.executable, "-m", "gridplus.cli", "hub"]
    subprocess.run([*hub, "split", "--config", str(config)], check=True, capture_output=True)
    port = stage.hub_url.rpartition(":")[2]
    arguments = ["hub", "serve", "--config", str(config), "--port", port]
    service = start_service("hub", arguments, log=stage.out / "logs" / "hub.log")
    try:
        yield
    finally:
        service.stop()


def with_examples(place: Sandbox, *, start_s: int) -> dict[str, Any]:
    """The hub's description, with messages of the home that it accepts."""
    resident, url = place.resident, place.stage.hub_url
    channel, keys = resident.identity.channel, resident.keys
    interval = Interval(start_s + BY_CLIENT * SETTLEMENT_INTERVAL_S, SETTLEMENT_INTERVAL_S)
    read = IntervalRead(interval, 300, 20, REGISTER_WH + 300, 20)
    signed = SignedRead(channel, read, keys.device.sign(read_message(channel, read)))
    submitted = SubmitRead(signed)
    answer = httpx.post(f"{url}/v1/reads", content=submitted.to_bytes())
    bill = BillOffer.parse(answer.content).statement
    cfg, spent, earned = resident.identity.cfg, bill.spent_ubolt, bill.earned_ubolt
    digest = voucher_digest(resident.identity.domain, cfg, spent=spent, earned=earned)
    voucher = Voucher(cfg, spent, earned, keys.voucher.sign(digest))
    spec: dict[str, Any] = httpx.get(f"{url}/openapi.json").json()
    bodies: dict[str, Message] = {
        "/v1/channels": OpenChannel(resident.identity),
        "/v1/reads": submitted,
        "/v1/vouchers": SubmitVoucher(channel, voucher),
    }
    for path, message in bodies.items():
        content = spec["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        content["example"] = json.loads(message.to_bytes())
    for path in ("/v1/channels/{channel}", "/v1/admin/channels/{channel}/records"):
        named, *seconds = spec["paths"][path]["parameters"]
        named["example"] = format_octets(channel)
        for parameter, at_s in zip(seconds, (start_s, interval.end_s), strict=False):
            parameter["example"] = at_s
    return spec


if __name__ == "__main__":
    sys.exit(main())
