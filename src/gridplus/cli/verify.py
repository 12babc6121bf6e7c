"""`gridplus verify`."""

import json
import sys
from pathlib import Path

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError


@click.command(name="verify")
@click.argument("bills", nargs=-1, required=True, type=FILE, metavar="BILL...")
@click.option(
    "--deployment", type=FILE, help="The retailer's deployment file; default: beside the bills."
)
@click.option("--rpc", help="JSON-RPC node to ask; default: the chain file beside the bills.")
@click.option("--quiet", is_flag=True, help="Print only bills that fail, and the count.")
@click.option("--json", "as_json", is_flag=True, help="Print every check as JSON.")
def command(
    bills: tuple[Path, ...],
    deployment: Path | None,
    rpc: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Recompute bills and compare them with the chain.

    Every µBOLT is derived again from reads, prices and plan; every signature is checked; signers
    and the anchored root are taken from the chain, never from the bill. Exit status 1 when
    anything differs.
    """
    from gridplus.cli.truth import open_chain
    from gridplus.tariff import parse_bill
    from gridplus.verify import fetch_truth, verify_bill

    failed, report = 0, []
    with open_chain(bills[0], deployment=deployment, rpc=rpc) as (chain, deployed):
        for path in bills:
            try:
                bill = parse_bill(path.read_bytes(), what=path.name)
                checks = verify_bill(bill, fetch_truth(chain, deployed, bill=bill))
            except InputError as error:
                failed += 1
                report.append({"bill": str(path), "ok": False, "error": str(error)})
                if not as_json:
                    click.echo(f"{path}\n  FAILED  {error}")
                continue
            ok = all(check.ok for check in checks)
            failed += not ok
            rows = [
                {"check": c.name, "ok": c.ok, "sentence": c.sentence, "detail": c.detail}
                for c in checks
            ]
            report.append({"bill": str(path), "ok": ok, "checks": rows})
            if not as_json and not (ok and quiet):
                click.echo(str(path))
                for check in checks:
                    mark = "ok    " if check.ok else "FAILED"
                    told = f"{check.sentence}: {check.detail}" if check.detail else check.sentence
                    click.echo(f"  {mark}  {check.name:<11} {told}")
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        click.echo(f"{len(bills) - failed} of {len(bills)} bills verify")
    sys.exit(1 if failed else 0)
