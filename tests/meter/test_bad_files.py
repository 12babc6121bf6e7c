"""Hostile and broken files: refused with a place and a reason, or read for what is good in them."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.meter.formats import FILE_LIMIT, FORMATS, NO_OPTIONS, parse_meter_file
from gridplus.meter.formats.espi_feed import DEPTH_LIMIT
from tests.meter.files import SMT_HEADER, espi, espi_reading, smt_row, telegram

GOOD = {
    "smt": (SMT_HEADER + smt_row("00:00", "00:15") + smt_row("00:15", "00:30")).encode(),
    "espi": espi(espi_reading(0, 100) + espi_reading(1, 200, quality=8)),
    "p1": telegram("220301120000W", import_kwh="000010.000")
    + telegram("220301121500W", import_kwh="000010.250"),
    "signed": b'{"channel":"0x' + b"11" * 32 + b'","start_s":1646114400,"length_s":900,'
    b'"import_wh":1,"export_wh":0,"register_import_wh":1,"register_export_wh":0,"signature":"0x'
    + b"22" * 64
    + b'"}\n',
    "csv": b"interval_start_utc,kwh\n2022-03-01T06:00Z,1\n2022-03-01T06:15Z,2\n",
}
BOMB = b"""<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>"""
OUTSIDE = BOMB.replace(b'<!ENTITY a "ha">', b'<!ENTITY a SYSTEM "file:///etc/passwd">')
READING = espi_reading(0, 1).encode()

REFUSED = {
    "an entity bomb": (BOMB, "line 1: a document type is refused"),
    "an outside entity": (OUTSIDE, "line 1: a document type is refused"),
    "an undefined entity": (espi("&b;"), "not XML: undefined entity"),
    "endless nesting": (b"<feed>" + b"<a>" * (DEPTH_LIMIT + 1), "nested more than 32 deep"),
    "an endless link": (GOOD["espi"].replace(b"/ReadingType/1", b"/" * 2_000), "links of 1024"),
    "endless links": (
        b"<feed><entry>" + b"<link rel='up' href='/a'/>" * 70 + b"</entry></feed>",
        "an entry has 64 links",
    ),
    "a feed cut off": (GOOD["espi"][:-40], "not XML"),
    "another document": (b"<html></html>", "the document is <html>, not an Atom feed"),
    "a feed of nothing": (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "has no good row"),
    "another encoding than it says": (GOOD["espi"].replace(b"7/M", b"\xff/M"), "not XML"),
    "an encoding nobody knows": (b'<?xml version="1.0" encoding="ebcdic-9"?><feed/>', "not XML"),
    "a reading without a unit": (
        b"<feed><entry><content><IntervalBlock>" + READING + b"</IntervalBlock></content>"
        b"</entry></feed>",
        "without a ReadingType",
    ),
    "UTF-16 without a mark": (
        "interval_start_utc,kwh\n".encode("utf-16-le"),
        "none of the formats",
    ),
    "a workbook": (b"PK\x03\x04" + b"\x00" * 60, "none of the formats"),
    "a line without end": (b"interval_start_utc,kwh\n" + b"9" * 200_000, "a line of more than"),
    "an unclosed quote": (b'interval_start_utc,kwh\n"2022', "line 2: unexpected end of data"),
    "a JSON bomb": (b"[" * 100_000, "none of the formats"),
    "deep JSON": (b'{"a":' * 2_000, "no good row; f, line 1: the read has 10000 bytes"),
    "nothing": (b" \n", "is empty"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_hostile_file_is_refused_with_the_file_and_the_reason(kind: str) -> None:
    data, reason = REFUSED[kind]
    with pytest.raises(InputError, match=r"^f") as error:
        parse_meter_file([data], what="f")
    assert reason in str(error.value)


@pytest.mark.parametrize("name", FORMATS)
def test_every_good_file_is_known_by_its_head_and_read_in_any_pieces(name: str) -> None:
    data = GOOD[name]
    whole = parse_meter_file([data], what="f")
    assert (whole.format, whole.problems.count) == (name, 0)
    by_octet = parse_meter_file((data[i : i + 1] for i in range(len(data))), what="f")
    assert {m: r.columns()[0].tolist() for m, r in by_octet.meters.items()} == {
        m: r.columns()[0].tolist() for m, r in whole.meters.items()
    }


def test_a_file_beyond_the_limit_is_refused_before_it_fills_the_memory() -> None:
    def endless() -> Iterator[bytes]:
        yield b"<feed>"
        while True:
            yield b" " * (1 << 24)

    with pytest.raises(InputError, match=f"f has more than {FILE_LIMIT >> 20} MiB; split it"):
        parse_meter_file(endless(), what="f")


def test_a_format_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'edi' is no format; there are smt, espi, p1, signed"):
        parse_meter_file([GOOD["csv"]], what="f", format_name="edi")


def test_the_problems_of_a_file_are_counted_and_the_first_thousand_kept() -> None:
    found = parse_meter_file([GOOD["csv"] + b"x,1\n" * 5_000], what="f")
    assert (found.problems.count, len(found.problems.sentences)) == (5_000, 1_000)
    assert found.count == 2


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(GOOD)),
    place=st.floats(0, 1),
    cut=st.integers(0, 12),
    put=st.one_of(
        st.binary(max_size=8),
        st.sampled_from([b"-", b"1e9", b"9" * 30, b"\x00", b"\r", b'"', b"<a>", b"&x;", b"NaN"]),
    ),
    as_name=st.one_of(st.none(), st.sampled_from(sorted(GOOD))),
)
def test_no_bytes_crash_a_parser(
    name: str, place: float, cut: int, put: bytes, as_name: str | None
) -> None:
    """I-ME-4"""
    data = GOOD[name]
    at = int(place * len(data))
    broken = data[:at] + put + data[at + cut :]
    try:
        found = parse_meter_file([broken], what="f", format_name=as_name, options=NO_OPTIONS)
    except InputError:
        return
    assert found.count or found.registers
    assert all(sentence.startswith("f") for sentence in found.problems.sentences)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), name=st.sampled_from(sorted(GOOD)))
def test_no_noise_crashes_a_parser(data: bytes, name: str) -> None:
    """I-ME-4"""
    with pytest.raises(InputError):
        parse_meter_file([data], what="f", format_name=name)
