"""Small files of each format, made here, and the way to the real ones."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gridplus.meter import MeterRead
from gridplus.meter.file import MeterFile
from gridplus.meter.formats.p1 import crc16

HOUSEHOLDS = Path(__file__).parents[3] / "shared/data/households"
needs_households = pytest.mark.skipif(
    not HOUSEHOLDS.exists(), reason="../shared/data/households is not there"
)
START_S = 1_646_114_400  # 2022-03-01T06:00Z, midnight in Texas

SMT_HEADER = (
    "ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,"
    "ESTIMATED_ACTUAL,CONSUMPTION_SURPLUSGENERATION\n"
)


def smt_row(
    start: str, end: str, *, kwh: str = ".1", day: str = "03/01/2022", tail: str = ""
) -> str:
    """A row as the portal writes it: an apostrophe, and blanks before some fields."""
    tail = tail or "A,Consumption"
    return f"'10089000000000000,{day},03/02/2022 06:18:33, {start}, {end},{kwh},{tail}\n"


def espi(
    readings: str, *, kind: str = "<uom>72</uom>", rest: str = "", length_s: int = 900
) -> bytes:
    """A feed of one usage point with one block."""
    return f"""<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="/UsagePoint/7"/>
<content><UsagePoint xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="/UsagePoint/7/MeterReading/1"/>
<link rel="related" href="/ReadingType/1"/>
<content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="/ReadingType/1"/><content>
<ReadingType xmlns="http://naesb.org/espi"><intervalLength>{length_s}</intervalLength>{kind}
</ReadingType></content></entry>
{rest}<entry><link rel="up" href="/UsagePoint/7/MeterReading/1/IntervalBlock"/><content>
<IntervalBlock xmlns="http://naesb.org/espi">
{readings}</IntervalBlock></content></entry></feed>""".encode()


def espi_reading(place: int, value: object, *, quality: int | None = None) -> str:
    said = (
        "" if quality is None else f"<ReadingQuality><quality>{quality}</quality></ReadingQuality>"
    )
    start_s = START_S + 900 * place
    period = f"<timePeriod><duration>900</duration><start>{start_s}</start></timePeriod>"
    return f"<IntervalReading>{said}{period}<value>{value}</value></IntervalReading>\n"


def telegram(time: str, *, import_kwh: str, export_kwh: str = "000000.000") -> bytes:
    """A DSMR 5 telegram with two tariffs; `import_kwh` stands in the second."""
    lines = [
        "/ABC5\\2METER",
        "",
        f"0-0:1.0.0({time})",
        "0-0:96.1.1(4B3838)",
        "1-0:1.8.1(000100.000*kWh)",
        f"1-0:1.8.2({import_kwh}*kWh)",
        f"1-0:2.8.1({export_kwh}*kWh)",
        "1-0:2.8.2(000000.000*kWh)",
    ]
    body = ("\r\n".join(lines) + "\r\n!").encode()
    return body + f"{crc16(body):04X}\r\n".encode()


def rows(file: MeterFile, meter: str | None = None) -> list[MeterRead]:
    """The reads of `meter`, or of the only one."""
    if meter is None:
        (meter,) = file.meters
    return list(file.meters[meter].rows(file.source))


def energies(reads: Sequence[MeterRead]) -> list[tuple[int, int, int]]:
    """(quarter hours after START_S, Wh imported, Wh exported)."""
    return [((read.start_s - START_S) // 900, read.import_wh, read.export_wh) for read in reads]
