"""`gridplus audit`."""

import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridplus.audit import Audit, AuditedDay, DataFolder, audit
from gridplus.chain.deployment import Deployment
from gridplus.cli.verify import open_chain
from gridplus.failures import GridPlusError, InputError
from gridplus.units import counted

COULD_NOT = 2


@click.command(name="audit")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--from", "first", help="First operating day; default the first that was closed.")
@click.option("--to", "last", help="Last operating day; default the last that was closed.")
@click.option("--state", type=click.Path(path_type=Path), help="The file of an embedded chain.")
@click.option("--rpc", help="URL of a JSON-RPC node to ask instead of a file.")
@click.option("--quiet", is_flag=True, help="No line per day on stderr.")
@click.option("--json", "as_json", is_flag=True, help="Print days and differences as JSON.")
def command(
    folder: Path,
    first: str | None,
    last: str | None,
    state: Path | None,
    rpc: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Rebuild a period from the journals alone, and compare everything with it.

    FOLDER is what `gridplus demo` leaves, or a copy of a retailer's: hub/hub.journal,
    retailer/retailer.journal, bills/, deployment.json and chain/chain.sqlite. Every bill is made
    again from reads, prices and plan; then bills, root, ledger, result and chain are held against
    it. Exit status 0 when all agree, 1 when something differs, 2 when it could not be audited.
    """
    began_ns = time.perf_counter_ns()
    try:
        deployed = Deployment.load(folder / "deployment.json")
        with open_chain(state or folder / "chain" / "chain.sqlite", deployed, rpc=rpc) as chain:
            found = audit(
                DataFolder(folder),
                chain=chain,
                first=_day(first),
                last=_day(last),
                progress=(lambda _: None) if quiet else _tell,
            )
    except GridPlusError as error:
        click.echo(f"gridplus: {error}", err=True)
        sys.exit(COULD_NOT)
    elapsed_ms = (time.perf_counter_ns() - began_ns) // 1_000_000
    if as_json:
        click.echo(json.dumps(_document(found, elapsed_ms), indent=2))
    else:
        _print(found, elapsed_ms)
    sys.exit(0 if found.ok else 1)


def _tell(day: AuditedDay) -> None:
    said = "agrees" if not day.differences else counted(day.differences, "difference")
    looked = f"{counted(day.homes, 'home')}, {counted(day.intervals, 'interval')}"
    line = f"{day.day}  {looked}: {said}"
    click.echo(line, err=True)


def _print(found: Audit, elapsed_ms: int) -> None:
    for difference in found.differences:
        click.echo(str(difference))
    homes = max(day.homes for day in found.days)
    intervals = sum(day.intervals for day in found.days)
    looked = ", ".join(
        counted(number, noun)
        for number, noun in ((len(found.days), "day"), (homes, "home"), (intervals, "interval"))
    )
    said = "all agree to the µBOLT: journals, bills, root, ledger and chain"
    if not found.ok:
        said = counted(len(found.differences), "difference")
    click.echo(f"{looked} in {elapsed_ms / 1_000:.1f} s: {said}")


def _document(found: Audit, elapsed_ms: int) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "elapsed_ms": elapsed_ms,
        "days": [
            {
                "day": day.day.isoformat(),
                "homes": day.homes,
                "intervals": day.intervals,
                "differences": day.differences,
            }
            for day in found.days
        ],
        "differences": [difference.document() for difference in found.differences],
    }


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text}: write a day like 2021-02-15") from None
