from datetime import date

import pytest

from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.market.formats import PriceSeries, parse_ercot_dam
from gridplus.units import format_utc

HEADER = "Delivery Date,Hour Ending,Repeated Hour Flag,Settlement Point,Settlement Point Price\n"
SPRING, AUTUMN, PLAIN = date(2021, 3, 14), date(2021, 11, 7), date(2021, 2, 16)


def labels(day: date) -> list[tuple[str, str]]:
    """ERCOT's labels of a day, written down from its rules rather than from a time zone."""
    hours = [(f"{hour:02}:00", "N") for hour in range(1, 25)]
    if day == SPRING:
        hours.remove(("03:00", "N"))
    if day == AUTUMN:
        hours.insert(2, ("02:00", "Y"))
    return hours


def rows(day: date) -> list[str]:
    """Prices 1.25, 2.25, ... in order of time, with another point's rows between them."""
    return [
        f"{day:%m/%d/%Y},{hour},{repeated},{point},{price}.25\n"
        for price, (hour, repeated) in enumerate(labels(day), 1)
        for point in ("HB_HOUSTON", "LZ_HOUSTON")
    ]


def parse(text: str, *, point: str = "LZ_HOUSTON") -> PriceSeries:
    return parse_ercot_dam(text.encode(), what="dam.csv", settlement_point=point)


@pytest.mark.parametrize(("day", "count"), [(SPRING, 23), (PLAIN, 24), (AUTUMN, 25)])
def test_labels_of_every_kind_of_day_become_hours_without_a_gap(day: date, count: int) -> None:
    series = parse(HEADER + "".join(rows(day)))
    assert series.faults == ()
    version = series.version(day, known_at_s=1)
    assert version.prices_ubolt_per_mwh == tuple(
        price * 1_000_000 + 250_000 for price in range(1, count + 1)
    )
    assert (version.settlement_point, version.market, version.source) == (
        "LZ_HOUSTON", "DAM", "dam.csv",
    )  # fmt: skip


BAD_ROWS = {
    "an hour the clocks skip": ("03/14/2021,03:00,N,LZ_HOUSTON,1", "which has 23 hours"),
    "a repetition that is none": ("02/16/2021,02:00,Y,LZ_HOUSTON,1", "no hour ending '02:00'"),
    "a second repetition": ("11/07/2021,03:00,Y,LZ_HOUSTON,1", "which has 25 hours"),
    "hour 25": ("02/16/2021,25:00,N,LZ_HOUSTON,1", "no hour ending '25:00'"),
    "no such day": ("02/30/2021,01:00,N,LZ_HOUSTON,1", "'02/30/2021' is not a date"),
    "not a number": ("02/16/2021,01:00,N,LZ_HOUSTON,NaN", "'NaN' is not a decimal number"),
    "no price": ("02/16/2021,01:00,N,LZ_HOUSTON,", "'' is not a decimal number"),
    "an exponent": ("02/16/2021,01:00,N,LZ_HOUSTON,1e3", "'1e3' is not a decimal number"),
    "seven decimals": ("02/16/2021,01:00,N,LZ_HOUSTON,1.0000001", "finer than 0.000001 $/MWh"),
    "beyond the range": ("02/16/2021,01:00,N,LZ_HOUSTON,20000.01", "beyond ±20,000 $/MWh"),
    "below the range": ("02/16/2021,01:00,N,LZ_HOUSTON,-20000.01", "beyond ±20,000 $/MWh"),
    "a field too few": ("02/16/2021,01:00,N,LZ_HOUSTON", "4 fields instead of 5"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_reported_with_file_line_and_reason(kind: str) -> None:
    row, reason = BAD_ROWS[kind]
    good = rows(date(2021, 2, 17))
    series = parse(HEADER + row + "\n" + "".join(good))
    (fault,) = series.faults
    assert fault.startswith("dam.csv, line 2: ")
    assert reason in fault
    assert len(series.prices) == 24


def test_a_day_with_a_gap_is_refused_as_a_whole_and_the_missing_hours_are_named() -> None:
    day = rows(AUTUMN)
    holed = [row for row in day if ",05:00," not in row and ",02:00,Y," not in row]
    series = parse(HEADER + "".join(holed) + "".join(rows(PLAIN)))
    assert len(series.version(PLAIN, known_at_s=1).prices_ubolt_per_mwh) == 24
    with pytest.raises(InputError) as error:
        series.version(AUTUMN, known_at_s=1)
    assert str(error.value) == (
        "dam.csv: the prices of 2021-11-07 are refused, 2 of 25 are missing: "
        "2021-11-07T07:00:00Z, 2021-11-07T10:00:00Z"
    )


def test_an_hour_that_stands_twice_is_used_neither_time_and_its_day_is_refused() -> None:
    day = rows(PLAIN)
    series = parse(HEADER + "".join(day) + day[1])
    hour = format_utc(operating_day_intervals(PLAIN, length_s=3_600)[0].start)
    assert series.faults == (f"dam.csv, line 50: {hour} stands on line 3 too; neither is used",)
    with pytest.raises(InputError, match=r"1 of 24 are missing.*bad rows: dam.csv, line 50"):
        series.version(PLAIN, known_at_s=1)


def test_a_day_that_the_file_does_not_have_is_refused() -> None:
    series = parse(HEADER + "".join(rows(PLAIN)))
    with pytest.raises(InputError, match=r"24 of 24 are missing: .* and 19 more"):
        series.version(date(2021, 2, 17), known_at_s=1)


NO_TABLE = {
    "empty": ("", "is empty"),
    "another table": ("Day,Price\n", "the columns are Day, Price"),
    "no rows": (HEADER, "no good row for LZ_HOUSTON"),
    "another point": (HEADER + rows(PLAIN)[0], "no good row for LZ_HOUSTON"),
    "an open quotation": (HEADER + '"02/16/2021,01:00\n', "line 2: unexpected end of data"),
}


@pytest.mark.parametrize("kind", NO_TABLE)
def test_a_file_that_is_no_day_ahead_table_is_an_error_that_names_it(kind: str) -> None:
    text, reason = NO_TABLE[kind]
    with pytest.raises(InputError, match=r"^dam\.csv") as error:
        parse(text)
    assert reason in str(error.value)


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(InputError, match=r"dam\.csv is not UTF-8 text: byte 0"):
        parse_ercot_dam(b"\xff\xfe", what="dam.csv", settlement_point="LZ_HOUSTON")
