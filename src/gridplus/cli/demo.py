"""`gridplus demo`."""

import time
from datetime import date
from pathlib import Path

import click

from gridplus.failures import InputError


@click.command(name="demo")
@click.option("--day", default="2021-08-11", show_default=True, help="First operating day.")
@click.option("--days", default=1, show_default=True, help="How many days, one after the other.")
@click.option("--homes", default=17, show_default=True, help="How many homes, 1 to 17.")
@click.option("--seed", default=1, show_default=True, help="All keys are derived from it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
@click.option("--fast", is_flag=True, help="No pauses, no summary page.")
@click.option("--out", default="demo-out", show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--rtm",
    type=click.Path(path_type=Path),
    help="CSV of real-time prices (UTC start; 5 to 60 min) to value the imbalance at.",
)
@click.option(
    "--meter",
    type=click.Path(path_type=Path),
    help="Your own meter's CSV (15 min or hourly, UTC start): it takes the first home's place.",
)
@click.option(
    "--restate", is_flag=True, help="Correct the first day's prices and restate its bills."
)
@click.option(
    "--broker", help="Hear of events over this MQTT broker, like mqtt://127.0.0.1; default: poll."
)
@click.option("--rtm-point", help="Column of --rtm to read; default LZ_HOUSTON.")
def command(
    day: str,
    days: int,
    homes: int,
    seed: int,
    as_json: bool,
    fast: bool,
    out: Path,
    rtm: Path | None,
    rtm_point: str | None,
    meter: Path | None,
    restate: bool,
    broker: str | None,
) -> None:
    """A street of real homes buys a real day of electricity.

    17 homes with solar panels and a battery each buy at ERCOT's day-ahead prices of LZ_HOUSTON.
    A chain, a hub and a back office run as processes of their own; every quarter hour each home's
    agent plans, meters, recomputes its bill and pays. Prices exist from 2021-01-01 to 2022-12-31.

    \b
    gridplus demo --day 2021-02-15     winter storm Uri, under the same capped plan
    gridplus demo --day 2021-03-14     a day of 23 hours
    gridplus demo --days 2 --restate   the first day's bills are corrected on the second
    """
    from rich.console import Console

    from gridplus.demo.audit import audit
    from gridplus.demo.conductor import perform
    from gridplus.demo.console import print_figures, progress
    from gridplus.demo.measures import figures_of
    from gridplus.demo.options import DemoOptions
    from gridplus.demo.page import summary_page

    began_ns = time.perf_counter_ns()
    options = DemoOptions(
        _day(day), days, homes, seed, fast, out, rtm, rtm_point, meter, restate, broker
    )
    for fault in options.meter_faults:
        click.echo(f"gridplus: {fault}", err=True)
    with progress(Console(stderr=True), enabled=True) as bar:
        run = perform(options, bar)
        bar.phase("reading every store back after a restart, verifying every bill")
        found = audit(run)
        elapsed_ms = (time.perf_counter_ns() - began_ns) // 1_000_000
        figures = figures_of(run, found, elapsed_ms=elapsed_ms)
    (run.stage.out / "result.json").write_text(figures.to_json() + "\n")
    if not fast:
        (run.stage.out / "summary.html").write_text(summary_page(figures))
    if as_json:
        click.echo(figures.to_json())
    else:
        print_figures(figures, Console())
    for fault in found.faults:
        click.echo(f"gridplus: {fault}", err=True)
    if found.faults or not figures.agrees:
        raise InputError("the stores do not agree; see above")
    if options.meter_faults:
        raise InputError(f"{len(options.meter_faults)} rows of {meter} were not used; see above")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--day {text}: write a day like 2021-02-15") from None
