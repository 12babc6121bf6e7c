from datetime import date, timedelta

import pytest

from gridplus.failures import InputError
from gridplus.tariff import Code, facts_label
from tests.tariff.examples import plan_with, prices_of

PLAN = plan_with()
FIRST = date(2021, 3, 1)
MARCH = [prices_of(FIRST + timedelta(at), lambda _: 25_000_000) for at in range(31)]


def test_a_flat_month_at_one_price_gives_the_price_worked_by_hand() -> None:
    label = facts_label(PLAN, month=FIRST, prices=MARCH)
    for row in label.rows:
        before_tax = row.use_kwh * (25_000 + 15_000 + 34_815 + 555) + 5_470_000
        assert row.total_ubolt == before_tax * 1_021_637 // 1_000_000
        assert sum(amount for _, amount in row.lines_ubolt) == row.total_ubolt
        assert dict(row.lines_ubolt)[Code.EXPORT] == 0
    assert [row.use_kwh for row in label.rows] == [500, 1000, 2000]


def test_use_in_dear_hours_costs_more_than_flat_use() -> None:
    month = [prices_of(p.operating_day, lambda hour: (20 + hour) * 1_000_000) for p in MARCH]
    count = 2972
    evening = [1 if at % 96 >= 72 else 0 for at in range(count)]
    flat, late = (facts_label(PLAN, month=FIRST, prices=month, profile=p) for p in ((), evening))
    assert flat.use_is_flat
    assert not late.use_is_flat
    for one, other in zip(flat.rows, late.rows, strict=True):
        assert one.total_ubolt < other.total_ubolt
    assert flat.rows == facts_label(PLAN, month=FIRST, prices=month, profile=[7] * count).rows


def test_printed_parts_sum_to_the_printed_average() -> None:
    for row in facts_label(PLAN, month=FIRST, prices=MARCH).rows:
        assert sum(row.parts_hundredths.values()) == row.average_hundredths


def test_the_text_names_plan_prices_and_the_age_of_its_facts() -> None:
    text = facts_label(PLAN, month=FIRST, prices=MARCH).text()
    assert "Houston Day-Ahead, capped at 30 ¢ (houston-day-ahead, version 1)" in text
    assert "LZ_HOUSTON day-ahead prices of 2021-03" in text
    assert "delivery as of 2020-03-01; charges and taxes collected 2026-01-31" in text
    assert text.splitlines()[4].split() == ["average,", "¢/kWh", "8.82", "8.26", "7.98"]


def test_the_document_names_the_plan_by_its_digest() -> None:
    document = facts_label(PLAN, month=FIRST, prices=MARCH).document()
    assert document["plan"] == "0x" + PLAN.digest.hex()
    assert document["month"] == "2021-03"
    assert document["rows"][0]["lines_ubolt"][Code.EXPORT] == 0  # type: ignore[index,call-overload]


@pytest.mark.parametrize("days", [[], MARCH[:-1], MARCH[1:], MARCH[::-1], [*MARCH, MARCH[-1]]])
def test_a_month_that_is_not_whole_is_refused(days: list) -> None:  # type: ignore[type-arg]
    with pytest.raises(InputError, match="each day of one month, in order"):
        facts_label(PLAN, month=FIRST, prices=days)


@pytest.mark.parametrize("profile", [[1], [-1] * 2972])
def test_a_profile_of_another_length_or_sign_is_refused(profile: list[int]) -> None:
    with pytest.raises(InputError, match="has 2972 weights"):
        facts_label(PLAN, month=FIRST, prices=MARCH, profile=profile)
