"""`gridplus plan`: a home's devices for the day; and the plans that homes buy by."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError

PRICES = click.option(
    "--prices", type=FILE, multiple=True, help="Prices of an index, beside the bundled ones."
)


@click.group(name="plan", invoke_without_command=True)
@click.option("--home", type=FILE, help="The home: devices and wishes (examples/home.toml).")
@click.option("--load", type=FILE, help="CSV: interval_start_utc, 'load Wh' or 'load kWh'.")
@click.option(
    "--prices",
    type=FILE,
    help="CSV: interval_start_utc, 'import $/kWh', 'export $/kWh' (or none); of --plan the index.",
)
@click.option("--solar", type=FILE, help="CSV: interval_start_utc, 'solar Wh' or 'solar kWh'.")
@click.option("--weather", type=FILE, help="CSV: interval_start_utc, 'outdoor °C'.")
@click.option("--plan", "terms", type=FILE, help="The tariff plan that the home is billed by.")
@click.option("--zone", default="America/Chicago", show_default=True, help="The home's clock.")
@click.option("--from", "begins", help="First instant, like 2021-08-11T05:00Z; else the first row.")
@click.option("--hours", default=24, show_default=True, type=click.IntRange(1, 48))
@click.option("--now", multiple=True, help="battery_wh=3000, car_wh=, indoor_c=21.5 or water_wh=.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="A .png, .svg, .pdf.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure and reason as JSON.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Plan a home's devices; or check, label and compare plan files.

    \b
      gridplus plan --home home.toml --prices p.csv --load l.csv --solar s.csv

    says what battery, car, heat pump, water and appliances do in each quarter hour, why, and what
    it costs. A load file that ends where the plan begins is a past, from which the coming load is
    forecast. Files and home to try it with:

    \b
      cd examples/home && gridplus plan --home home.toml --prices prices.csv \\
          --load load.csv --solar solar.csv --weather weather.csv --plot plan.png
    """
    if ctx.invoked_subcommand is not None:
        return
    if options["home"] is None or options["load"] is None:
        if any(options[name] for name in ("home", "load", "prices", "solar", "weather", "terms")):
            raise InputError("a home's plan needs --home and --load")
        click.echo(ctx.get_help())
        return
    _plan_home(**options)


def _plan_home(*, plot: Path | None, as_json: bool, **given: Any) -> None:
    from gridplus.cli.home_plan import Files, plan_from_files
    from gridplus.cli.home_report import plan_document, plan_text

    planned = plan_from_files(Files(**given))
    for fault in planned.faults:
        click.echo(f"gridplus: {fault}", err=True)
    if as_json:
        click.echo(json.dumps(plan_document(planned), indent=2, ensure_ascii=False))
    else:
        click.echo(plan_text(planned), nl=False)
    if plot is not None:
        from gridplus.cli.home_plot import draw

        draw(planned, plot)
    sys.exit(1 if planned.faults else 0)


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
