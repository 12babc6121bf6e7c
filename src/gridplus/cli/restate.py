"""`gridplus restate`."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from gridplus.cli.records import load_plans, load_reads
from gridplus.cli.serving import FILE
from gridplus.clock import SystemClock
from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.market.formats import PriceCorrection, corrected, parse_price_corrections
from gridplus.tariff import (
    BillDocument,
    Cause,
    Correction,
    Plan,
    Restatement,
    format_octets,
    history_of,
    parse_bill,
    restate,
    restated_ubolt,
)
from gridplus.units import Interval, format_ubolt


@click.command(name="restate")
@click.argument("bills", nargs=-1, required=True, type=FILE, metavar="BILL...")
@click.option("--corrections", type=FILE, help="CSV of price corrections: posted, and now.")
@click.option("--reads", type=FILE, help="A meter file: what the intervals should have said.")
@click.option("--plan", "plan_path", type=FILE, help="The plan that they should have been under.")
@click.option("--decided", help="Day on which it is billed; default today.")
@click.option("--json", "as_json", is_flag=True, help="Print the restatement as JSON.")
def command(
    bills: tuple[Path, ...],
    corrections: Path | None,
    reads: Path | None,
    plan_path: Path | None,
    decided: str | None,
    as_json: bool,
) -> None:
    """What BILLs should have been: the one restatement of corrected prices, reads or plan.

    BILLs are of one home, every day in its order. Nothing is sent or signed: what is printed is
    what retailer and home would each compute.
    """
    if sum(source is not None for source in (corrections, reads, plan_path)) != 1:
        raise InputError("name one of --corrections, --reads and --plan")
    documents = [parse_bill(path.read_bytes(), what=path.name) for path in bills]
    history, plan = history_of(documents), documents[0].plan
    decided_at_s = _decided_at_s(decided, plan)
    if corrections is not None:
        cause, fixes = Cause.PRICES, _price_fixes(documents, corrections, known_at_s=decided_at_s)
    elif reads is not None:
        cause, fixes = Cause.READ, _read_fixes(documents, reads)
    else:
        (right,) = load_plans([plan_path] if plan_path else [])
        cause, fixes = Cause.PLAN, (Correction(i, plan=right) for i in _intervals(documents))
    found = restate(history, fixes, cause=cause, decided_at_s=decided_at_s)
    if as_json:
        click.echo(json.dumps(None if found is None else _document(found[0]), indent=1))
    elif found is None:
        click.echo("nothing changes: these bills are what they should have been")
    else:
        _print(found[0])


def _price_fixes(
    bills: Iterable[BillDocument], path: Path, *, known_at_s: int
) -> Iterator[Correction]:
    fixes, faults = parse_price_corrections(path.read_bytes(), what=path.name)
    for fault in faults:
        click.echo(f"gridplus: {fault}", err=True)
    for bill in bills:
        prices = bill.prices
        mine = [fix for fix in fixes if _is_of(fix, prices)]
        if mine:
            newest = corrected(prices, mine, known_at_s=known_at_s, source=path.name)
            for fix in mine:
                step = Interval(fix.start_s, prices.step_s)
                for interval in (i for i in _intervals([bill]) if _lies_in(i, step)):
                    yield Correction(interval, prices=newest)


def _lies_in(interval: Interval, step: Interval) -> bool:
    return step.start_s <= interval.start_s and interval.end_s <= step.end_s


def _is_of(fix: PriceCorrection, prices: PriceVersion) -> bool:
    inside = prices.start_s <= fix.start_s < prices.end_s
    return inside and fix.settlement_point == prices.settlement_point


def _read_fixes(bills: Iterable[BillDocument], path: Path) -> Iterator[Correction]:
    meters, _ = load_reads(path)
    if len(meters) != 1:
        raise InputError(f"{path} has meters {', '.join(meters)}; the home has one")
    (reads,) = meters.values()
    right = {read.interval.start_s: read for read in reads}
    for interval in _intervals(bills):
        read = right.get(interval.start_s)
        if read is not None:
            yield Correction(interval, energy_wh=(read.import_wh, read.export_wh))


def _intervals(bills: Iterable[BillDocument]) -> Iterator[Interval]:
    return (billed.statement.interval for bill in bills for billed in bill.intervals)


def _decided_at_s(text: str | None, plan: Plan) -> int:
    if text is None:
        return SystemClock().now_s()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--decided {text}: write a day like 2021-02-15") from None
    return int(datetime.combine(day, time(), ZoneInfo(plan.time_zone)).timestamp())


def _print(restatement: Restatement) -> None:
    waived = sum(revision.waived for revision in restatement.revisions)
    for (day, code), owed in restated_ubolt(restatement).items():
        if owed:
            click.echo(f"{day}  {code.value:<20} {format_ubolt(owed):>14}")
    word = "charge" if restatement.owed_ubolt >= 0 else "credit"
    count = len(restatement.revisions)
    click.echo(f"{count} intervals restated, {waived} charges too late to be made")
    click.echo(f"{word} of {format_ubolt(abs(restatement.owed_ubolt))} BOLT")
    spent, earned = restatement.spent_ubolt, restatement.earned_ubolt
    click.echo(f"counters after it: spent {format_ubolt(spent)}, earned {format_ubolt(earned)}")
    click.echo(f"head 0x{restatement.head.hex()}")


def _document(restatement: Restatement) -> dict[str, Any]:
    moved = [
        {"day": day.isoformat(), "code": code.value, "owed_ubolt": owed}
        for (day, code), owed in restated_ubolt(restatement).items()
    ]
    document = restatement.document()
    return {**document, "head": format_octets(restatement.head), "owed_ubolt": moved}
