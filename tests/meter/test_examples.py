"""The small files in examples/meter are read as docs/meter.md says."""

from pathlib import Path

import pytest

from gridplus.meter import Source
from gridplus.meter.formats import Options, parse_mapping, parse_meter_file
from tests.meter.files import rows

FOLDER = Path(__file__).parents[2] / "examples/meter"
EXPECTED = {
    "smart-meter-texas.csv": ("smt", 3, 455, 1_250),
    "green-button.xml": ("espi", 4, 1_000, 0),
    "p1-telegrams.txt": ("p1", 2, 550, 30),
    "mapped.csv": ("csv", 4, 1_000, 60),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_is_known_by_its_head_and_read_whole(name: str) -> None:
    format_name, count, import_wh, export_wh = EXPECTED[name]
    mapping = None
    if name == "mapped.csv":
        mapping = parse_mapping((FOLDER / "mapping.toml").read_bytes(), what="mapping.toml")
    options = Options(mapping=mapping)
    found = parse_meter_file([(FOLDER / name).read_bytes()], what=name, options=options)
    reads = rows(found)
    assert (found.format, found.problems.count, len(reads)) == (format_name, 0, count)
    assert sum(read.import_wh for read in reads) == import_wh
    assert sum(read.export_wh for read in reads) == export_wh
    assert found.source is (Source.AGENT if format_name == "p1" else Source.TDSP)
