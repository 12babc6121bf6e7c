"""`gridplus retailer`."""

import sys
from pathlib import Path
from typing import Any

import click

from gridplus.cli.retailer_ask import command as ask
from gridplus.cli.retailer_indicate import command as indicate
from gridplus.cli.serving import FILE, serving_options
from gridplus.failures import InputError

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(name="retailer")
def command() -> None:
    """The back office."""


command.add_command(ask)
command.add_command(indicate)


@command.command()
@click.option("--config", required=True, type=FILE, help="Configuration file (TOML).")
@serving_options
def serve(config: Path, port: int, exit_with_parent: bool) -> None:
    """Serve the retailer on loopback until SIGTERM."""
    from gridplus.retailer.config import RetailerConfig
    from gridplus.retailer.service import serve_retailer

    serve_retailer(RetailerConfig.load(config), port=port, exit_with_parent=exit_with_parent)


@command.command(name="rate-month")
@click.option("--plan", "plan_path", required=True, type=FILE, help="The plan, TOML or JSON.")
@click.option("--reads", required=True, type=FOLDER, help="Folder of partitioned Parquet.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--prices", type=FILE, multiple=True, help="Prices of the plan's index; repeatable.")
@click.option("--engine", default="here", show_default=True, help="here, processes or dask.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 256))
@click.option("--dask", "address", help="Address of a Dask scheduler that runs already.")
@click.option("--audit", is_flag=True, help="Rate everything again with DuckDB and compare.")
def rate_month(*, reads: Path, out: Path, audit: bool, **asked: Any) -> None:
    """Rate a month of many homes, Parquet to Parquet, exactly.

    Each file below READS, in folders like month=2021-08, holds homes on the plan: a row for a home
    and local day. Its lines are written to the same place below OUT. Exit status 1 when a file is
    refused or the audit finds a difference.
    """
    try:
        from gridplus.cli.month import month_jobs, tell
        from gridplus.retailer.month import run_jobs
    except ImportError:
        raise InputError("Parquet needs pyarrow: pip install gridplus[scale]") from None
    jobs = month_jobs(asked["plan_path"], asked["prices"], reads=reads, out=out)
    engine, address = asked["engine"], asked["address"]
    found = run_jobs(jobs, engine=engine, workers=asked["workers"], address=address)
    sys.exit(tell(jobs, found, audit=audit))
