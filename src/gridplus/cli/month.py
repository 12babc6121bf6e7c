"""What `gridplus retailer rate-month` does around its jobs: their prices, and what is told."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import click

from gridplus.cli.records import PriceBook, load_plans
from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.retailer.month import Job, RatedFile, differences, jobs_of
from gridplus.tariff import Plan

MONTH_PREFIX = "month="


def month_jobs(plan_path: Path, prices: tuple[Path, ...], *, reads: Path, out: Path) -> list[Job]:
    """Raises InputError for a plan, prices or a folder that cannot be used."""
    (plan,) = load_plans([plan_path])
    return jobs_of(plan, _prices(plan, prices, reads=reads), reads=reads, out=out)


def tell(jobs: Sequence[Job], found: Sequence[RatedFile], *, audit: bool) -> int:
    """One JSON line a file, then one of sums in aBOLT. Returns the exit status."""
    good = True
    for job, one in zip(jobs, found, strict=True):
        told: dict[str, object] = {"file": str(one.source), "rows": one.rows}
        if one.refused is not None:
            told["refused"], good = one.refused, False
        elif audit:
            told["differences"] = differ = _differences(job)
            good = good and not differ
        click.echo(json.dumps(told, ensure_ascii=False))
    sums = {
        "intervals": sum(one.intervals for one in found),
        "charges_abolt": str(sum(one.charges_abolt for one in found)),
        "credits_abolt": str(sum(one.credits_abolt for one in found)),
    }
    click.echo(json.dumps(sums))
    return 0 if good else 1


def _differences(job: Job) -> list[dict[str, str]]:
    return [
        {
            "home": each.home,
            "line": each.code.value,
            "rated_abolt": str(each.rated_abolt),
            "audited_abolt": str(each.audited_abolt),
        }
        for each in differences(job)
    ]


def _prices(plan: Plan, paths: tuple[Path, ...], *, reads: Path) -> dict[date, PriceVersion]:
    """Of every day of the months that the folders' names say, as far as they are known."""
    if plan.index is None:
        return {}
    book, found = PriceBook(paths), dict[date, PriceVersion]()
    for month in sorted({folder.name for folder in reads.rglob(f"{MONTH_PREFIX}*")}):
        for day in _days_of(month, where=str(reads)):
            version = book.version(plan, day)
            if version is not None:
                found[day] = version
    return found


def _days_of(folder: str, *, where: str) -> list[date]:
    try:
        first = date.fromisoformat(folder.removeprefix(MONTH_PREFIX) + "-01")
    except ValueError:
        raise InputError(f"{where}: {folder!r} is no month; write month=2021-08") from None
    days = [first + timedelta(place) for place in range(31)]
    return [day for day in days if day.month == first.month]
