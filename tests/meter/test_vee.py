from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.meter import Direction, MeterRead, Quality, Source
from gridplus.meter.file import Problems, RegisterRead
from gridplus.meter.history import Batch, History
from gridplus.meter.reads import Reads
from gridplus.meter.vee import (
    Check,
    Intake,
    Known,
    Rule,
    compare,
    edit,
    estimate,
    gaps,
    take_in,
    validate,
)
from gridplus.meter.vee.estimation import ESTIMATES_LIMIT
from gridplus.meter.vee.intake import Arrival
from gridplus.meter.vee.validation import FINDINGS_KEPT
from tests.meter.files import START_S

TEXAS = ZoneInfo("America/Chicago")
NOBODY = Reads.of(())
DAY = 96


def reads(
    import_wh: dict[int, int] | list[int],
    *,
    export_wh: int = 0,
    quality: Quality = Quality.ACTUAL,
    revised_s: int = 0,
) -> Reads:
    """By quarter hours after START_S; a list begins at 0."""
    at = import_wh if isinstance(import_wh, dict) else dict(enumerate(import_wh))
    rows = [
        (START_S + 900 * i, 900, wh, export_wh, quality, revised_s, i + 2) for i, wh in at.items()
    ]
    return Reads.of(rows)


def checks(found: Reads) -> list[Check]:
    return [finding.check for finding in validate(found)]


def test_a_gap_is_found_and_an_unbroken_series_has_none() -> None:
    (finding,) = validate(reads({0: 1, 1: 1, 4: 1}))
    assert (finding.check, finding.start_s - START_S, finding.length_s) == (Check.GAP, 1_800, 1_800)
    assert validate(reads([1, 1, 1])) == ()


def test_nothing_for_a_day_is_a_zero_run_and_nothing_for_less_is_none() -> None:
    assert checks(reads([5, *[0] * DAY, 5])) == [Check.ZERO_RUN]
    assert checks(reads([5, *[0] * (DAY - 1), 5])) == []
    assert checks(reads([0] * DAY, export_wh=1)) == []


def test_a_spike_stands_out_of_the_four_weeks_before() -> None:
    calm = [500] * DAY * 8
    assert checks(reads([*calm, 3_000])) == [Check.SPIKE]
    assert checks(reads([*calm, 2_500])) == []  # 10 kW: a car
    assert checks(reads([*[500] * DAY * 3, 3_000])) == []  # too young to judge


def test_registers_that_moved_otherwise_than_the_reads_sum_are_found() -> None:
    stands = [RegisterRead(START_S + 900 * i, Direction.IMPORT, wh) for i, wh in ((0, 50), (4, 92))]
    assert validate(reads([10, 10, 10, 10]), stands) == ()
    (finding,) = validate(reads([10, 10, 10, 15]), stands)
    assert finding.check is Check.REGISTER_MISMATCH
    assert finding.detail == "import: register 42 Wh, reads 45 Wh"
    assert Check.REGISTER_MISMATCH not in [f.check for f in validate(reads({0: 1, 3: 1}), stands)]


def filled(known: Reads, agents: Reads = NOBODY) -> dict[Rule, list[int]]:
    estimates, _ = estimate(gaps(known), Known(known, agents, TEXAS))
    return {rule: found.import_wh.tolist() for rule, found in estimates.items()}


def test_a_short_gap_is_a_straight_line() -> None:
    assert filled(reads({0: 100, 4: 500})) == {Rule.STRAIGHT_LINE: [200, 300, 400]}
    (estimated,) = estimate(gaps(reads({0: 9, 2: 9})), Known(reads({0: 9, 2: 9}), NOBODY, TEXAS))[
        0
    ].values()
    assert estimated.quality.tolist() == [Quality.ESTIMATED]


def test_a_long_gap_is_the_average_of_the_same_weekday_and_local_time() -> None:
    week = 7 * DAY
    known = {i: 100 * (1 + i // week) for i in range(2 * week)} | {3 * week: 7}
    found = filled(reads(known))
    assert found[Rule.SAME_WEEKDAY_AVERAGE][: 6 * DAY] == [150] * 6 * DAY
    assert found.keys() == {Rule.SAME_WEEKDAY_AVERAGE}


def test_a_young_meters_gap_is_the_average_of_the_days_before() -> None:
    known = dict.fromkeys(range(DAY), 100) | dict.fromkeys(range(DAY, 2 * DAY), 200)
    assert set(filled(reads({**known, 3 * DAY: 7}))[Rule.SAME_TIME_AVERAGE]) == {150}


def test_averages_follow_the_local_clock_over_the_change() -> None:
    sunday = 12 * DAY  # 2022-03-13, 23 hours
    known = {i: 1_000 if i % DAY == 32 else 0 for i in range(sunday - DAY)}
    known |= {sunday + DAY: 0}
    found = filled(reads(known))[Rule.SAME_WEEKDAY_AVERAGE]
    eight_s = [START_S + 900 * (sunday - DAY + i) for i, wh in enumerate(found) if wh]
    assert [(s - START_S) % 86_400 // 900 for s in eight_s] == [32, 28]


def test_the_agents_read_is_the_best_estimate() -> None:
    assert filled(reads({0: 100, 3: 400}), reads({1: 77})) == {
        Rule.AGENTS_READ: [77],
        Rule.STRAIGHT_LINE: [300],
    }


def test_what_no_rule_can_fill_is_left_to_a_person() -> None:
    for known in ({0: 1, 15 * DAY: 1}, {0: 1, 10: 1}):
        estimates, left = estimate(gaps(reads(known)), Known(reads(known), NOBODY, TEXAS))
        assert estimates == {}
        assert {finding.check for finding in left} == {Check.NOT_ESTIMATED}


def test_a_meter_full_of_holes_is_estimated_up_to_a_limit_and_told_up_to_another() -> None:
    holes = reads({2 * i: 1 for i in range(ESTIMATES_LIMIT + 2)})
    estimates, left = estimate(gaps(holes), Known(holes, NOBODY, TEXAS))
    assert len(estimates[Rule.STRAIGHT_LINE]) == ESTIMATES_LIMIT
    assert len(left) == 1
    found = validate(holes)
    assert len(found) == FINDINGS_KEPT
    assert found[-1].detail == f"15 min, and {ESTIMATES_LIMIT + 1 - FINDINGS_KEPT} more like it"
    assert found[-2].detail == "15 min"


def test_agent_and_tdsp_agree_within_tolerance_and_dispute_beyond_it() -> None:
    tdsp = reads([1_000] * DAY)
    assert list(compare(reads([1_020] * DAY), tdsp, zone=TEXAS)) == []
    (finding,) = compare(reads([1_021, *[1_000] * (DAY - 1)]), tdsp, zone=TEXAS)
    assert (finding.check, finding.detail) == (
        Check.DISPUTE,
        "1 of 96 intervals, agent's import +21 Wh, export +0 Wh",
    )


def test_an_agent_that_counts_less_all_day_is_tampered_with() -> None:
    tdsp = reads([1_000] * 2 * DAY)
    found = compare(reads([900] * DAY + [1_100] * DAY), tdsp, zone=TEXAS)
    assert [finding.check for finding in found] == [Check.TAMPER, Check.DISPUTE]


def take(history: History, given: Reads, *, source: Source = Source.TDSP) -> tuple[History, Intake]:
    problems = Problems("f")
    intake = take_in(Arrival("f", source, TEXAS, given), history, problems=problems)
    assert problems.count == 0
    return history.after(intake.batches, known_at_s=100 * (1 + len(history.batches))), intake


def values(history: History, as_of_s: int | None = None) -> list[tuple[int, str, int, str]]:
    return [
        (read.import_wh, read.quality.name, read.version, read.rule)
        for read in history.view(as_of_s=as_of_s)
    ]


def test_the_same_file_twice_adds_nothing_and_a_corrected_one_only_what_differs() -> None:
    once, first = take(History(), reads([1, 2, 3]))
    assert (first.new, first.corrected, first.unchanged) == (3, 0, 0)
    twice, second = take(once, reads([1, 2, 3]))
    assert (second.batches, second.unchanged) == ([], 3)
    corrected, third = take(twice, reads([1, 9, 3]))
    assert (third.new, third.corrected, third.unchanged) == (0, 1, 2)
    assert len(third.batches[0].reads) == 1
    assert values(corrected) == [
        (1, "ACTUAL", 1, ""),
        (9, "ACTUAL", 2, ""),
        (3, "ACTUAL", 1, ""),
    ]


def test_an_older_revision_never_replaces_a_newer_one() -> None:
    known, _ = take(History(), reads([5], revised_s=20))
    same, intake = take(known, reads([4], revised_s=10))
    assert (intake.stale, values(same)) == (1, values(known))
    newer, _ = take(known, reads([4], revised_s=30))
    assert values(newer) == [(4, "ACTUAL", 2, "")]


def test_an_estimate_stands_until_the_actual_read_comes_and_both_are_kept() -> None:
    known, first = take(History(), reads({0: 100, 2: 300}))
    assert first.estimated == 1
    assert values(known)[1] == (200, "ESTIMATED", 1, "STRAIGHT_LINE")
    settled, second = take(known, reads({1: 150}))
    assert (second.new, second.estimated) == (1, 0)
    assert values(settled)[1] == (150, "ACTUAL", 2, "")
    assert values(settled, as_of_s=100)[1] == (200, "ESTIMATED", 1, "STRAIGHT_LINE")


def test_an_edit_needs_a_reason_and_stands_until_its_source_says_anew() -> None:
    known, _ = take(History(), reads([1, 2]))
    said = MeterRead(START_S, 900, 50, 0)
    batch = edit(known, said, reason="meter was bypassed", editor="ann")
    edited = known.after([batch], known_at_s=500)
    assert values(edited)[0] == (50, "EDITED", 2, "meter was bypassed")
    again, intake = take(edited, reads([1, 2]))
    assert (intake.batches, values(again)[0][0]) == ([], 50)
    anew, _ = take(edited, reads([7, 2]))
    assert values(anew)[0] == (7, "ACTUAL", 3, "")
    with pytest.raises(InputError, match="needs a reason"):
        edit(known, said, reason="x", editor="ann")
    with pytest.raises(InputError, match="has no read of 900 s there"):
        edit(known, MeterRead(START_S - 900, 900, 1, 0), reason="because", editor="ann")


def test_settlement_quality_stands_before_provisional_and_gaps_show_the_agents_read() -> None:
    own, _ = take(History(), reads([10, 20, 30, 40]), source=Source.AGENT)
    both, _ = take(own, reads({0: 11, 1: 21}))
    assert [(r.import_wh, r.source) for r in both.view()] == [
        (11, Source.TDSP),
        (21, Source.TDSP),
        (30, Source.AGENT),
        (40, Source.AGENT),
    ]


def test_when_the_tdsps_reads_arrive_they_are_compared_with_the_agents_and_filled_from_them() -> (
    None
):
    own, first = take(History(), reads([100] * 8), source=Source.AGENT)
    assert first.findings == ()
    wrong = reads({0: 100, 1: 150, 2: 100, 4: 100, 5: 100, 6: 100, 7: 100})
    both, second = take(own, wrong)
    assert [(f.check, f.start_s - START_S) for f in second.findings] == [
        (Check.GAP, 2_700),
        (Check.DISPUTE, 0),
    ]
    assert values(both)[3] == (100, "ESTIMATED", 1, "AGENTS_READ")
    assert take(own, reads([100] * 8))[1].findings == ()


def test_a_read_that_overlaps_a_known_one_of_another_length_is_left_out_and_named() -> None:
    known, _ = take(History(), reads([1, 2, 3, 4]))
    hour = Reads.of([(START_S, 3_600, 10, 0, 0, 0, 7), (START_S + 3_600, 3_600, 5, 0, 0, 0, 8)])
    problems = Problems("hours.csv")
    intake = take_in(Arrival("hours.csv", Source.TDSP, TEXAS, hour), known, problems=problems)
    assert intake.new == 1
    assert problems.sentences[0].startswith("hours.csv, line 7: overlaps a known read")


IMPORTS = st.lists(
    st.dictionaries(st.integers(0, 11), st.integers(0, 3), min_size=1), min_size=1, max_size=5
)


@settings(max_examples=60, deadline=None)
@given(imports=IMPORTS)
def test_any_order_of_imports_keeps_every_version_and_the_newest_value(
    imports: list[dict[int, int]],
) -> None:
    """I-ME-2, I-ME-3"""
    history, newest = History(), dict[int, int]()
    views = []
    for given_wh in imports:
        history, _ = take(history, reads(dict(sorted(given_wh.items()))))
        newest |= given_wh
        views.append((len(history.batches), history.view()))
        assert take(history, reads(dict(sorted(given_wh.items()))))[1].batches == []
    said = {(r.start_s - START_S) // 900: r.import_wh for r in history.view() if not r.rule}
    assert said == newest
    for count, view in views:
        assert History(history.batches[:count]).view() == view
    assert all(b.start_s == a.end_s for a, b in pairwise(history.view()) if b.rule)


def test_a_batch_survives_its_bytes_and_damage_is_an_error() -> None:
    batch = Batch(Source.AGENT, "µ", "file.csv", reads([1, 2], export_wh=3))
    data = batch.to_bytes()
    again = Batch.parse(data)
    assert (again.source, again.rule, again.origin) == (batch.source, batch.rule, batch.origin)
    columns = zip(again.reads.columns(), batch.reads.columns(), strict=True)
    assert all(np.array_equal(a, b) for a, b in columns)
    for spoilt in (b"", data[:-5], data[:9], data.replace(b'"count": 2', b'"count": 3')):
        with pytest.raises(InputError, match="a batch of reads is damaged"):
            Batch.parse(spoilt)
