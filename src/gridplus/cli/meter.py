"""`gridplus meter`."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from gridplus.cli.meter_files import GOOD, REFUSED, SOME_BAD, Given, parse_all, refused, show, told
from gridplus.cli.serving import FILE
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import GridPlusError, InputError
from gridplus.meter import MeterRead, Source
from gridplus.meter.blocks import Block, in_blocks
from gridplus.meter.exports import MeterReads, to_csv, to_espi, to_json_lines
from gridplus.meter.file import MeterFile, Problems
from gridplus.meter.formats import FORMATS
from gridplus.meter.gather import parse_zone
from gridplus.meter.vee import validate
from gridplus.units import parse_utc_s

F = TypeVar("F", bound=Callable[..., Any])
_FORMAT_HELP = "; ".join(f"{found.name}: {found.title}" for found in FORMATS.values())
_SOURCES = click.Choice([source.name.lower() for source in Source])
_BLOCKS = {"15min": Block.QUARTER, "30min": Block.HALF, "hour": Block.HOUR, "day": Block.DAY}
_PATH = click.Path(dir_okay=False, path_type=Path)
_STORE = click.option(
    "--store", required=True, type=_PATH, help="The store, one file; import makes it."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="For machines.")
_CLOCK = click.option(
    "--clock", type=FILE, help="Clock file that says the time; default: the system's."
)
_COUNTS = ("new", "corrected", "unchanged", "stale", "estimated")


@click.group(name="meter")
def command() -> None:
    """Meter files: what they say, kept in every version.

    \b
      gridplus meter check IntervalData.csv
      gridplus meter import IntervalData.csv --store reads.db
      gridplus meter export --store reads.db --to csv --block hour
      gridplus meter export --store reads.db --to csv --as-of 2022-04-01T00:00Z
      gridplus meter export GreenButton.xml --to jsonl

    A file is known by its head, or named with --format; its name may end in .gz. Exit status: 0
    when all is good, 1 when some rows are bad (the good ones count), 2 when a file is refused.
    """


def _reading(function: F) -> F:
    """The options by which files are read."""
    for option in (
        click.option("--device-key", help="Public key (hex) of the Smart Agent that signed."),
        click.option(
            "--mapping", type=FILE, help="TOML file that says which CSV column means what."
        ),
        click.option("--source", type=_SOURCES, help="Who read the meter; default: by the format."),
        click.option("--meter", help="The meter's name where the file names none."),
        click.option("--zone", help="Zone of local times and days, like America/Chicago."),
        click.option(
            "--format", "format_name", type=click.Choice(list(FORMATS)), help=_FORMAT_HELP
        ),
    ):
        function = option(function)
    return function


@command.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@_reading
@_JSON
def check(files: tuple[Path, ...], as_json: bool, **reading: Any) -> None:
    """Read FILEs, say what is in them and what is wrong; keep nothing."""
    reports = []
    for path, found in parse_all(files, Given(**reading)):
        if isinstance(found, str):
            reports.append(refused(path, found))
            continue
        odd = {
            meter: validate(reads, found.registers.get(meter, ()))
            for meter, reads in found.meters.items()
        }
        reports.append(told(found, odd))
    _finish(reports, as_json=as_json)


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@_STORE
@_reading
@_CLOCK
@_JSON
def import_(
    files: tuple[Path, ...], store: Path, clock: Path | None, as_json: bool, **reading: Any
) -> None:
    """Read FILEs, validate them, estimate what is missing, and keep what is new.

    The same file again adds nothing. A corrected file adds versions only where it differs; the
    older ones stay, and `export --as-of` shows what was known at any time.
    """
    from gridplus.retailer.read_store import ReadStore

    reports = []
    with _refusal(), ReadStore.open(store, now_s=_clock(clock).now_s) as kept:
        for path, found in parse_all(files, Given(**reading)):
            if isinstance(found, str):
                reports.append(refused(path, found))
                continue
            taken = kept.take(found)
            odd = {meter: intake.findings for meter, intake in taken.meters.items()}
            added = {name: taken.count(name) for name in _COUNTS}
            reports.append(told(found, odd) | {"added": added})
    _finish(reports, as_json=as_json)


@command.command()
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE...]")
@click.option("--store", type=FILE, help="Take the reads from this store instead of from FILEs.")
@click.option(
    "--to",
    "form",
    default="csv",
    show_default=True,
    type=click.Choice(["csv", "jsonl", "parquet", "espi"]),
)
@click.option("--only", multiple=True, metavar="METER", help="Only this meter. May be repeated.")
@click.option("--as-of", help="What was known at this instant, like 2022-04-01T00:00Z.")
@click.option("--block", type=click.Choice(list(_BLOCKS)), help="Sum to blocks of one length.")
@click.option("--out", type=_PATH, help="File to write; default: standard output.")
@_reading
@_CLOCK
def export(
    files: tuple[Path, ...],
    store: Path | None,
    form: str,
    only: tuple[str, ...],
    as_of: str | None,
    block: str | None,
    out: Path | None,
    clock: Path | None,
    **reading: Any,
) -> None:
    """Write canonical reads of a store or of FILEs: UTC start, seconds, Wh each way, quality.

    Energy is in whole Wh, whatever the block: its sums are equal. `espi` is Green Button XML;
    `parquet` needs the retailer's extra (pip install gridplus[retailer]).
    """
    problems = Problems("export")
    with _refusal():
        if (store is None) == (not files):
            raise InputError("name either FILEs or a --store to export")
        as_of_s = None if as_of is None else parse_utc_s(as_of)
        given = Given(**reading)
        parsed = [given.parse(path) for path in files]
        zone = parse_zone(given.zone or (parsed[0].zone.key if parsed else "America/Chicago"))
        if store is None:
            meters = _of_files(parsed, problems)
        else:
            meters = _of_store(store, as_of_s)
        chosen = [(name, reads) for name, reads in meters if not only or name in only]
        if block is not None:
            sized = _BLOCKS[block]
            chosen = [
                (name, in_blocks(reads, sized, zone=zone, problems=problems))
                for name, reads in chosen
            ]
        if not any(reads for _, reads in chosen):
            raise InputError("there is no read to export")
        _write(out, _formed(form, chosen, zone=zone, now_s=_clock(clock).now_s()))
    for sentence in problems.sentences:
        click.echo(f"gridplus: {sentence}", err=True)
    sys.exit(SOME_BAD if problems.count else GOOD)


@command.command()
@_STORE
@click.option("--meter", required=True, help="The meter's name.")
@click.option("--start", required=True, help="UTC start of the read, like 2022-03-01T06:00Z.")
@click.option("--import-wh", required=True, type=click.IntRange(0), help="Wh from the grid.")
@click.option("--export-wh", default=0, show_default=True, type=click.IntRange(0))
@click.option("--reason", required=True, help="Why; it is kept with the read.")
@click.option("--by", "editor", required=True, help="Who edits; it is kept with the read.")
@_CLOCK
def edit(
    store: Path,
    meter: str,
    start: str,
    import_wh: int,
    export_wh: int,
    reason: str,
    editor: str,
    clock: Path | None,
) -> None:
    """Say what a read should be, with the reason; the versions before it stay."""
    from gridplus.retailer.read_store import ReadStore

    with _refusal():
        start_s = parse_utc_s(start)
        with ReadStore.open(store, now_s=_clock(clock).now_s) as kept:
            old = kept.find(meter, start_s)
            new = MeterRead(start_s, old.length_s, import_wh, export_wh, source=old.source)
            kept.edit(meter, new, reason=reason, editor=editor)
        click.echo(
            f"{meter}, {start}: {old.import_wh} to {import_wh} Wh in, {old.export_wh} to "
            f"{export_wh} Wh out; version {old.version} is kept"
        )


def _of_files(files: Iterable[MeterFile], problems: Problems) -> Iterator[MeterReads]:
    for file in files:
        problems.count += file.problems.count
        problems.sentences += file.problems.sentences
        for meter, reads in file.meters.items():
            yield meter, tuple(reads.rows(file.source))


def _of_store(store: Path, as_of_s: int | None) -> Iterator[MeterReads]:
    from gridplus.retailer.read_store import ReadStore

    with ReadStore.open(store, now_s=SystemClock().now_s) as kept:
        for meter in kept.meters():
            yield meter, kept.view(meter, as_of_s=as_of_s)


def _formed(form: str, meters: list[MeterReads], *, zone: ZoneInfo, now_s: int) -> Iterable[bytes]:
    if form == "espi":
        return to_espi(meters, zone=zone, made_at_s=now_s)
    if form == "jsonl":
        return to_json_lines(meters)
    if form == "csv":
        return to_csv(meters)
    try:
        from gridplus.meter.exports.parquet import to_parquet
    except ImportError:
        raise InputError("Parquet needs pyarrow: pip install gridplus[retailer]") from None
    return (to_parquet(meters),)


def _write(out: Path | None, pieces: Iterable[bytes]) -> None:
    if out is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    with out.open("wb") as file:
        file.writelines(pieces)


def _clock(path: Path | None) -> Clock:
    return SystemClock() if path is None else FileClock(path)


@contextmanager
def _refusal() -> Iterator[None]:
    """What the world does wrong is one sentence, and exit status 2."""
    try:
        yield
    except (GridPlusError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        click.echo(f"gridplus: {error}", err=True)
        sys.exit(REFUSED)


def _finish(reports: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(reports, indent=2, ensure_ascii=False))
    else:
        for report in reports:
            show(report)
    sys.exit(max(report["status"] for report in reports))
