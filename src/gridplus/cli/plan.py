"""`gridplus plan`."""

from datetime import date, timedelta
from pathlib import Path

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError


@click.group(name="plan")
def command() -> None:
    """Plan files."""


@command.command()
@click.argument("plan", type=FILE)
def check(plan: Path) -> None:
    """Say whether PLAN can be sold, or what is wrong with it and where."""
    from gridplus.tariff import parse_plan

    found = parse_plan(plan.read_bytes(), what=str(plan))
    click.echo(f"{found.name} ({found.id}, version {found.version}) is in order")
    click.echo(f"digest 0x{found.digest.hex()}")


@command.command()
@click.argument("plan", type=FILE)
@click.option("--month", default="2021-07", show_default=True, help="Month of index prices.")
def label(plan: Path, month: str) -> None:
    """Print PLAN's facts label: the average price at 500, 1,000 and 2,000 kWh a month."""
    from gridplus.demo.street_data import day_ahead_prices
    from gridplus.tariff import facts_label, parse_plan

    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise InputError(f"--month {month}: write a month like 2021-07") from None
    days = [first + timedelta(i) for i in range(31)]
    prices = [day_ahead_prices(day) for day in days if day.month == first.month]
    click.echo(facts_label(parse_plan(plan.read_bytes(), what=str(plan)), month=prices).text())
