"""`gridplus rate`."""

import json
import sys
from pathlib import Path

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError


@click.command(name="rate")
@click.option("--plan", "plan_path", type=FILE, required=True, help="The plan, TOML or JSON.")
@click.option("--reads", type=FILE, required=True, help="A meter file of any known format.")
@click.option("--prices", type=FILE, multiple=True, help="Prices of the plan's index; repeatable.")
@click.option("--point-type", help="LZ or LZEW, where ERCOT's file has both for a load zone.")
@click.option("--meter", help="Which meter, where the file has several.")
@click.option("--totals", is_flag=True, help="Print the sums only, not every interval.")
def command(
    plan_path: Path,
    reads: Path,
    prices: tuple[Path, ...],
    point_type: str | None,
    meter: str | None,
    totals: bool,
) -> None:
    """Bill a meter file under a plan: JSON line items with exact decimals.

    An index needs its final prices: a CSV with a column of UTC interval starts and one whose
    heading names the unit ($/MWh or $/kWh) at 5, 15, 30 or 60 minutes, or ERCOT's own table.
    Bills wait at the first day without them. Exit status 1 when bills wait or rows were left out.
    """
    from gridplus.cli.records import PriceBook, load_plans, load_reads
    from gridplus.tariff import CourseRater, interval_document, rating_document
    from gridplus.tariff.moment import local_day

    (plan,) = load_plans([plan_path])
    meters, clean = load_reads(reads)
    if meter is None and len(meters) > 1:
        raise InputError(f"{reads} has meters {', '.join(meters)}; name one with --meter")
    name = meter or next(iter(meters))
    if name not in meters:
        raise InputError(f"{reads} has no meter {name}; it has {', '.join(meters)}")
    book, rater, intervals = PriceBook(prices, point_type), CourseRater(plan), []
    for read in meters[name]:
        day = local_day(plan.time_zone, read.interval.start_s)
        for part, rated in rater.take(read, book.version(plan, day)):
            if not totals:
                intervals.append(interval_document(part, rated))
    course = rater.course
    click.echo(
        json.dumps(rating_document(plan, course, intervals=intervals), indent=1, ensure_ascii=False)
    )
    if course.waits is not None:
        why = book.reason(plan, course.waits.day)
        click.echo(f"gridplus: {course.waits.day}: {course.waits.reason.value}{why}", err=True)
    sys.exit(0 if clean and course.waits is None else 1)
