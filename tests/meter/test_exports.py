import io
import json
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pyarrow import parquet

from gridplus.meter import MeterRead, Quality, Source
from gridplus.meter.blocks import Block, in_blocks
from gridplus.meter.exports import COLUMNS, MeterReads, to_csv, to_espi, to_json_lines
from gridplus.meter.exports.parquet import to_parquet
from gridplus.meter.file import Problems
from gridplus.meter.formats import parse_meter_file
from gridplus.meter.formats.espi_feed import ESPI
from tests.meter.files import START_S, rows

SCHEMA = Path(__file__).parents[3] / "shared/specs/espi-4.0/espi.xsd"
TEXAS = ZoneInfo("America/Chicago")
SPRING_S = 1_647_064_800
"""2022-03-12T06:00Z; the next day has 23 hours."""


def home(days: int = 3, *, export: bool = True) -> list[MeterRead]:
    return [
        MeterRead(SPRING_S + 900 * i, 900, i % 50, i % 7 if export else 0, Quality(i % 3))
        for i in range(96 * days - 4)
    ]


def feed(meters: Sequence[MeterReads]) -> bytes:
    return b"".join(to_espi(meters, zone=TEXAS, made_at_s=1_700_000_000))


def said(reads: Sequence[MeterRead]) -> list[tuple[int, int, int, int, Quality]]:
    return [(r.start_s, r.length_s, r.import_wh, r.export_wh, r.quality) for r in reads]


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    if not SCHEMA.exists():
        pytest.skip("../shared/specs is not there")
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


def complaints(schema: etree.XMLSchema, data: bytes) -> list[str]:
    resources = etree.fromstring(data).iter(f"{{{ESPI}}}*")
    tops = [r for r in resources if etree.QName(r.getparent()).localname == "content"]
    assert len(tops) >= 5
    return [schema.error_log.last_error.message for r in tops if not schema.validate(r)]


@pytest.mark.parametrize("block", Block)
def test_a_feed_is_valid_by_the_schema_of_espi_at_every_length(
    block: Block, schema: etree.XMLSchema
) -> None:
    reads = in_blocks(home(), block, zone=TEXAS, problems=Problems("x"))
    data = feed([("a", reads), ("b", reads)])
    assert complaints(schema, data) == []
    spoilt = data.replace(b"<quality>8</quality>", b"<quality>good</quality>")
    assert complaints(schema, spoilt) != []


@pytest.mark.parametrize("block", Block)
@pytest.mark.parametrize("export", [True, False])
def test_a_feed_is_read_again_as_it_was_written(block: Block, export: bool) -> None:
    reads = in_blocks(home(export=export), block, zone=TEXAS, problems=Problems("x"))
    found = parse_meter_file([feed([("a", reads), ("b", reads[:1])])], what="x")
    assert (found.zone, found.problems.count) == (TEXAS, 0)
    assert said(rows(found, "a")) == said(reads)
    assert said(rows(found, "b")) == said(reads[:1])


READS = st.lists(
    st.builds(
        lambda wh, quality, export: (wh, export, Quality(quality)),
        st.integers(0, 24_000),
        st.integers(0, 2),
        st.integers(0, 24_000),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(values=READS)
def test_csv_and_feed_carry_every_value_back(values: list[tuple[int, int, Quality]]) -> None:
    reads = [
        MeterRead(START_S + 900 * i, 900, wh, export, quality)
        for i, (wh, export, quality) in enumerate(values)
    ]
    for data in (b"".join(to_csv([("a", reads)])), feed([("a", reads)])):
        assert said(rows(parse_meter_file([data], what="x"), "a")) == said(reads)


def test_json_lines_and_parquet_have_the_columns_of_the_csv() -> None:
    read = MeterRead(START_S, 900, 5, 6, Quality.EDITED, Source.AGENT, 3, 1_700_000_000, "seen, µ")
    (line,) = to_json_lines([("a", [read])])
    document = json.loads(line)
    assert list(document) == list(COLUMNS)
    assert document["interval_start_utc"] == "2022-03-01T06:00:00Z"
    assert (document["import_wh"], document["rule"], document["version"]) == (5, "seen, µ", 3)
    table = parquet.read_table(io.BytesIO(to_parquet([("a", [read])])))
    assert table.column_names == list(COLUMNS)
    (row,) = table.to_pylist()
    assert int(row.pop("interval_start_utc").timestamp()) == START_S
    assert int(row.pop("known_at_utc").timestamp()) == 1_700_000_000
    assert row == {key: value for key, value in document.items() if not key.endswith("_utc")}
    text = b"".join(to_csv([("a", [read])])).decode()
    assert text.splitlines()[1].endswith('EDITED,AGENT,3,2023-11-14T22:13:20Z,"seen, µ"')


def test_nothing_to_export_is_an_empty_table() -> None:
    assert parquet.read_table(io.BytesIO(to_parquet([]))).num_rows == 0
    assert b"".join(to_csv([])).decode() == ",".join(COLUMNS) + "\n"


def test_reads_of_several_lengths_are_all_carried_back() -> None:
    quarters = home(3)
    first_day = in_blocks(quarters[:92], Block.HOUR, zone=TEXAS, problems=Problems("x"))
    mixed = (*first_day, *quarters[96:188], *quarters[192:])
    assert {read.length_s for read in mixed} == {900, 3_600}
    found = parse_meter_file([feed([("a", mixed)])], what="x")
    assert said(rows(found)) == said(mixed)
