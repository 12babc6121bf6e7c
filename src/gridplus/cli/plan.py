"""`gridplus plan`."""

import json
from datetime import date
from pathlib import Path

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError

PRICES = click.option(
    "--prices", type=FILE, multiple=True, help="Prices of an index, beside the bundled ones."
)


@click.group(name="plan")
def command() -> None:
    """Plan files."""


@command.command()
@click.argument("plan", type=FILE)
def check(plan: Path) -> None:
    """Say whether PLAN can be sold, or what is wrong with it and where."""
    from gridplus.tariff import SIMULATION, parse_plan

    found = parse_plan(plan.read_bytes(), what=str(plan))
    click.echo(f"{found.name} ({found.id}, version {found.version}) is in order")
    if found.jurisdiction == SIMULATION:
        click.echo("it is a simulation: it can be computed with, and not sold")
    click.echo(f"digest 0x{found.digest.hex()}")


@command.command()
@click.argument("plan", type=FILE)
@click.option("--month", default="2021-07", show_default=True, help="Month of index prices.")
@PRICES
@click.option("--json", "as_json", is_flag=True, help="Print the label as JSON.")
def label(plan: Path, month: str, prices: tuple[Path, ...], as_json: bool) -> None:
    """Print PLAN's facts label: the average price at 500, 1,000 and 2,000 kWh a month, in all its
    parts, and the worst day of the bundled record or of --prices."""
    from gridplus.cli.records import PriceBook
    from gridplus.tariff import facts_label, parse_plan, worst_day

    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise InputError(f"--month {month}: write a month like 2021-07") from None
    found, book = parse_plan(plan.read_bytes(), what=str(plan)), PriceBook(prices)
    shown = facts_label(found, month=first, prices=book.month(found, first))
    worst = worst_day(found, history=book.record(found))
    if as_json:
        document = {**shown.document(), "worst_day": worst.document()}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(shown.text() + worst.text(), nl=False)


@command.command()
@click.argument("plans", nargs=-1, type=FILE, metavar="[PLAN]...")
@click.option("--reads", type=FILE, multiple=True, help="Meter files; none: the 17 bundled homes.")
@PRICES
@click.option("--from", "first", default="2021-07-01", show_default=True, help="First bundled day.")
@click.option("--to", "last", default="2021-07-31", show_default=True, help="Last bundled day.")
@click.option("--point-type", help="LZ or LZEW, where ERCOT's file has both for a load zone.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def compare(
    plans: tuple[Path, ...],
    reads: tuple[Path, ...],
    prices: tuple[Path, ...],
    first: str,
    last: str,
    point_type: str | None,
    as_json: bool,
) -> None:
    """What each home would have paid on each PLAN (none: the bundled ones), and its regret: how
    much more than on the plan that would have been cheapest. A home behaves the same on all."""
    from gridplus.cli.comparison import comparison_document, comparison_table
    from gridplus.cli.records import (
        PriceBook,
        bundled_homes,
        days_of,
        load_plans,
        load_reads,
        price_table,
    )
    from gridplus.tariff import compare_plans

    chosen = load_plans(plans)
    homes = {name: found for path in reads for name, found in load_reads(path)[0].items()}
    homes = homes or bundled_homes(days_of(first, last))
    book = PriceBook(prices, point_type)
    courses = compare_plans(chosen, homes, prices=price_table(book, chosen, homes=homes))
    if as_json:
        click.echo(json.dumps(comparison_document(courses), indent=2, ensure_ascii=False))
    else:
        click.echo(comparison_table(courses), nl=False)
