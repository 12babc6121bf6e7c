from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.meter import MeterRead, Quality
from gridplus.meter.blocks import Block, in_blocks
from gridplus.meter.file import Problems
from gridplus.meter.formats import Options, parse_meter_file
from gridplus.units import format_utc, utc_from_s
from tests.meter.files import START_S, rows

TEXAS = ZoneInfo("America/Chicago")
SPRING, AUTUMN = 1_647_151_200, 1_667_710_800
"""Local midnights of 2022-03-13 (23 h) and 2022-11-06 (25 h)."""


def day(start_s: int, hours: int, *, wh: int = 10) -> list[MeterRead]:
    return [MeterRead(start_s + 900 * i, 900, wh + i % 3, i % 2) for i in range(4 * hours)]


def summed(reads: list[MeterRead], block: Block) -> tuple[tuple[MeterRead, ...], Problems]:
    problems = Problems("x")
    return in_blocks(reads, block, zone=TEXAS, problems=problems), problems


def test_a_day_of_change_is_one_block_of_23_or_25_hours() -> None:
    for start_s, hours in [(SPRING, 23), (START_S, 24), (AUTUMN, 25)]:
        (block,), problems = summed(day(start_s, hours), Block.DAY)
        assert (block.start_s, block.length_s) == (start_s, hours * 3_600)
        assert block.import_wh == sum(read.import_wh for read in day(start_s, hours))
        assert problems.count == 0


def test_a_block_that_is_not_covered_whole_is_left_out_and_named() -> None:
    blocks, problems = summed(day(START_S, 2)[:7], Block.HOUR)
    assert len(blocks) == 1
    assert problems.sentences == ["x: 2022-03-01T07:00:00Z+3600s is not covered whole; left out"]
    crossing, problems = summed([MeterRead(START_S, 3_600, 1, 0)], Block.HALF)
    assert (crossing, problems.count) == ((), 1)


def test_a_block_is_as_sure_as_its_least_sure_read() -> None:
    reads = day(START_S, 1)
    reads[1] = MeterRead(START_S + 900, 900, 1, 0, Quality.EDITED, rule="seen")
    reads[2] = MeterRead(START_S + 1_800, 900, 1, 0, Quality.ESTIMATED, rule="LINE", version=3)
    (block,), _ = summed(reads, Block.HOUR)
    assert (block.quality, block.version, block.rule) == (Quality.ESTIMATED, 3, "LINE, seen")


DAYS = st.sampled_from([(SPRING, 23), (START_S, 24), (AUTUMN, 25)])


@settings(max_examples=25, deadline=None)
@given(
    of=DAYS,
    milliwatt_hours=st.lists(st.integers(0, 3_000_000), min_size=100, max_size=100),
)
def test_blocks_of_any_length_of_the_same_data_sum_alike(
    of: tuple[int, int], milliwatt_hours: list[int]
) -> None:
    """I-ME-1"""
    start_s, hours = of
    fine = milliwatt_hours[: 4 * hours]
    totals = set()
    for quarters in (1, 2, 4, 4 * hours):
        groups = [sum(fine[i : i + quarters]) for i in range(0, len(fine), quarters)]
        text = "interval_start_utc,seconds,kwh\n" + "".join(
            f"{format_utc(utc_from_s(start_s + 900 * quarters * i))},{900 * quarters},"
            f"{value / 1e6:.6f}\n"
            for i, value in enumerate(groups)
        )
        found = parse_meter_file([text.encode()], what="x", options=Options(zone="America/Chicago"))
        totals.add(sum(read.import_wh for read in rows(found)))
        for block in Block:
            if block.value >= 900 * quarters:
                total = sum(read.import_wh for read in summed(rows(found), block)[0])
                totals.add(total)
    assert totals == {(sum(fine) + 500) // 1_000}
