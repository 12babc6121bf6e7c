"""Meter files on disk: read piece by piece, and told about."""

import gzip
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gridplus.failures import GridPlusError, InputError, StorageError
from gridplus.meter import Source
from gridplus.meter.file import MeterFile
from gridplus.meter.formats import Options, parse_mapping, parse_meter_file
from gridplus.meter.vee import Finding
from gridplus.units import format_utc, utc_from_s

_PIECE = 1 << 20
_SHOW_FROM = 8 << 20
GOOD, SOME_BAD, REFUSED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Given:
    """The options by which every command reads files."""

    format_name: str | None
    zone: str | None
    meter: str | None
    source: str | None
    mapping: Path | None
    device_key: str | None

    def parse(self, path: Path) -> MeterFile:
        """Raises InputError when the file is refused, StorageError when it cannot be read."""
        mapping = None
        if self.mapping is not None:
            mapping = parse_mapping(self.mapping.read_bytes(), what=str(self.mapping))
        options = Options(
            zone=self.zone,
            meter=self.meter,
            source=None if self.source is None else Source[self.source.upper()],
            mapping=mapping,
            device_key=None if self.device_key is None else _public_key(self.device_key),
        )
        return parse_meter_file(
            _pieces(path), what=path.name, format_name=self.format_name, options=options
        )


def parse_all(paths: tuple[Path, ...], given: Given) -> Iterator[tuple[Path, MeterFile | str]]:
    """Each file, or the sentence why it is refused."""
    for path in paths:
        try:
            yield path, given.parse(path)
        except GridPlusError as error:
            yield path, str(error)


def refused(path: Path, sentence: str) -> dict[str, Any]:
    """What there is to say of a file that is refused."""
    return {"file": path.name, "refused": sentence, "status": REFUSED}


def told(file: MeterFile, findings: Mapping[str, tuple[Finding, ...]]) -> dict[str, Any]:
    """What there is to say of a file that is read; `findings` by meter."""
    return {
        "file": file.what,
        "format": file.format,
        "source": file.source.name,
        "zone": file.zone.key,
        "meters": {
            meter: {
                "reads": len(reads),
                "first_utc": format_utc(utc_from_s(int(reads.start_s[0]))),
                "end_utc": format_utc(utc_from_s(int(reads.start_s[-1] + reads.length_s[-1]))),
                "seconds": sorted(set(reads.length_s.tolist())),
                "import_wh": int(reads.import_wh.sum()),
                "export_wh": int(reads.export_wh.sum()),
                "not_actual": int((reads.quality != 0).sum()),
            }
            for meter, reads in file.meters.items()
        },
        "registers": {meter: len(found) for meter, found in file.registers.items()},
        "problem_count": file.problems.count,
        "problems": list(file.problems.sentences),
        "notes": list(file.notes),
        "findings": [f.sentence(meter) for meter, found in findings.items() for f in found],
        "status": SOME_BAD if file.problems.count else GOOD,
    }


def show(report: Mapping[str, Any], *, most: int = 20) -> None:
    """The report for a person; of problems and findings the first `most`."""
    if "refused" in report:
        click.echo(f"REFUSED  {report['refused']}")
        return
    click.echo(
        f"{report['file']}: {report['format']}, {report['source']}, days of {report['zone']}"
    )
    for meter, said in report["meters"].items():
        lengths = ", ".join(f"{seconds // 60} min" for seconds in said["seconds"])
        energy = f"{_kwh(said['import_wh'])} kWh in, {_kwh(said['export_wh'])} kWh out"
        span = f"{said['first_utc']} to {said['end_utc']}"
        click.echo(f"  {meter}: {said['reads']:,} reads of {lengths}, {span}, {energy}")
    if "added" in report:
        added = ", ".join(f"{count:,} {name}" for name, count in report["added"].items())
        click.echo(f"  {added}")
    hidden = report["problem_count"] - min(most, len(report["problems"]))
    lines = [f"BAD  {text}" for text in report["problems"][:most]]
    lines += [f"BAD  and {hidden:,} more (--json names the first thousand)"] if hidden else []
    lines += [f"note {text}" for text in report["notes"]]
    lines += [f"odd  {text}" for text in report["findings"][:most]]
    more = len(report["findings"]) - most
    lines += [f"odd  and {more:,} more"] if more > 0 else []
    for line in lines:
        click.echo(f"  {line}")


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh // 1_000:,}.{energy_wh % 1_000:03}"


def _public_key(text: str) -> bytes:
    try:
        octets = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        octets = b""
    if len(octets) != 64:
        raise InputError("--device-key is 128 hex digits: x and y of a P-256 key")
    return octets


def _pieces(path: Path) -> Iterator[bytes]:
    """The content, unpacked where the name ends in .gz; progress on a terminal for large files."""
    try:
        size = path.stat().st_size
        bar = (
            click.progressbar(length=size, label=path.name, file=sys.stderr)
            if size >= _SHOW_FROM and sys.stderr.isatty()
            else nullcontext()
        )
        with path.open("rb") as raw, bar as shown:
            stream = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            at = 0
            while piece := stream.read(_PIECE):
                yield piece
                if shown is not None:
                    shown.update(raw.tell() - at)
                    at = raw.tell()
    except (OSError, EOFError, zlib.error) as error:
        raise StorageError(f"{path} cannot be read: {error}") from None
