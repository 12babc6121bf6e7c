import pytest

from gridplus.failures import InputError
from gridplus.meter import Direction, Source
from gridplus.meter.file import MeterFile
from gridplus.meter.formats import Options, parse_meter_file
from gridplus.meter.formats.p1 import crc16
from gridplus.units import parse_utc_s
from tests.meter.files import rows, telegram

FIRST = telegram("220301120000W", import_kwh="000010.000", export_kwh="000001.000")
SECOND = telegram("220301121505W", import_kwh="000010.250", export_kwh="000001.000")
THIRD = telegram("220301123000W", import_kwh="000010.250", export_kwh="000003.000")


def parse(data: bytes, options: Options | None = None) -> MeterFile:
    return parse_meter_file([data], what="p1.txt", options=options or Options())


def test_quarter_hours_are_the_difference_of_the_registers() -> None:
    found = parse(FIRST + SECOND + THIRD)
    assert (found.format, found.source, found.problems.count) == ("p1", Source.AGENT, 0)
    first, second = rows(found, "K88")
    assert first.start_s == parse_utc_s("2022-03-01T11:00Z")
    assert [(r.import_wh, r.export_wh) for r in (first, second)] == [(250, 0), (0, 2_000)]
    stands = [r.energy_wh for r in found.registers["K88"] if r.direction is Direction.IMPORT]
    assert stands == [110_000, 110_250, 110_250]


def test_telegrams_within_a_quarter_hour_change_nothing_and_a_missing_one_leaves_a_gap() -> None:
    between = telegram("220301120700W", import_kwh="000010.100", export_kwh="000001.000")
    assert rows(parse(FIRST + between + SECOND)) == rows(parse(FIRST + SECOND))
    with pytest.raises(KeyError):
        parse(FIRST + between + THIRD).meters["K88"]


def test_lines_that_lost_their_carriage_returns_still_carry_their_checksum() -> None:
    assert rows(parse((FIRST + SECOND).replace(b"\r", b""))) == rows(parse(FIRST + SECOND))


def test_the_checksum_is_crc_16_arc() -> None:
    assert crc16(b"123456789") == 0xBB3D
    assert crc16(b"123456780") != 0xBB3D


def test_the_repeated_hour_is_told_apart_by_its_season() -> None:
    summer = telegram("221030020000S", import_kwh="000001.000")
    winter = telegram("221030020000W", import_kwh="000002.000")
    stands = parse(summer + winter).registers["K88"]
    assert stands[-1].at_s - stands[0].at_s == 3_600


BROKEN = {
    "a flipped digit": (SECOND.replace(b"10.250", b"10.251"), "the checksum is "),
    "no checksum": (SECOND.replace(SECOND[-7:], b"!\r\n"), "without a checksum"),
    "cut off": (SECOND[:60] + b"\r\n", "another begins in it"),
    "a stray line": (b"hello\r\n", "the line belongs to no telegram"),
    "too long": (b"/ABC5X\r\n" + 600 * b"1\r\n", "a telegram of more than 512 lines"),
    "wrong season": (telegram("220301121500S", import_kwh="000010.250"), "is no time of Europe"),
    "no such month": (telegram("221301121500W", import_kwh="000010.250"), "is not a time"),
    "a register that fell": (
        telegram("220301121500W", import_kwh="000009.000", export_kwh="000001.000"),
        "a register fell: it stood higher at line 1",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_bad_telegram_is_reported_and_the_good_ones_go_on(kind: str) -> None:
    data, reason = BROKEN[kind]
    later = [telegram(f"2203011{time}00W", import_kwh="000011.000") for time in ("300", "315")]
    found = parse(FIRST + data + b"".join(later))
    assert reason in found.problems.sentences[0]
    assert rows(found, "K88")[-1].start_s == parse_utc_s("2022-03-01T12:00Z")


def test_a_file_without_a_good_telegram_is_refused() -> None:
    with pytest.raises(InputError, match=r"no good row; p1\.txt, line 1: the checksum is"):
        parse(FIRST.replace(b"10.000", b"10.001"))
