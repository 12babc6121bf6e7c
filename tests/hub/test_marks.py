"""Marks stand for all bills of a home: held against the bills themselves."""

import itertools

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridplus.hub.marks import NEWEST, Mark, Marks, day_cost, oldest_unpaid, with_mark
from gridplus.units import DAY_S, HOUR_S

QUARTER_S = 900
STEPS = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 1, 2, 9]), st.integers(0, 3), st.integers(0, 2)),
    min_size=1,
    max_size=250,
)


def lived(steps: list[tuple[int, int, int]]) -> tuple[Marks, list[Mark]]:
    """The marks that are kept, and those of all intervals; the last is of none, it is the end."""
    marks, whole, start_s, spent, earned = (), list[Mark](), 1_000_000 * QUARTER_S, 0, 0
    kept: Marks = marks
    for pause, cost, gain in steps:
        start_s += pause * QUARTER_S
        whole.append(Mark(start_s, spent, earned))
        kept = with_mark(kept, whole[-1])
        spent, earned = spent + cost, earned + gain
    return kept, [*whole, Mark(start_s + QUARTER_S, spent, earned)]


@settings(max_examples=60)
@given(STEPS, st.data())
def test_the_oldest_debt_is_known_to_the_hour_and_exactly_among_the_newest(
    steps: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    marks, whole = lived(steps)
    end = whole[-1]
    assert len(marks) <= NEWEST + DAY_S // HOUR_S + 2
    if end.spent == 0:
        return
    paid = data.draw(st.integers(0, end.spent - 1))
    after = itertools.pairwise(whole)
    right = next(mark.start_s for mark, then in after if then.spent > paid)
    found = oldest_unpaid(marks, paid, known_s=None)
    if found is None:
        assert marks[0].start_s > right, "only what lies behind all marks is not known"
        assert oldest_unpaid(marks, paid, known_s=right) == right
        return
    assert right - HOUR_S < found <= right
    if right >= whole[-2].start_s - (NEWEST - 1) * QUARTER_S and paid >= marks[-NEWEST:][0].spent:
        assert found == right


@settings(max_examples=60)
@given(STEPS)
@example([(9, 0, 1), (1, 0, 0), (1, 0, 0), *[(9, 0, 0)] * 3, *[(1, 0, 0)] * 8, *[(9, 1, 0)] * 7])
def test_a_day_costs_what_its_bills_say_or_up_to_an_hour_more(
    steps: list[tuple[int, int, int]],
) -> None:
    marks, whole = lived(steps)
    end = whole[-1]
    found = day_cost(marks, spent=end.spent, earned=end.earned, end_s=end.start_s)
    before = [mark for mark in whole if mark.start_s <= end.start_s - DAY_S] or whole[:1]
    costs = {
        max(0, end.spent - mark.spent - (end.earned - mark.earned))
        for mark in before
        if mark.start_s > before[-1].start_s - HOUR_S
    }
    assert found in costs


def test_a_home_without_bills_has_no_day() -> None:
    assert day_cost((), spent=0, earned=0, end_s=0) == 0
    assert oldest_unpaid((), 0, known_s=None) is None
