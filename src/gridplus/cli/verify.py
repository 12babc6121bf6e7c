"""`gridplus verify`."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gridplus.chain import Chain, RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.cli.serving import FILE
from gridplus.clock import SystemClock
from gridplus.failures import InputError
from gridplus.tariff import BillDocument, parse_bill
from gridplus.verify import fetch_truth, verify_bill


@click.command(name="verify")
@click.argument("bills", nargs=-1, required=True, type=FILE, metavar="BILL...")
@click.option("--deployment", type=FILE, help="The retailer's deployment file.")
@click.option("--state", type=FILE, help="The file of an embedded chain that nobody serves.")
@click.option("--rpc", help="URL of a JSON-RPC node to ask instead of a file.")
@click.option("--quiet", is_flag=True, help="Print only bills that fail, and the count.")
@click.option("--json", "as_json", is_flag=True, help="Print every check as JSON.")
def command(
    bills: tuple[Path, ...],
    deployment: Path | None,
    state: Path | None,
    rpc: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Recompute bills and compare them with the chain.

    Every µBOLT is derived again from reads, prices and plan; every signature is checked; signers
    and the anchored root are taken from the chain, never from the bill. Deployment and chain file
    are looked for where `gridplus demo` leaves them, beside the folder of the bills. A bill that
    restates earlier ones is held against them when they are named before it, day by day. Exit
    status 1 when anything differs.
    """
    beside = bills[0].resolve().parent.parent
    deployed = Deployment.load(deployment or beside / "deployment.json")
    with open_chain(state or beside / "chain" / "chain.sqlite", deployed, rpc=rpc) as chain:
        read = list[BillDocument]()
        reports = [_report(chain, deployed, path=path, before=read) for path in bills]
    if as_json:
        click.echo(json.dumps(reports, indent=2))
    else:
        for report in reports:
            if not (quiet and report["ok"]):
                _print(report)
        good = sum(report["ok"] for report in reports)
        click.echo(f"{good} of {len(bills)} bills verify")
    sys.exit(0 if all(report["ok"] for report in reports) else 1)


def _report(
    chain: Chain, deployed: Deployment, *, path: Path, before: list[BillDocument]
) -> dict[str, Any]:
    """`before` are the bills that were named before this one, which joins them."""
    try:
        bill = parse_bill(path.read_bytes(), what=path.name)
        earlier = _leading_to(bill, before) if bill.restated else ()
        before.append(bill)
        checks = verify_bill(bill, fetch_truth(chain, deployed, bill=bill), earlier=earlier)
    except InputError as error:
        format_check = {"name": "format", "sentence": str(error), "ok": False, "detail": ""}
        return {"bill": str(path), "ok": False, "checks": [format_check]}
    rows = [
        {"name": c.name, "sentence": c.sentence, "ok": c.ok, "detail": c.detail} for c in checks
    ]
    return {"bill": str(path), "ok": all(c.ok for c in checks), "checks": rows}


def _leading_to(bill: BillDocument, known: Sequence[BillDocument]) -> Sequence[BillDocument]:
    """Those of `known` whose chain leads to the opening of `bill` without a gap, in order."""
    found, opening = list[BillDocument](), bill.opening
    for each in reversed(known):
        if each.closing.tip == opening:
            found.insert(0, each)
            opening = each.opening
    return found


def _print(report: dict[str, Any]) -> None:
    click.echo(report["bill"])
    for check in report["checks"]:
        mark = "ok    " if check["ok"] else "FAILED"
        told = " ".join(filter(None, (check["sentence"], check["detail"])))
        click.echo(f"  {mark}  {check['name']:<11} {told}")


@contextmanager
def open_chain(state: Path, deployed: Deployment, *, rpc: str | None) -> Iterator[Chain]:
    if rpc is not None:
        with RpcChain(rpc) as remote:
            yield remote
        return
    if not state.is_file():
        raise InputError(
            f"there is no chain file {state}; name one with --state, or a node (--rpc)"
        )
    from gridplus.chain.embedded import EmbeddedChain, Genesis

    with EmbeddedChain(state, SystemClock(), genesis=Genesis(deployed.chain_id, {})) as chain:
        yield chain
