"""`gridplus retailer indicate`: what the real-time market seems to become, for homes to plan by."""

from datetime import date
from pathlib import Path

import click

from gridplus.cli.retailer_ask import ask_office, office_line
from gridplus.cli.serving import FILE
from gridplus.failures import InputError


@click.command(name="indicate")
@click.argument("prices", type=FILE)
@click.option("--day", required=True, help="The operating day, like 2021-08-11.")
@click.option("--point", default="LZ_HOUSTON", show_default=True, help="The column of PRICES.")
@click.option("--source", help="Who says so; default: the name of the file.")
@office_line
def command(prices: Path, day: str, point: str, source: str | None, url: str, token: Path) -> None:
    """Publish the indicative real-time prices of a day from a CSV, signed, as its next version.

    PRICES has a column of UTC starts (5, 15, 30 or 60 minutes apart) and one of $/MWh or $/kWh, and
    covers the whole day. Homes plan by them where the final prices are not there; no bill is ever
    made with them. Rows that are left out are named, and the exit status is 1.
    """
    from gridplus.files import read_file
    from gridplus.market.formats.price_csv import parse_price_csv

    series = parse_price_csv(read_file(prices), what=prices.name, settlement_point=point)
    curve = series.version(_day(day), known_at_s=0)
    said = {
        "day": curve.operating_day.isoformat(),
        "step_s": curve.step_s,
        "source": source or prices.name,
        "prices_ubolt_per_mwh": list(curve.prices_ubolt_per_mwh),
    }
    found = ask_office("POST", f"{url}/v1/admin/indicative", token=token, body=said)
    click.echo(f"version {found['version']}, {found['prices']}")
    for fault in series.faults:
        click.echo(f"gridplus: {fault}", err=True)
    if series.faults:
        raise InputError(f"{len(series.faults)} rows of {prices} were not used; see above")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--day {text}: write a day like 2021-08-11") from None
