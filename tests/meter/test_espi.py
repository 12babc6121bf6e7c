import gzip

import pytest

from gridplus.failures import InputError
from gridplus.meter import Direction, Quality
from gridplus.meter.file import MeterFile
from gridplus.meter.formats import Options, parse_meter_file
from gridplus.meter.formats.local_time import LocalTime, local_time_of, zone_of
from gridplus.meter.gather import parse_zone
from tests.meter.files import (
    HOUSEHOLDS,
    START_S,
    energies,
    espi,
    espi_reading,
    needs_households,
    rows,
)

GOOD = espi_reading(0, 100) + espi_reading(1, 200)
CLOCK = """<entry><content><LocalTimeParameters xmlns="http://naesb.org/espi">
<dstEndRule>B40E2000</dstEndRule><dstOffset>3600</dstOffset><dstStartRule>360E2000</dstStartRule>
<tzOffset>-21600</tzOffset></LocalTimeParameters></content></entry>"""


def parse(data: bytes, options: Options | None = None) -> MeterFile:
    return parse_meter_file([data], what="gb.xml", options=options or Options())


def kind(**values: int) -> str:
    return "<uom>72</uom>" + "".join(f"<{k}>{v}</{k}>" for k, v in values.items())


def test_a_block_is_read_as_the_usage_point_it_belongs_to() -> None:
    found = parse(espi(GOOD, rest=CLOCK))
    assert energies(rows(found, "7")) == [(0, 100, 0), (1, 200, 0)]
    assert (found.format, found.zone.key, found.problems.count) == ("espi", "America/Chicago", 0)
    assert list(parse(espi(GOOD), Options(meter="home")).meters) == ["home"]


@pytest.mark.parametrize(
    ("power", "expected"),
    [(1, [1_000, 1_030]), (0, [100, 103]), (-1, [10, 10]), (-2, [1, 1]), (-3, [0, 0])],
)
def test_values_count_in_their_power_of_ten(power: int, expected: list[int]) -> None:
    readings = espi_reading(0, 100) + espi_reading(1, 103)
    found = parse(espi(readings, kind=kind(powerOfTenMultiplier=power)))
    assert [read.import_wh for read in rows(found)] == expected
    with pytest.raises(InputError, match="power of ten 13 is none"):
        parse(espi(readings, kind=kind(powerOfTenMultiplier=13)))


def test_what_is_below_a_watt_hour_is_carried_within_the_day_and_said() -> None:
    readings = "".join(espi_reading(place, 4) for place in range(10))
    found = parse(espi(readings, kind=kind(powerOfTenMultiplier=-1)))
    assert [read.import_wh for read in rows(found)] == [0, 1, 0, 1, 0, 0, 1, 0, 1, 0]
    assert "10 values of 7 are finer than 1 Wh" in found.notes[-1]


def test_flow_decides_between_import_export_and_net() -> None:
    for flow, expected in {1: (100, 0), 0: (100, 0), 19: (0, 100), 4: (100, 0)}.items():
        (read,) = rows(parse(espi(espi_reading(0, 100), kind=kind(flowDirection=flow))))
        assert (read.import_wh, read.export_wh) == expected
    (net,) = rows(parse(espi(espi_reading(0, -30), kind=kind(flowDirection=4))))
    assert (net.import_wh, net.export_wh) == (0, 30)
    with pytest.raises(InputError, match="energy is negative"):
        parse(espi(espi_reading(0, -30), kind=kind(flowDirection=1)))


ODD = {
    "<uom>61</uom>": "uom 61",
    "<commodity>7</commodity>": "not electricity",
    "<flowDirection>2</flowDirection>": "flow direction (2)",
    "<accumulationBehaviour>12</accumulationBehaviour>": "accumulation (12)",
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_energy_of_a_home_is_passed_over_with_a_note(odd: str) -> None:
    with pytest.raises(InputError, match="no good row"):
        parse(espi(GOOD, kind=odd))
    other = espi(GOOD, kind=odd).replace(b"/MeterReading/1", b"/MeterReading/2")
    entries = other.replace(b"/ReadingType/1", b"/ReadingType/2").partition(b"</entry>")[2]
    both = parse(espi(GOOD).removesuffix(b"</feed>") + entries)
    assert energies(rows(both)) == [(0, 100, 0), (1, 200, 0)]
    assert ODD[odd] in both.notes[-1]


def test_where_series_cover_the_same_time_the_finer_one_counts() -> None:
    day = espi(
        f"<IntervalReading><timePeriod><duration>86400</duration><start>{START_S}</start>"
        "</timePeriod><value>9000</value></IntervalReading>"
        f"<IntervalReading><timePeriod><duration>86400</duration><start>{START_S + 86_400}</start>"
        "</timePeriod><value>7000</value></IntervalReading>",
        length_s=86_400,
    )
    other = day.replace(b"/MeterReading/1", b"/MeterReading/2")
    entries = other.replace(b"/ReadingType/1", b"/ReadingType/2").partition(b"</entry>")[2]
    found = parse(espi(GOOD).removesuffix(b"</feed>") + entries)
    assert energies(rows(found)) == [(0, 100, 0), (1, 200, 0), (96, 7_000, 0)]
    assert "1 readings are passed over: finer ones" in found.notes[-1]


def test_qualities_are_actual_estimated_or_edited() -> None:
    codes = {0: "ACTUAL", 19: "ACTUAL", 8: "ESTIMATED", 10: "ESTIMATED", 7: "EDITED"}
    readings = "".join(espi_reading(i, 1, quality=code) for i, code in enumerate(codes))
    assert [read.quality.name for read in rows(parse(espi(readings)))] == list(codes.values())
    default = rows(parse(espi(GOOD, kind=kind(defaultQuality=8))))
    assert {read.quality for read in default} == {Quality.ESTIMATED}


def test_registers_are_kept_apart_from_intervals() -> None:
    found = parse(espi(GOOD, kind=kind(accumulationBehaviour=1)))
    assert found.meters == {}
    stands = [(r.at_s - START_S, r.direction, r.energy_wh) for r in found.registers["7"]]
    assert stands == [(0, Direction.IMPORT, 100), (900, Direction.IMPORT, 200)]


def test_the_rules_of_the_clocks_are_written_and_read_as_espi_does() -> None:
    rules = {
        "America/New_York": LocalTime(-18_000, 3_600, 0x360E2000, 0xB40E2000),
        "Europe/Berlin": LocalTime(3_600, 3_600, 0x3E0E2000, 0xAE0E3000),
        "America/Phoenix": LocalTime(-25_200),
    }
    for name, rule in rules.items():
        assert local_time_of(parse_zone(name), 2022) == rule
        assert zone_of(rule, 2022) == parse_zone(name)
    assert zone_of(LocalTime(-18_000, 3_600, 0x10000000, 0x20000000), 2022).key == "Etc/GMT+5"
    with pytest.raises(InputError, match="no zone is 60 s ahead"):
        zone_of(LocalTime(60), 2022)


def test_a_zone_that_contradicts_the_feed_is_refused() -> None:
    feed = espi(GOOD, rest=CLOCK)
    assert parse(feed, Options(zone="America/Chicago")).count == 2
    with pytest.raises(InputError, match="a zone -21600 s from UTC; America/New_York is not"):
        parse(feed, Options(zone="America/New_York"))


@needs_households
def test_two_real_feeds_are_read_to_the_watt_hour() -> None:
    folder = HOUSEHOLDS / "greenbutton_espi"
    name = "SDGEElectricIntervalDataFeb12011toJan312012.xml.gz"
    found = parse(
        gzip.decompress((folder / name).read_bytes()), Options(zone="America/Los_Angeles")
    )
    reads = found.meters["meter"]
    assert (len(reads), int(reads.import_wh.sum()), int(reads.import_wh.max())) == (
        8_727,
        5_089_595,
        5_180,
    )
    steps = (reads.start_s[1:] - reads.start_s[:-1]).tolist()
    assert sorted(step for step in steps if step != 3_600) == [7_200, 32_400]
    test_data = parse((folder / "openespi_test_usage_data.xml").read_bytes())
    assert test_data.zone.key == "America/New_York"
    fixture = test_data.meters["5446AF3F"]
    assert (len(fixture), int(fixture.import_wh.sum())) == (1_340, 1_391_666)
    assert found.problems.count == test_data.problems.count == 0
