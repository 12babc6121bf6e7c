import gzip
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_bounds, operating_day_intervals
from gridplus.market.formats import (
    PriceSeries,
    corrected,
    parse_ercot_rtm,
    parse_price_corrections,
    parse_price_csv,
    parse_price_file,
)
from gridplus.market.formats.ercot_rtm import COLUMNS
from gridplus.units import format_utc, parse_utc_s, utc_from_s

PRICES = Path(__file__).parents[3] / "shared/data/ercot_prices"
needs_shared = pytest.mark.skipif(
    not PRICES.exists(), reason="../shared/data/ercot_prices is not there"
)
SPRING, AUTUMN, PLAIN = date(2021, 3, 14), date(2021, 11, 7), date(2021, 2, 16)


def table(day: date, *, types: tuple[str, ...] = ("LZ",), extra: str = "") -> bytes:
    """As ERCOT writes it: hours by their end, the repeated hour flagged."""
    rows = []
    for place, interval in enumerate(operating_day_intervals(day)):
        local = interval.start.astimezone(ZoneInfo("America/Chicago"))
        flag = "Y" if local.fold else "N"
        label = f"{day:%m/%d/%Y},{local.hour + 1},{local.minute // 15 + 1},{flag}"
        for at, kind in enumerate(types):
            rows.append(f"{label},LZ_HOUSTON,{kind},{place + at * 0.01:.2f}")
        rows.append(f"{label},HB_HOUSTON,HU,1.00")
    return ("\n".join([",".join(COLUMNS), *rows]) + "\n" + extra).encode()


def parse(data: bytes, *, point_type: str | None = None) -> PriceSeries:
    return parse_ercot_rtm(
        data, what="rtm.csv", settlement_point="LZ_HOUSTON", point_type=point_type
    )


@pytest.mark.parametrize(("day", "count"), [(SPRING, 92), (PLAIN, 96), (AUTUMN, 100)])
def test_every_kind_of_day_is_read_in_order(day: date, count: int) -> None:
    version = parse(table(day)).version(day, known_at_s=operating_day_bounds(day)[1])
    assert version.prices_ubolt_per_mwh == tuple(at * 1_000_000 for at in range(count))
    assert (version.market, version.step_s) == ("RTM", 900)


def test_a_load_zone_with_two_prices_in_an_interval_is_read_only_by_type() -> None:
    both = table(PLAIN, types=("LZ", "LZEW"))
    with pytest.raises(InputError, match=r"2 prices of LZ_HOUSTON .* types LZ, LZEW; name the one"):
        parse(both)
    first = operating_day_intervals(PLAIN)[0].start_s
    assert parse(both, point_type="LZ").prices[first] == 0
    assert parse(both, point_type="LZEW").prices[first] == 10_000
    with pytest.raises(InputError, match="no good row for LZ_HOUSTON"):
        parse(both, point_type="RN")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("03/14/2021,3,1,N,LZ_HOUSTON,LZ,1", "there is no hour '3', interval '1'"),
        ("03/14/2021,2,5,N,LZ_HOUSTON,LZ,1", "interval '5'"),
        ("2021-03-14,2,1,N,LZ_HOUSTON,LZ,1", "is not a date MM/DD/YYYY"),
        ("03/14/2021,2,1,N,LZ_HOUSTON,LZ,much", "is not a decimal number"),
        ("03/14/2021,2,1,N,LZ_HOUSTON,LZ", "6 fields instead of 7"),
        ("03/14/2021,1,1,N,LZ_HOUSTON,LZ,1", "stands on line 2 too; neither is used"),
    ],
)
def test_a_bad_row_is_reported_and_the_good_rows_go_on(row: str, says: str) -> None:
    series = parse(table(SPRING, extra=row + "\n"))
    assert says in series.faults[0]
    assert len(series.prices) == (91 if "neither" in says else 92)


def test_a_price_file_is_known_by_its_head_and_refused_for_another_market() -> None:
    by_head = parse_price_file(
        table(PLAIN), what="rtm.csv", settlement_point="LZ_HOUSTON", market="RTM"
    )
    assert by_head == parse(table(PLAIN))
    with pytest.raises(InputError, match=r"rtm\.csv holds RTM prices; DAM prices are needed"):
        parse_price_file(table(PLAIN), what="rtm.csv", settlement_point="LZ_HOUSTON", market="DAM")
    plain = b"start,price ($/MWh)\n2021-02-16T06:00Z,1\n2021-02-16T07:00Z,2\n"
    own = parse_price_file(plain, what="own.csv", settlement_point="LZ_HOUSTON", market="DAM")
    assert (own.market, own.step_s, len(own.prices)) == ("DAM", 3_600, 2)


HEAD = "interval_start_utc,settlement_point,as_posted,annual_file\n"
ROWS = HEAD + "2021-02-16T06:15Z,HB_X,1.5,2.25\n2021-02-17T06:00Z,HB_X,1,9\n"


def version(day: date = PLAIN) -> PriceVersion:
    rows = "".join(
        f"{format_utc(interval.start)},{at}.5\n"
        for at, interval in enumerate(operating_day_intervals(day))
    )
    series = parse_price_csv(
        ("interval_start_utc,HB_X\n" + rows).encode(), what="rtm.csv", settlement_point="HB_X"
    )
    return series.version(day, known_at_s=operating_day_bounds(day)[1])


def test_a_correction_makes_the_next_version_and_changes_nothing_else() -> None:
    found, faults = parse_price_corrections(ROWS.encode(), what="fix.csv")
    assert (len(found), faults) == (2, ())
    old = version()
    new = corrected(old, found, known_at_s=old.known_at_s + 1, source="fix.csv")
    assert (new.version, new.source) == (2, "fix.csv")
    changed = [
        (at, was, now)
        for at, (was, now) in enumerate(
            zip(old.prices_ubolt_per_mwh, new.prices_ubolt_per_mwh, strict=True)
        )
        if was != now
    ]
    assert changed == [(1, 1_500_000, 2_250_000)]


def test_a_correction_of_what_was_never_posted_is_refused() -> None:
    other = ROWS.replace("1.5,2.25", "1.6,2.25")
    found, _ = parse_price_corrections(other.encode(), what="fix.csv")
    with pytest.raises(InputError, match=r"say 1500000 µBOLT/MWh .* the correction is of 1600000"):
        corrected(version(), found, known_at_s=1, source="fix.csv")
    with pytest.raises(InputError, match="no correction is of HB_X RTM final prices of 2021-03-14"):
        corrected(version(SPRING), found, known_at_s=1, source="fix.csv")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2021-02-16T06:15,HB_X,1,2", "has no time zone"),
        ("2021-02-16T06:30Z,,1,2", "the settlement point is empty"),
        ("2021-02-16T06:30Z,HB_X,1", "3 fields instead of 4"),
        ("2021-02-16T06:15Z,HB_X,1.5,3", "was corrected further up"),
        ("2021-02-16T06:30Z,HB_X,NaN,2", "is not a decimal number"),
    ],
)
def test_a_bad_correction_is_named_and_left_out(row: str, says: str) -> None:
    found, faults = parse_price_corrections((ROWS + row + "\n").encode(), what="fix.csv")
    assert len(found) == 2
    assert faults[0].startswith("fix.csv, line 4: ")
    assert says in faults[0]


@needs_shared
def test_the_216_real_corrections_are_of_20_days_and_fit_what_the_annual_file_says() -> None:
    path = PRICES / "rtm_price_corrections_HB_HUBAVG_2024_2025.csv.gz"
    found, faults = parse_price_corrections(gzip.decompress(path.read_bytes()), what=path.name)
    assert (len(found), faults) == (216, ())
    assert max(abs(c.corrected - c.posted) for c in found) == 1_595_720_000
    annual = PRICES / "rtm_spp_15min_2024.csv.gz"
    series = parse_price_csv(
        gzip.decompress(annual.read_bytes()), what=annual.name, settlement_point="HB_HUBAVG"
    )
    of_2024 = [c for c in found if utc_from_s(c.start_s).year == 2024]
    assert all(series.prices[c.start_s] == c.corrected for c in of_2024)
    assert of_2024[0].start_s == parse_utc_s("2024-01-15T23:15Z")
