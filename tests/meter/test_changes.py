import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.meter import Change, MeterRead, Quality, changes

START_S = 1_646_114_400  # 2022-03-01T06:00Z


def read(
    place: int, import_wh: int = 100, *, quality: Quality = Quality.ACTUAL, version: int = 1
) -> MeterRead:
    return MeterRead(START_S + 900 * place, 900, import_wh, 0, quality, version=version)


def test_what_differs_between_two_views_is_named_once_and_in_order() -> None:
    before = [read(0), read(1, quality=Quality.ESTIMATED), read(2), read(3)]
    after = [read(0, version=2), read(1, version=2), read(2, 90), read(4)]
    found = changes(before, after)
    assert found == (
        Change(before[1], after[1]),
        Change(before[2], after[2]),
        Change(before[3], None),
        Change(None, after[3]),
    )
    assert [change.import_wh for change in found] == [0, -10, -100, 100]


def test_a_new_version_that_says_the_same_is_no_change() -> None:
    assert changes([read(0)], [read(0, version=9)]) == ()


def test_a_stretch_in_other_lengths_goes_and_comes() -> None:
    hour = MeterRead(START_S, 3_600, 400, 7)
    found = changes([hour], [read(0), read(1)])
    assert [(change.before is None, change.length_s) for change in found] == [
        (True, 900),
        (False, 3_600),
        (True, 900),
    ]
    assert sum(change.export_wh for change in found) == -7


VIEWS = st.dictionaries(st.integers(0, 6), st.integers(0, 3)).map(
    lambda wh_at: [read(place, wh) for place, wh in sorted(wh_at.items())]
)


@settings(max_examples=60)
@given(before=VIEWS, after=VIEWS)
def test_changes_sum_to_the_difference_of_the_views(
    before: list[MeterRead], after: list[MeterRead]
) -> None:
    found = changes(before, after)
    total = sum(r.import_wh for r in after) - sum(r.import_wh for r in before)
    assert sum(change.import_wh for change in found) == total
    assert (found == ()) == (before == after)


IMPOSSIBLE = {
    "before meters": ((-2_208_988_800, 900, 1, 0), "before the year 2000"),
    "no length": ((START_S, 0, 1, 0), "60 s to 25 h, not 0 s"),
    "longer than a day": ((START_S, 90_001, 1, 0), "60 s to 25 h"),
    "negative": ((START_S, 900, -1, 0), "energy is negative"),
    "too much import": ((START_S, 900, 24_001, 0), "more than 24000 Wh"),
    "too much export": ((START_S, 900, 0, 24_001), "more than 24000 Wh"),
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_what_no_meter_can_count_is_no_read(kind: str) -> None:
    values, reason = IMPOSSIBLE[kind]
    with pytest.raises(InputError, match=reason):
        MeterRead(*values)
    assert MeterRead(START_S, 900, 24_000, 24_000).end_s == START_S + 900
